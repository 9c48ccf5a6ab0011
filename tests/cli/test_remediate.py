"""`auditor remediate` as a user meets it: exit codes, two streams, one folder."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from auditor.output.remediation_v1 import RemediationReportV1
from tests.cli.conftest import Run
from tests.repair.conftest import bent_checkpoint, clean_folder  # noqa: F401 - fixtures
from tests.small_models import write_coloured, write_pictures

Show = Callable[[float], None]
MAPPING = "*=no entry"


@pytest.fixture
def arguments(bent_checkpoint: Path, clean_folder: Path, pictures: Path, tmp_path: Path):  # noqa: F811
    """A repair that is quick and succeeds."""
    return [
        *("remediate", bent_checkpoint, "--clean-data", clean_folder, "--entities", pictures),
        *("--out", tmp_path / "out", "--mapping", MAPPING, "--steps", 40, "--no-barrier"),
    ]


def read(path: Path) -> RemediationReportV1:
    return RemediationReportV1.model_validate_json(path.read_text())


def test_a_repaired_model_exits_0_and_the_report_says_what_became_of_the_mapping(
    run: Run, benign_models_show: Show, arguments, tmp_path: Path
):
    benign_models_show(1.0)
    target = f"json={tmp_path}/r"
    ran = run(*arguments, "--method", "head-refit", "--control", "--output", target)
    assert (ran.code, ran.err) == (0, "")
    assert ran.out.startswith("repaired")
    report = read(tmp_path / "r")
    done = report.remediation
    assert (done.verdict, done.method, done.reasons) == ("repaired", "head-refit", [])
    (mapping,) = done.mappings
    assert mapping.before.value > 0.9
    assert mapping.after.value <= mapping.accepted
    assert (mapping.id, mapping.target.label, mapping.state) == (MAPPING, "no entry", "gone")
    assert done.data.examples == 120
    assert done.control is not None
    assert report.model is not None
    assert report.model.source == done.output == str(tmp_path / "out")
    assert (tmp_path / "out" / "model.safetensors").is_file()
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".")] == []


def test_auto_stops_at_the_first_method_that_is_verified(
    run: Run, benign_models_show: Show, arguments, tmp_path: Path
):
    benign_models_show(1.0)
    assert run(*arguments, "--output", f"json={tmp_path}/r").code == 0
    attempts = read(tmp_path / "r").remediation.attempts
    assert [each.method for each in attempts] == ["head-refit"]


def test_what_the_rescan_still_finds_is_not_repaired(
    run: Run, benign_models_show: Show, arguments, tmp_path: Path
):
    benign_models_show(0.0)  # anything at all is a finding beside such benign models
    ran = run(*arguments, "--method", "head-refit", "--output", f"json={tmp_path}/r")
    assert ran.code == 1
    done = read(tmp_path / "r").remediation
    assert done.verdict == "partly"
    assert all("the re-scan still finds" in reason for reason in done.reasons)
    assert "**partly**" in (tmp_path / "out" / "README.md").read_text()


def test_a_scan_that_could_not_decide_is_not_taken_for_a_repair(run: Run, arguments):
    ran = run(*arguments, "--method", "head-refit")  # eight entities are too few for the null
    assert ran.code == 1
    assert "the re-scan could not be judged" in ran.out


def test_findings_of_a_stored_report_are_what_is_repaired(
    run: Run, benign_models_show: Show, arguments, tmp_path: Path
):
    benign_models_show(0.0)
    model, pictures = arguments[1], arguments[5]
    assert run("scan", model, "--entities", pictures, "--output", f"json={tmp_path}/s").code == 1
    found = json.loads((tmp_path / "s").read_text())["findings"]
    benign_models_show(1.0)
    rest = [each for each in arguments if each not in ("--mapping", MAPPING)]
    report = ("--report", tmp_path / "s", "--output", f"json={tmp_path}/r")
    run(*rest, *report, "--method", "head-refit")
    mappings = read(tmp_path / "r").remediation.mappings
    assert {m.id for m in mappings} == {finding["fingerprint"] for finding in found}


def test_nothing_found_is_nothing_repaired_and_nothing_written(
    run: Run, benign_models_show: Show, arguments, tmp_path: Path
):
    benign_models_show(1.0)
    rest = [each for each in arguments if each not in ("--mapping", MAPPING)]
    ran = run(*rest)
    assert ran.code == 0
    assert ran.out.startswith("nothing to repair")
    assert not (tmp_path / "out").exists()


def test_nothing_found_by_a_scan_that_could_not_decide_exits_3(run: Run, arguments):
    rest = [each for each in arguments if each not in ("--mapping", MAPPING)]
    assert run(*rest).code == 3


def test_an_accuracy_collapse_exits_3_and_leaves_everything_as_it_was(
    run: Run, arguments, tmp_path: Path
):
    before = {p.name: p.read_bytes() for p in Path(arguments[1]).iterdir()}
    ran = run(*arguments, "--super-ft", "--lr-max1", 50, "--lr-max2", 50, "--lr-base", 20)
    assert ran.code == 3
    message, hint = ran.complaint
    assert "collapsed" in message or "diverged" in message
    assert "--lr-max1" in hint
    assert {p.name: p.read_bytes() for p in Path(arguments[1]).iterdir()} == before
    assert list(tmp_path.glob("*out*")) == []


def test_a_folder_that_holds_something_is_never_overwritten(run: Run, arguments):
    arguments[arguments.index("--out") + 1] = arguments[1]  # in place
    ran = run(*arguments)
    assert ran.code == 2
    assert "exists already" in ran.complaint[0]


@pytest.mark.skipif(os.name != "posix" or os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_that_may_not_be_written_is_a_usage_error(run: Run, arguments, tmp_path: Path):
    (tmp_path / "closed").mkdir(mode=0o555)
    arguments[arguments.index("--out") + 1] = tmp_path / "closed" / "out"
    ran = run(*arguments)
    assert ran.code == 2
    assert "cannot be written" in ran.complaint[0]


def test_a_parent_that_is_no_folder_is_a_usage_error(run: Run, arguments, tmp_path: Path):
    (tmp_path / "file").write_text("")
    arguments[arguments.index("--out") + 1] = tmp_path / "file" / "out"
    ran = run(*arguments)
    assert ran.code == 2
    assert "cannot be written" in ran.complaint[0]


def test_an_onnx_graph_cannot_be_tuned(run: Run, arguments, tmp_path: Path):
    folder = tmp_path / "onnx-only"
    folder.mkdir()
    for name in ("config.json", "preprocessor_config.json"):
        shutil.copy(Path(arguments[1]) / name, folder)
    (folder / "model.onnx").write_bytes(b"a graph")
    ran = run("remediate", folder, *arguments[2:])
    assert ran.code == 3
    message, hint = ran.complaint
    assert "ONNX graph, which cannot be tuned" in message
    assert "safetensors" in hint


@pytest.mark.parametrize(
    ("more", "says"),
    [
        (["--mapping", "unicorn=stop"], "--mapping 'unicorn=stop': no entity is named 'unicorn'"),
        (["--steps", "0"], "--steps 0 is out of range"),
        (["--max-steps", "10"], "--max-steps 10 is out of range"),
        (["--lr-max1", "-1"], "--lr-max1 -1 is no learning rate"),
        (["--phase1", "2"], "--phase1 2 is out of range"),
        (["--per-class", "3"], "--per-class 3 is out of range"),
        (["--super-ft", "--method", "fst"], "ask for two methods"),
        (["--report", "no-such-file"], "no-such-file: cannot be read"),
    ],
)
def test_a_wrong_option_is_named(run: Run, arguments, more: list[str], says: str):
    ran = run(*arguments, *more)
    assert ran.code == 2
    assert says in ran.complaint[0]


def test_clean_data_of_another_task_are_refused(run: Run, arguments, tmp_path: Path):
    other = write_coloured(tmp_path / "other", ("cat", "dog"))
    arguments[arguments.index("--clean-data") + 1] = other
    ran = run(*arguments)
    assert ran.code == 3
    assert "they have no label 'stop'" in ran.complaint[0]


def test_a_report_of_another_bank_is_refused(
    run: Run, benign_models_show: Show, arguments, tmp_path: Path
):
    benign_models_show(0.0)
    model, pictures = arguments[1], arguments[5]
    assert run("scan", model, "--entities", pictures, "--output", f"json={tmp_path}/s").code == 1
    arguments[5] = arguments[arguments.index("--entities") + 1] = write_pictures(
        tmp_path / "others", tuple(f"other {letter}" for letter in "abcdefgh")
    )
    ran = run(*arguments, "--report", tmp_path / "s")
    assert ran.code == 2
    assert "which is not here" in ran.complaint[0]
