"""Open, estimate, measure, report: `auditor sequela` on one page."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from auditor import __version__
from auditor.audit import Progress, Stopwatch, now, silent
from auditor.changes import SequelaReport
from auditor.errors import NotAudited
from auditor.memory import peak_rss_bytes
from auditor.sequela.material import Budget
from auditor.sequela.measures import estimate, measure_sequela
from auditor.sequela.open import open_all
from auditor.sequela.settings import SequelaSettings

Announce = Callable[[int, float], None]


def unannounced(steps: int, seconds: float) -> None:
    """An estimate that nobody waits for."""


def compare(
    settings: SequelaSettings, *, progress: Progress = silent, announce: Announce = unannounced
) -> SequelaReport:
    """Measure what changed between two models.

    Args:
        settings: What to compare.
        progress: Called with (stage, done, total).
        announce: Told the training steps and seconds that it is going to take, once.

    Raises:
        NotAudited: Something cannot be opened, or nothing could be measured (exit code 3).
        UsageError: The models do not belong together (exit code 2).
    """
    watch = Stopwatch.start()
    opened = open_all(settings)
    budget = Budget(seed=settings.seed, repeats=settings.repeats)
    expected = estimate(opened.models, opened.material, budget)
    announce(expected.steps, expected.seconds)
    found = measure_sequela(opened.models, opened.material, budget, progress=progress)
    if not found.changes:
        reasons = "; ".join(f"{skip.subject}: {skip.reason}" for skip in found.skips)
        raise NotAudited(f"nothing could be measured: {reasons}", hint=found.skips[0].remedy)
    return SequelaReport(
        tool_version=__version__,
        started=watch.started,
        finished=now(),
        before=opened.facts["before"],
        after=opened.facts["after"],
        reference=opened.facts.get("reference"),
        settings=settings.as_json(),
        sequela=replace(found, notices=(*opened.notices, *found.notices)),
        seconds=watch.seconds(),
        peak_rss_bytes=peak_rss_bytes(),
        device=opened.models.after.device,
    )
