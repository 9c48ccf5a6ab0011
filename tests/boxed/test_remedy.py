"""A repair in the box: the same model and report, and nothing at all where it is cut off."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import auditor.box.parent
import auditor.boxed.remedy
import auditor.boxed.run
import auditor.remedy.run
from auditor.box.parent import Ended
from auditor.checkpoints.resolve import resolve
from auditor.errors import EntityError, NotAudited, UsageError
from auditor.output.json_v1 import parse, render
from auditor.remedy.settings import RemedySettings, remedy_settings
from tests.repair.conftest import bent_checkpoint, clean_folder  # noqa: F401 - fixtures
from tests.small_models import write_coloured

pytestmark = [
    pytest.mark.boxed,
    pytest.mark.skipif(sys.platform != "linux", reason="signals and walls of Linux"),
]

Settings = Callable[..., RemedySettings]


@pytest.fixture
def settings(bent_checkpoint: Path, clean_folder: Path, pictures: Path, tmp_path: Path) -> Settings:  # noqa: F811
    """A repair that is quick; anything may be changed."""

    def said(**changes: object) -> RemedySettings:
        usual = {
            "clean_data": str(clean_folder),
            "out": str(tmp_path / "out"),
            "entities": str(pictures),
            "mapping": "*=no entry",
            "method": "head-refit",
            "steps": 40,
            "barrier": False,
            "sequela": "none",
            "depth": "quick",
            "device": "cpu",
        }
        return remedy_settings(str(bent_checkpoint), {**usual, **changes})

    return said


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


@pytest.fixture
def untouched(bent_checkpoint: Path, tmp_path: Path) -> Iterator[None]:  # noqa: F811
    """The original is afterwards as before, and there is no trace of an output."""
    before = contents(bent_checkpoint)
    yield
    assert contents(bent_checkpoint) == before
    assert list(tmp_path.glob("*out*")) == []


@pytest.mark.parametrize("extent", ["none", pytest.param("quick", marks=pytest.mark.slow)])
def test_a_boxed_repair_writes_the_model_and_the_report_of_one_that_is_not(
    settings: Settings, tmp_path: Path, extent: str
):
    members = str(write_coloured(tmp_path / "members", each=20, first=500))
    how = settings(sequela=extent, members=None if extent == "none" else members)
    report = auditor.boxed.remedy.remediate(how)
    boxed = contents(tmp_path / "out")
    assert report.model is not None
    assert report.model.digest == resolve(str(tmp_path / "out")).digest
    (tmp_path / "out").rename(tmp_path / "boxed")
    here = auditor.remedy.run.remediate(how)
    assert contents(tmp_path / "out") == boxed
    assert report.remediation is not None
    assert here.remediation is not None
    assert report.remediation.mappings == here.remediation.mappings
    assert report.sequela == here.sequela
    assert report.notices == here.notices  # nothing of a gap where Linux has all walls
    assert report.findings == here.findings
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".")] == []


@pytest.fixture
def children(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """The processes that are started."""
    started: list[Any] = []
    start = auditor.box.parent.start

    def told(*given: Any) -> Any:
        started.append(start(*given))
        return started[-1]

    monkeypatch.setattr(auditor.box.parent, "start", told)
    return started


@pytest.mark.slow
@pytest.mark.usefixtures("untouched")
def test_a_child_that_is_killed_while_it_tunes_leaves_nothing(
    settings: Settings, children: list[Any]
):
    def kill(stage: str, done: int, total: int) -> None:
        children[0].kill()

    with pytest.raises(NotAudited, match="was killed by SIGKILL"):
        auditor.boxed.remedy.remediate(settings(), progress=kill)


@pytest.mark.usefixtures("untouched")
def test_a_repair_that_takes_too_long_leaves_nothing(settings: Settings):
    with pytest.raises(NotAudited, match="time was up"):
        auditor.boxed.remedy.remediate(settings(timeout=0.2))


@pytest.mark.slow
@pytest.mark.usefixtures("untouched")
def test_a_repair_that_is_interrupted_in_a_scan_does_not_go_on(
    settings: Settings, children: list[Any]
):
    """A mere scan would report what was answered; a repair would take that for the scan."""
    stages: list[str] = []
    before = signal.signal(signal.SIGINT, signal.default_int_handler)

    def interrupt(stage: str, done: int, total: int) -> None:
        if stage.startswith("probing") and "probing" not in stages:
            stages.append("probing")
            signal.raise_signal(signal.SIGINT)

    try:
        with pytest.raises(KeyboardInterrupt):
            auditor.boxed.remedy.remediate(settings(depth="deep", batch_size=1), progress=interrupt)
    finally:
        signal.signal(signal.SIGINT, before)
    assert stages == ["probing"]


def test_what_is_wrong_is_told_as_it_is_outside(settings: Settings, tmp_path: Path):
    with pytest.raises(EntityError, match="--members"):
        auditor.boxed.remedy.remediate(
            settings(sequela="quick", members="hf://datasets/org/nothing", offline=True)
        )
    with pytest.raises(UsageError, match="exists already"):
        auditor.boxed.remedy.remediate(settings(out=str(tmp_path.parent)))


@pytest.fixture
def child_says(monkeypatch: pytest.MonkeyPatch) -> Callable[..., dict[str, Any]]:
    """A child that says what it is told to; gives what it was allowed."""

    def says(value: object, write: Callable[[Path], None] = lambda room: None) -> dict[str, Any]:
        seen: dict[str, Any] = {}

        def run(job: Any, *, meanwhile: Callable[[], None], **_: Any) -> Ended:
            meanwhile()
            seen["job"] = job
            write(Path(job.said["room"]))
            return Ended(value=value, missing=(), stopped=None)

        monkeypatch.setattr(auditor.boxed.run, "run_boxed", run)
        return seen

    return says


@pytest.mark.usefixtures("untouched")
@pytest.mark.parametrize(
    "value",
    [
        None,
        {"report": "{}", "folder": None},
        {"report": "no report", "folder": "head-refit"},
        {"report": 7, "folder": None},
    ],
)
def test_what_is_no_report_is_not_believed(settings: Settings, child_says: Any, value: object):
    child_says(value)
    with pytest.raises(NotAudited, match="nothing of it is believed"):
        auditor.boxed.remedy.remediate(settings())


def test_only_the_folder_of_a_method_is_published(
    settings: Settings, child_says: Any, tmp_path: Path
):
    done = auditor.remedy.run.remediate(settings())
    (tmp_path / "out").rename(tmp_path / "kept")
    for folder in ("..", "../../home", "head-refit/..", "fst", ""):
        seen = child_says({"report": render(done), "folder": folder})
        with pytest.raises(NotAudited):
            auditor.boxed.remedy.remediate(settings())
        assert not (tmp_path / "out").exists()
    writable = seen["job"].allowed.writable
    assert not {str(tmp_path), str(tmp_path / "out")} & set(writable)
    assert [path for path in writable if path.startswith(f"{tmp_path}/.out")] != []


def test_the_command_writes_a_report_of_a_repair_that_died(settings: Settings, tmp_path: Path):
    how = settings().repair.scan
    ran = subprocess.run(
        [
            *(sys.executable, "-c", DYING, "remediate", how.model),
            *(
                "--clean-data",
                how.clean_data,
                "--entities",
                how.entities,
                "--out",
                tmp_path / "out",
            ),
            *("--device", "cpu", "--output", f"json={tmp_path}/r", "--output", "rich=-"),
        ],
        capture_output=True,
        text=True,
        cwd=Path(__file__).parent.parent.parent,
    )
    assert ran.returncode == 3, ran.stderr
    report = parse((tmp_path / "r").read_text())
    assert (report.verdict, report.remediation) == ("not-audited", None)
    assert "was killed by SIGKILL" in report.skips[0].reason
    assert "auditor remediate" in ran.stdout  # how to run it again
    assert ran.stderr.splitlines()[-1] == "torch: False"  # the parent never loads it
    assert not (tmp_path / "out").exists()


DYING = """
import sys
import auditor.box.parent
start = auditor.box.parent.start
def dying(*given):
    process = start(*given)
    process.kill()
    return process
auditor.box.parent.start = dying
from auditor.cli.main import main
try:
    main()
finally:
    print("torch:", "torch" in sys.modules, file=sys.stderr)
"""
