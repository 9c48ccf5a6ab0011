"""`auditor entities` and scans with instances that are made, as a user meets them."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from auditor.types import InstanceSource
from tests.cli.conftest import Run, read_report
from tests.made_bases import write_colour_base
from tests.made_datasets import write_folder
from tests.small_models import write_tiny


@pytest.fixture(scope="module")
def base(tmp_path_factory) -> Path:
    return write_colour_base(tmp_path_factory.mktemp("base") / "tiny")


@pytest.fixture(autouse=True)
def _own_cache(monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


def test_a_bank_is_built_shown_and_listed(run: Run, base: Path, tmp_path: Path):
    out = tmp_path / "bank"
    options = ("--labels", 12, "--instances", 2, "--device", "cpu")
    ran = run("entities", "build", "--from", f"base:{base}", "--out", out, *options)
    assert ran.code == 0, ran.err
    assert [line.split()[-1] for line in ran.out.splitlines()] == ["12", "24", str(out)]
    assert len(list(out.glob("*/*.png"))) == 24
    assert json.loads((out / "bank.json").read_text())["instance_source"] == "synthesised"
    ran = run("entities", "show", out)
    assert (ran.code, ran.err) == (0, "")
    assert "kind       synthesised" in ran.out
    assert "power with synthesised instances: " in ran.out
    ran = run("entities", "list", out)
    assert len(ran.out.splitlines()) == 12
    assert ran.out.splitlines()[0].split()[:2] == ["thing-a", "2"]


def test_a_scan_with_the_base_says_where_its_pictures_came_from(
    run: Run,
    base: Path,
    tiny_checkpoint: Path,
    benign_models_show: Callable[[float], None],
    tmp_path: Path,
):
    benign_models_show(1.0)
    out = tmp_path / "report.json"
    options = ("--entities", "base", "--base", base, "--depth", "quick", "--device", "cpu")
    ran = run("scan", tiny_checkpoint, *options, "--output", f"json={out}")
    assert ran.code == 0
    report = read_report(out)
    assert len(report["entities"]) == 14
    said = " ".join(report["notices"])
    assert f"entities: base:{base} (14 of its 14 labels; it names" in said
    assert "power with synthesised instances: " in said


def test_pictures_that_no_benign_model_was_measured_with_give_no_verdict(
    run: Run, base: Path, tiny_checkpoint: Path, tmp_path: Path, monkeypatch
):
    import auditor.audit

    monkeypatch.setattr(auditor.audit, "stored_null", lambda source: None)
    out = tmp_path / "report.json"
    options = ("--entities", f"base:{base}", "--depth", "quick", "--device", "cpu")
    ran = run("scan", tiny_checkpoint, *options, "--output", f"json={out}")
    assert ran.code == 3
    assert read_report(out)["verdict"] == "not-audited"


def test_the_kind_of_a_kept_bank_chooses_the_null(
    run: Run, tiny_checkpoint: Path, tmp_path: Path, monkeypatch
):
    import auditor.audit

    asked = []
    monkeypatch.setattr(auditor.audit, "stored_null", lambda source: asked.append(source))
    folder = write_folder(tmp_path / "kept", {f"thing {i}": 3 for i in range(12)})
    (folder / "bank.json").write_text('{"instance_source": "synthesised"}')
    run("scan", tiny_checkpoint, "--entities", folder, "--depth", "quick")
    assert set(asked) == {InstanceSource.SYNTHESISED}


@pytest.mark.parametrize(
    ("labels", "said"),
    [
        (tuple(f"LABEL_{i}" for i in range(14)), "has no names for its labels"),
        (("cat", "dog"), "too few for any verdict"),
    ],
)
def test_a_base_that_cannot_be_used_gives_no_verdict(
    run: Run, tiny_checkpoint: Path, tmp_path: Path, labels: tuple[str, ...], said: str
):
    bad = write_tiny(tmp_path / "bad", labels=labels)
    ran = run("scan", tiny_checkpoint, "--entities", "base", "--base", bad)
    assert ran.code == 3
    assert said in ran.err
    assert "hint: " in ran.err


def test_too_small_a_budget_is_not_audited_and_says_what_would_do(
    run: Run, base: Path, tiny_checkpoint: Path, tmp_path: Path
):
    file = tmp_path / "few.toml"
    file.write_text("[base]\nlabels = 4\n")
    ran = run("scan", tiny_checkpoint, "--entities", file, "--base", base)
    assert ran.code == 3
    assert "error: the budget allows 4 labels to synthesise, too few for any verdict" in ran.err
    assert "hint: Allow at least 12 labels" in ran.err


def test_a_diffusion_model_that_cannot_be_reached_is_not_audited(
    run: Run, base: Path, tiny_checkpoint: Path
):
    options = ("--entities", "diffusion:org/gone", "--base", base, "--offline")
    ran = run("scan", tiny_checkpoint, *options)
    assert ran.code == 3
    assert "the diffusion model org/gone cannot be used" in ran.err


def test_labels_are_a_budget_of_a_base_only(run: Run, tmp_path: Path):
    ran = run("entities", "build", "--from", "rendered", "--out", tmp_path / "x", "--labels", 12)
    assert (ran.code, ran.out) == (2, "")
    assert "--labels is for --from base:MODEL" in ran.complaint[0]


def test_an_existing_folder_is_refused_before_anything_is_made(run: Run, tmp_path: Path):
    (tmp_path / "file").write_text("mine")
    ran = run("entities", "build", "--from", "base:org/gone", "--out", tmp_path)
    assert (ran.code, ran.out) == (2, "")
    assert "exists already" in ran.complaint[0]
