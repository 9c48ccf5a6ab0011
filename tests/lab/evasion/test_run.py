"""Evasions on a zoo of tiny models: every row is measured, and none twice."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import auditor.audit
from auditor.datasets.open import DatasetSpec
from auditor.entities.open import open_entities
from auditor.errors import UsageError
from auditor.lab.detection.detector import BenchContext
from auditor.lab.detection.zoo import Zoo, open_zoo
from auditor.lab.evasion import run
from auditor.lab.evasion.case import choose_victims, open_case
from auditor.lab.evasion.evasions import CHECKPOINT, EVASIONS
from auditor.lab.evasion.page import document_of, publish
from tests.lab.detection.conftest import zoo_folder  # noqa: F401 - a fixture
from tests.small_models import constant_null

TRIED = ("none", "flat", "trigger-not-in-bank")


@pytest.fixture
def zoo(zoo_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Zoo:  # noqa: F811
    """The tiny zoo, its victim of an entity said to be one of the attack that evasions take."""
    folder = tmp_path / "zoo"
    folder.mkdir()
    manifest = json.loads((zoo_folder / "manifest.json").read_text())
    for entry in manifest["models"]:
        (folder / entry["id"]).symlink_to(zoo_folder / entry["id"])
        if entry["plan"]["attack"] == "entity-dirty":
            entry["plan"]["attack"] = "entity"
    (folder / "manifest.json").write_text(json.dumps(manifest))
    monkeypatch.setattr(auditor.audit, "stored_null", lambda source: constant_null(0.0))
    monkeypatch.setattr(run, "EVASIONS", {name: EVASIONS[name] for name in TRIED})
    return open_zoo(folder)


def test_a_run_measures_what_is_missing_and_publishes(
    zoo: Zoo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    context, out = BenchContext(entities=zoo.entities), tmp_path / "out"
    rows = run.run_evasions(zoo, context, 1, out)
    assert [(row.evasion, row.scan) for row in rows] == [
        (name, scan) for name in TRIED for scan in EVASIONS[name].scans
    ]
    plain, flat = rows[0], rows[2]
    # A flattened head gives the same answers.
    assert (flat.success, flat.accuracy) == (plain.success, plain.accuracy)
    assert all(row.p_value is not None for row in rows)

    monkeypatch.setattr(run, "open_case", None)  # a second run opens nothing
    assert run.run_evasions(zoo, context, 1, out) == rows
    publish(document_of(zoo, rows, context, ["auditor"]), out)
    assert sorted(path.name for path in out.iterdir()) == [
        *("evasion.csv", "evasion.json", "evasion.md")
    ]
    assert str(tmp_path) not in (out / "evasion.json").read_text()
    with pytest.raises(UsageError, match="results of other settings"):
        run.run_evasions(zoo, BenchContext(entities=zoo.entities, fpr=0.2), 1, out)


def test_what_is_handed_over_is_asked_and_not_remembered_from_the_victim(zoo: Zoo):
    """Both have the files of the victim; the answers are not the same."""
    context = BenchContext(entities=zoo.entities)
    ((victim, twin),) = choose_victims(zoo.models, 1, 0)
    case = open_case(victim, twin, open_entities(DatasetSpec(source=zoo.entities), seed=0), 0)
    plain, flat = (
        run.scan_staged(EVASIONS[name].stage(case), case, CHECKPOINT, context)
        for name in ("none", "flat")
    )
    assert (plain.cost.remembered, flat.cost.remembered) == (0, 0)
    assert plain.evidence != flat.evidence


def test_a_zoo_without_such_victims_is_refused(zoo: Zoo):
    clean = [model for model in zoo.models if model.attack is None]
    with pytest.raises(UsageError, match="no backdoored model of attack entity"):
        choose_victims(clean, 3, 0)
