"""A comparison of two models in the box."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import pytest

import auditor.box.parent
import auditor.boxed.run
import auditor.boxed.sequela
import auditor.sequela.run
from auditor.box.parent import Ended
from auditor.changes import SequelaReport
from auditor.errors import CheckpointError, NotAudited, UsageError
from auditor.lab.save import save_checkpoint
from auditor.sequela.settings import SequelaSettings
from tests.small_models import CARD, write_coloured, write_tiny

pytestmark = [
    pytest.mark.boxed,
    pytest.mark.skipif(sys.platform != "linux", reason="signals and walls of Linux"),
]


@pytest.fixture
def settings(tuned: Any, tmp_path: Path) -> SequelaSettings:
    save_checkpoint(tuned, tmp_path / "model", card=CARD, record={})
    return SequelaSettings(
        before=str(tmp_path / "model"),
        after=str(tmp_path / "model"),
        clean_data=str(write_coloured(tmp_path / "clean", each=20)),
        repeats=1,
        device="cpu",
    )


def timeless(report: SequelaReport) -> SequelaReport:
    return replace(report, started="", finished="", seconds=0.0, peak_rss_bytes=0)


@pytest.mark.slow
def test_a_boxed_comparison_says_what_one_that_is_not_says(
    settings: SequelaSettings, tiny_checkpoint: Path, tmp_path: Path
):
    more = replace(
        settings,
        members=str(write_coloured(tmp_path / "members", each=20, first=500)),
        base=str(tiny_checkpoint),
        reference=settings.before,
    )
    told: list[tuple[int, float]] = []
    boxed = auditor.boxed.sequela.compare(more, announce=lambda *given: told.append(given))
    here = auditor.sequela.run.compare(more)
    assert timeless(boxed) == timeless(here)
    ((steps, seconds),) = told
    assert steps > 0
    assert seconds > 0


def test_what_is_not_there_needs_no_child(settings: SequelaSettings, tmp_path: Path):
    with pytest.raises(CheckpointError, match="AFTER: "):
        auditor.boxed.sequela.compare(replace(settings, after=str(tmp_path / "nothing")))


@pytest.mark.slow
def test_what_is_wrong_is_told_as_it_is_outside(settings: SequelaSettings, tmp_path: Path):
    other = write_tiny(tmp_path / "other", labels=("a", "b"))
    with pytest.raises(UsageError, match="labels"):
        auditor.boxed.sequela.compare(replace(settings, after=str(other)))


def test_a_death_is_no_comparison(settings: SequelaSettings, monkeypatch: pytest.MonkeyPatch):
    start = auditor.box.parent.start

    def dying(*given: Any) -> Any:
        process = start(*given)
        process.kill()
        return process

    monkeypatch.setattr(auditor.box.parent, "start", dying)
    with pytest.raises(NotAudited, match="was killed by SIGKILL"):
        auditor.boxed.sequela.compare(settings)


def test_time_that_is_up_is_no_comparison(settings: SequelaSettings):
    with pytest.raises(NotAudited, match="time was up"):
        auditor.boxed.sequela.compare(replace(settings, timeout=0.2))


def impossible(said: dict[str, Any]) -> None:
    said["sequela"]["score"] = 7.0


def foreign(said: dict[str, Any]) -> None:
    said["sequela"] = "none"


def nothing(said: dict[str, Any]) -> None:
    said.clear()


@pytest.mark.parametrize("change", [impossible, foreign, nothing])
def test_what_is_no_comparison_is_not_believed(
    settings: SequelaSettings,
    monkeypatch: pytest.MonkeyPatch,
    change: Callable[[dict[str, Any]], None],
):
    from tests.output.made_sequela import REPORT

    said = asdict(REPORT)
    change(said)

    def run(*_: Any, meanwhile: Callable[[], None], **__: Any) -> Ended:
        meanwhile()
        return Ended(value=said, missing=(), stopped=None)

    monkeypatch.setattr(auditor.boxed.run, "run_boxed", run)
    with pytest.raises(NotAudited, match="nothing of it is believed"):
        auditor.boxed.sequela.compare(settings)
