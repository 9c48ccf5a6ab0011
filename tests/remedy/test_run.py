"""A repair and what it left behind, from Python: one report, and nothing lost on the way."""

from __future__ import annotations

import inspect
import pickle
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

import auditor
import auditor.remedy.run
from auditor.checkpoints.resolve import resolve
from auditor.errors import EntityError, UsageError
from auditor.output import json_v1
from auditor.output.report_v1 import ReportV1
from auditor.remedy.settings import Extent, remedy_settings
from auditor.sequela.measures import MEASURES, QUICK
from tests.repair.conftest import bent_checkpoint, clean_folder  # noqa: F401 - fixtures

Repair = Callable[..., ReportV1]


@pytest.fixture
def repair(bent_checkpoint: Path, clean_folder: Path, pictures: Path, tmp_path: Path) -> Repair:  # noqa: F811
    """A repair that is quick; anything may be changed."""

    def run(model: Path = bent_checkpoint, **changes: object) -> ReportV1:
        usual = {
            "clean_data": str(clean_folder),
            "out": str(tmp_path / "out"),
            "entities": str(pictures),
            "mapping": "*=no entry",
            "method": "head-refit",
            "steps": 40,
            "barrier": False,
            "depth": "quick",
        }
        return auditor.remediate(str(model), **{**usual, **changes})

    return run


def test_one_report_says_what_was_done_and_what_it_left_behind(
    repair: Repair,
    bent_checkpoint: Path,  # noqa: F811
    tmp_path: Path,
):
    report = repair()
    done, left = report.remediation, report.sequela
    assert done is not None
    assert left is not None
    assert done.model.digest == resolve(str(bent_checkpoint)).digest
    assert report.model is not None
    assert report.model.digest == resolve(str(tmp_path / "out")).digest  # its card was added to
    scored = {harm.component for harm in left.harms}
    assert scored == set(QUICK) - {"calibration"}  # forty held-out images are too few for it
    assert set(left.missing) == set(MEASURES) - scored
    reasons = {skip.subject: skip for skip in left.skips}
    assert "40 clean pictures, and 50 are needed" in reasons["calibration"].reason
    for name in set(MEASURES) - set(QUICK):
        assert "not among the quick measures" in reasons[name].reason
        assert "--sequela full" in reasons[name].remedy
    # The head alone was refitted with the held-out images left alone: they are all there.
    held_out = left.measures["accuracy"].observations
    assert f"{held_out // 2} that chose" in left.notices[0]
    assert done.settings["method"] == "head-refit"
    assert json_v1.parse(json_v1.render(report)) == report


def test_files_beside_the_weights_are_looked_at_as_in_a_scan(
    repair: Repair,
    bent_checkpoint: Path,  # noqa: F811
    tmp_path: Path,
):
    copy = Path(shutil.copytree(bent_checkpoint, tmp_path / "with-a-pickle"))
    (copy / "training_args.bin").write_bytes(pickle.dumps({"lr": 0.1}))
    nothing = repair(copy, mapping=(), sequela="none")  # so that there is nothing to repair
    assert nothing.remediation is not None
    assert nothing.remediation.output is None
    assert [finding.file.path for finding in nothing.file_findings] == ["training_args.bin"]
    report = repair(copy, sequela="none")
    there = {path.name for path in (tmp_path / "out").iterdir()}
    assert {file.path for file in report.listing} == there
    named = {finding.file.path for finding in report.file_findings}
    assert named == {"training_args.bin"} & there


def test_nothing_is_measured_where_nobody_asks(repair: Repair):
    report = repair(sequela="none")
    assert report.sequela is None
    assert report.remediation is not None
    assert report.remediation.settings["sequela"] == "none"


@pytest.mark.parametrize("error", [EntityError("no picture", hint="h"), ValueError("wires")])
def test_a_repair_is_not_lost_because_it_cannot_be_measured(
    repair: Repair, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: Exception
):
    def broken(*_: object) -> object:
        raise error

    monkeypatch.setattr(auditor.remedy.run, "left_behind", broken)
    report = repair()
    assert (tmp_path / "out" / "model.safetensors").is_file()
    assert report.sequela is not None
    assert report.sequela.sequela_score is None
    assert set(report.sequela.missing) == set(MEASURES)
    assert str(error).partition(":")[0] in report.sequela.skips[0].reason


def test_what_stands_beside_is_opened_before_anything_is_tuned(repair: Repair, tmp_path: Path):
    with pytest.raises(auditor.errors.AuditorError, match="--members"):
        repair(members=str(tmp_path / "nowhere"))
    assert list(tmp_path.glob("*out*")) == []


@pytest.mark.parametrize(
    ("said", "names"),
    [
        ({"stepps": 3}, "'steps'"),
        ({"baseline": "x"}, "'base'"),
        ({"sequela": "some"}, "choices"),
        ({"method": "prayer"}, "super-ft"),
        ({"sequela": "none", "reference": "r"}, "--reference is of no use"),
        ({"members_split": "train"}, "--members-split needs --members"),
    ],
)
def test_a_wrong_setting_is_named(said: dict[str, object], names: str):
    usual = {"clean_data": "x", "out": "y"}
    with pytest.raises(UsageError) as caught:
        remedy_settings("m", {**usual, **said})
    assert names in f"{caught.value.message} {caught.value.hint}"


def test_settings_are_told_by_the_names_of_the_options():
    said = {
        "clean_data": "x",
        "out": "y",
        "lr_max1": 0.5,
        "up": 5,
        "mapping": ("a=b",),
        "max_steps": 300,
        "sequela": "full",
        "members": "m",
    }
    told = remedy_settings("model", said).as_json()
    assert {name: told[name] for name in said} == {**said, "mapping": ["a=b"]}
    again = {name: value for name, value in told.items() if name not in ("model", "report")}
    assert remedy_settings("model", again).as_json() == told


def test_only_the_full_extent_uses_the_base():
    usual = {"clean_data": "x", "out": "y", "base": "b"}
    assert remedy_settings("m", usual).comparison.base is None
    full = remedy_settings("m", {**usual, "sequela": Extent.FULL})
    assert full.comparison.base == "b"


def test_sequela_can_be_measured_from_python():
    with pytest.raises(UsageError, match="unknown setting 'clean'"):
        auditor.measure_sequela("a", "b", clean_data="c", clean="d")
    with pytest.raises(UsageError, match="--repeats 0"):
        auditor.measure_sequela("a", "b", clean_data="c", repeats=0)


@pytest.mark.parametrize("name", auditor.__all__)
def test_the_public_names_are_functions_with_types(name: str):
    if name != "__version__":
        said = inspect.signature(getattr(auditor, name))
        assert said.return_annotation is not inspect.Signature.empty
