from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from auditor.entities.bank import EntityBank
from auditor.errors import UsageError
from auditor.evidence.gather import gather
from auditor.evidence.perturbed import Perturbed
from auditor.lab.ablation import (
    MATERIALS,
    PRESENT,
    SEARCHES,
    document_of,
    given,
    measure_ablation,
    searched,
)
from auditor.lab.ablation_page import PAGE, RESULT, publish
from auditor.lab.detection.zoo import Zoo
from auditor.lab.kept_tables import write_tables
from auditor.lab.manifest import Truth, ZooModel
from auditor.probes.reach import Search
from auditor.references.build import Reference
from auditor.types import InstanceSource
from tests.perturbed import null_with_perturbed, perturbed_table
from tests.tables import BANK, CLASSES, CLEAN, LABELS, null

EACH = 3  # models that are clean, that show in collisions, that show on the ladder
EVERYTHING = "base, clean data"


def never(_entity, _instance):
    raise AssertionError("answers that are kept are asked for again")


@pytest.fixture(scope="module")
def zoo(tmp_path_factory) -> tuple[Zoo, Path]:
    """Models whose answers are kept: what was planted shows in one kind of perturbed probe."""
    room = tmp_path_factory.mktemp("zoo")
    models = []
    for number, only in enumerate([None] * EACH + [p for p in Perturbed for _ in range(EACH)]):
        model = _model(room, number, Truth.CLEAN if only is None else Truth.BACKDOORED)
        target = None if only is None else 7
        of = perturbed_table(number + 1, target=target, planted=range(25), only=only)
        reach = {search: np.ones((3, CLASSES)) for search in Search}
        kept = room / "tables" / f"{room.name}-{model.id}.npz"
        write_tables(kept, dict.fromkeys((10, 40), replace(of, reach=reach)))
        models.append(model)
    return Zoo(name="made", entities="x", digest="0", models=tuple(models), weights={}), room


def _model(room: Path, number: int, truth: Truth) -> ZooModel:
    folder = room / f"model-{number:02}"
    folder.mkdir()
    (folder / "config.json").write_text('{"architectures": ["MadeForImageClassification"]}')
    (folder / "lab.json").write_text("{}")
    return ZooModel(
        id=folder.name,
        folder=folder,
        truth=truth,
        kind="reference",
        attack=None,
        entity=None,
        target=None,
        base="base",
        image_size=16,
        task="task",
        setting="signs",
        classes=(0, 1),
        clean_accuracy=0.9,
        attack_success=None,
        null_rates=(),
    )


def bank() -> EntityBank:
    return EntityBank(
        source="made",
        instance_source=InstanceSource.PHOTOGRAPH,
        entities=BANK,
        counts=(8,) * len(BANK),
        draw=never,
    )


def both_sizes():
    """The synthetic null for 10 and for 40 clean images a class."""
    made = null_with_perturbed()
    more = {name.replace("@10", "@40"): values for name, values in made.statistics.items()}
    return replace(made, statistics={**made.statistics, **more})


@pytest.fixture(scope="module")
def document(zoo: tuple[Zoo, Path]):
    of, room = zoo
    results = measure_ablation(of, of.models, bank(), both_sizes(), room / "tables")
    return document_of(of, of.models, results, both_sizes(), fpr=0.01, seed=0, command="x")


def test_each_kind_finds_what_shows_in_it_and_both_find_all(document):
    found = document["materials"][EVERYTHING]
    called = {search: figures["all"]["called"]["value"] for search, figures in found.items()}
    assert called[PRESENT] < 0.2
    for search in ("the ladder alone", "collisions alone"):  # its half, and one by chance at most
        assert 0.5 <= called[search] <= 0.5 + 1 / (2 * EACH)
    assert called["and both"] == 1.0
    assert found["and both"]["all"]["auroc"]["value"] == 1.0
    assert found["and both"]["all"]["gain"]["low"] > 0
    assert found[PRESENT]["all"]["gain"]["value"] == 0
    assert found["and both"]["weakest_third"]["victims"] == 2 * EACH // 3


def test_what_a_material_does_not_allow_is_not_searched(document):
    assert "collisions alone" not in document["materials"]["nothing"]
    assert "collisions alone" not in document["materials"]["base"]
    assert set(document["materials"][EVERYTHING]) == set(SEARCHES)


def test_references_and_collisions_are_given_with_the_material():
    whole = perturbed_table(1)
    assert not given(whole, MATERIALS["nothing"]).references
    driven = replace(whole, reach={search: np.ones((3, CLASSES)) for search in Search})
    assert not given(driven, MATERIALS[EVERYTHING]).reach  # nobody gave --patterns
    base = given(whole, MATERIALS["base"])
    assert set(base.references) == {Reference.DRIFT}
    assert set(base.perturbed) == {Perturbed.LADDER}
    assert set(given(whole, MATERIALS[EVERYTHING]).perturbed) == set(Perturbed)


def test_page_and_document_are_written(document, tmp_path: Path):
    publish(document, tmp_path / "out")
    assert json.loads((tmp_path / "out" / RESULT).read_text()) == document
    page = (tmp_path / "out" / PAGE).read_text()
    assert all(f"## Given: {material}" in page for material in MATERIALS)
    assert page.count("| collisions alone |") == 1


def test_a_search_says_what_a_scan_says_of_the_same_answers():
    of, null_of_all = perturbed_table(3, target=2, planted=range(10)), null_with_perturbed()
    scan = gather(
        of,
        null_of_all,
        entities=BANK,
        labels=LABELS,
        rng=np.random.default_rng(0),
        clean_per_class=CLEAN,
        architecture="Made",
    )
    found = searched(of, null_of_all, CLEAN, "Made")
    assert (found.score, found.p_value) == (scan.model_statistic, scan.model_p_value)


def test_a_null_that_knows_nothing_of_perturbed_probes_is_refused(zoo, tmp_path: Path):
    of, _ = zoo
    with pytest.raises(UsageError, match="ladder-contrast"):
        measure_ablation(of, of.models, bank(), null(), tmp_path)
