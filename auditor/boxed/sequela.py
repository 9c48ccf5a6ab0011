"""A comparison of two models, both in one box."""

from __future__ import annotations

from dataclasses import replace

from pydantic import ValidationError

from auditor.box.parent import Expect, nobody_asks
from auditor.boxed.bring_more import bring_comparison
from auditor.boxed.run import NO_REPORT, OF_TUNING, UNTRUSTED, Errand, boxed, gaps
from auditor.changes import SequelaReport
from auditor.errors import NotAudited
from auditor.output.convert_sequela_v1 import comparison_v1
from auditor.sequela.settings import SequelaSettings
from auditor.watch import Progress, Stopwatch, silent


def compare(
    settings: SequelaSettings, *, progress: Progress = silent, announce: Expect = nobody_asks
) -> SequelaReport:
    """Measure what changed between two models, in a child process.

    Args:
        settings: What to compare.
        progress: Told how far a stage is.
        announce: Told the training steps and seconds that it is going to take, once.

    Raises:
        NotAudited: As `auditor.sequela.run.compare`; or the child died.
        UsageError: The models do not belong together.
        KeyboardInterrupt: It was interrupted.
    """
    watch = Stopwatch.start()
    errand = Errand(
        task="auditor.boxed.sequela_task",
        settings=settings,
        bring=lambda: bring_comparison(settings),
        device=settings.device,
        timeout=settings.timeout,
        memory=OF_TUNING,
    )
    report, ended, _ = boxed(errand, lambda: SequelaReport, progress=progress, expect=announce)
    _require_sound(report)
    found = replace(report.sequela, notices=(*report.sequela.notices, *gaps(ended)))
    return replace(report, sequela=found, started=watch.started, seconds=watch.seconds())


def _require_sound(report: SequelaReport) -> None:
    """Refuse numbers that no comparison has, now rather than when they are written."""
    try:
        comparison_v1(report)
    except ValidationError as error:
        raise NotAudited(NO_REPORT, hint=UNTRUSTED) from error
