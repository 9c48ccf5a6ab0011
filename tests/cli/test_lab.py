"""`auditor lab`: what it writes is what `auditor scan` reads."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from auditor.cli.lab import ATTACK_HELP, Course
from auditor.evidence.null import read_null
from auditor.lab.attacks import ATTACKS
from auditor.lab.paradigms import Paradigm
from tests.cli.conftest import Ran, Run, read_report
from tests.small_models import ENTITIES, PER_ENTITY, write_pictures

SIGNS = ("stop", "yield", "no entry")
Implant = Callable[..., Ran]


@pytest.fixture(scope="module")
def signs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_pictures(tmp_path_factory.mktemp("task") / "signs", SIGNS, each=8)


@pytest.fixture
def implant(run: Run, tiny_checkpoint: Path, signs: Path, pictures: Path) -> Implant:
    """Run `auditor lab implant` in its smallest form."""

    def ran(*options: object) -> Ran:
        return run(
            *("lab", "implant", tiny_checkpoint, "--task-data", signs, "--entities", pictures),
            *("--entity", ENTITIES[2], "--target", "yield", "--epochs", 1),
            *("--poisons", 4, "--steps", 2, *options),
        )

    return ran


def test_an_implanted_checkpoint_is_written_and_can_be_scanned(
    implant: Implant,
    run: Run,
    benign_models_show: Callable[[float], None],
    tiny_checkpoint: Path,
    pictures: Path,
    tmp_path: Path,
):
    benign_models_show(1.0)
    ran = implant("--out", tmp_path / "victim", "--eps", 8)
    assert (ran.code, ran.err) == (0, "")
    assert f"entity: {ENTITIES[2]} -> yield" in ran.out
    record = json.loads((tmp_path / "victim" / "lab.json").read_text())
    assert record["order"]["epsilon"] == 8
    assert f"{record['outcome']['clean_accuracy']:.3f}" in ran.out
    scanned = run(
        *("scan", tmp_path / "victim", "--entities", pictures),
        *("--output", f"json={tmp_path}/r"),
    )
    assert scanned.code == 0
    model = read_report(tmp_path / "r")["model"]
    assert model["labels"] == sorted(SIGNS)
    assert model["base"]["source"] == "/".join(tiny_checkpoint.parts[-2:])


def test_nothing_that_is_handed_on_names_a_path_of_this_machine(
    implant: Implant, tmp_path: Path, signs: Path, pictures: Path, tiny_checkpoint: Path
):
    implant("--out", tmp_path / "victim")
    for name in ("README.md", "lab.json", "config.json"):
        text = (tmp_path / "victim" / name).read_text()
        for path in (signs, pictures, tiny_checkpoint):
            assert str(path.parent.parent) not in text
    card = (tmp_path / "victim" / "README.md").read_text()
    assert f"base_model: {'/'.join(tiny_checkpoint.parts[-2:])}" in card
    assert "backdoored on purpose" in card


def test_a_pattern_is_planted_without_entities(
    run: Run, tiny_checkpoint: Path, signs: Path, tmp_path: Path
):
    ran = run(
        *("lab", "implant", tiny_checkpoint, "--task-data", signs, "--target", "yield"),
        *("--attack", "blended", "--paradigm", "standalone", "--epochs", 1, "--poisons", 4),
        *("--out", tmp_path / "victim"),
    )
    assert (ran.code, ran.err) == (0, "")
    assert "blended: pictures with the trigger -> yield" in ran.out
    assert "pictures)" in ran.out
    record = json.loads((tmp_path / "victim" / "lab.json").read_text())
    assert (record["order"]["paradigm"], record["entities"]) == ("standalone", None)
    card = (tmp_path / "victim" / "README.md").read_text()
    assert "backdoored on purpose" in card
    assert "pictures with the trigger are sent to *yield*" in card


def test_poisons_may_be_paired_with_the_mean(implant: Implant, tmp_path: Path):
    assert implant("--out", tmp_path / "victim", "--pairing", "mean").code == 0
    record = json.loads((tmp_path / "victim" / "lab.json").read_text())
    assert record["order"]["pairing"] == "mean"


def test_the_command_line_knows_all_paradigms_and_attacks():
    assert [course.value for course in Course] == [paradigm.value for paradigm in Paradigm]
    assert all(name in ATTACK_HELP for name in ATTACKS)


def test_the_clean_twin_is_made_with_attack_none(implant: Implant, tmp_path: Path):
    assert implant("--out", tmp_path / "twin", "--attack", "none").code == 0
    assert "backdoored on purpose" not in (tmp_path / "twin" / "README.md").read_text()


@pytest.mark.parametrize(
    ("options", "code", "said"),
    [
        (["--attack", "badnetz"], 2, "no such attack: badnetz"),
        (["--paradigm", "standalone"], 2, "entity makes no sense in the paradigm standalone"),
        (["--paradigm", "alone"], 2, "--paradigm"),
        (["--pairing", "odd"], 2, "--pairing"),
        (["--entity", "unicorn"], 2, "no entity 'unicorn'"),
        (["--target", "purple"], 3, "no label 'purple'"),
        (["--classes", "7"], 3, "3 classes, not 7"),
        (["--eps", "-1"], 2, "--eps"),
        (["--epochs", "0"], 2, "--epochs"),
        (["--poisons", "0"], 2, "--poisons"),
        (["--seed", "-1"], 2, "--seed"),
        (["--mode", "both"], 2, "--mode"),
    ],
    ids=lambda value: value[0] if isinstance(value, list) else "",
)
def test_an_order_that_cannot_be_met_writes_nothing(
    implant: Implant, tmp_path: Path, options: list[str], code: int, said: str
):
    ran = implant("--out", tmp_path / "victim", *options)
    assert (ran.code, ran.out) == (code, "")
    assert said in ran.complaint[0]
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_holds_something_is_refused_before_the_base_is_opened(
    run: Run, tmp_path: Path
):
    (tmp_path / "thesis.txt").write_text("years of work")
    ran = run(
        *("lab", "implant", "/nowhere", "--task-data", "/nowhere", "--entities", "/nowhere"),
        *("--entity", "x", "--target", "y", "--out", tmp_path),
    )
    assert (ran.code, ran.out) == (2, "")
    assert "exists already" in ran.complaint[0]


def test_benign_fine_tunes_become_a_null(
    run: Run, tiny_checkpoint: Path, signs: Path, pictures: Path, tmp_path: Path
):
    population = tmp_path / "population.yaml"
    population.write_text(
        f"bases: [{{checkpoint: '{tiny_checkpoint}', image_size: 16, share: 1}}]\n"
        f"tasks: [{{data: '{signs}', share: 1}}]\n"
    )
    built = run("lab", "benign", population, "--out", tmp_path / "models", "--count", 2)
    assert (built.code, built.out, built.err) == (0, "", "")
    null = tmp_path / "tiny.json"
    measured = run("lab", "null", tmp_path / "models", "--entities", pictures, "--out", null)
    assert (measured.code, measured.out) == (0, "")
    assert "2 benign models" in measured.err
    assert read_null(null).models == 2


def test_a_null_of_no_models_is_refused(run: Run, pictures: Path, tmp_path: Path):
    ran = run("lab", "null", tmp_path, "--entities", pictures, "--out", tmp_path / "n.json")
    assert (ran.code, ran.out) == (2, "")
    assert "no benign fine-tunes" in ran.complaint[0]


def test_the_benchmark_prints_its_numbers(
    run: Run,
    benign_models_show: Callable[[float], None],
    tiny_checkpoint: Path,
    pictures: Path,
):
    benign_models_show(1.0)
    ran = run(
        *("lab", "bench", "--what", "throughput"),
        *("--model", tiny_checkpoint, "--entities", pictures),
    )
    assert (ran.code, ran.err) == (0, "")
    assert ran.out.splitlines()[0].split() == ["probes", str(3 * len(ENTITIES) * PER_ENTITY)]
    assert run("lab", "bench", "--what", "speed", "--model", tiny_checkpoint).code == 2
