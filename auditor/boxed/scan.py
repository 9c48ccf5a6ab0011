"""A scan with the model in a box."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from auditor.boxed.bring import bring
from auditor.boxed.run import Errand, boxed, with_remarks
from auditor.config import ScanSettings
from auditor.types import Report
from auditor.watch import Progress, Stopwatch, now, silent

if TYPE_CHECKING:
    from auditor.boxed.scanned import Scanned


def scan(settings: ScanSettings, *, progress: Progress = silent) -> Report:
    """Audit one model in a child process.

    Raises:
        NotAudited: As `auditor.audit.scan`; or the child died.
        UsageError: A setting or a rule file is wrong.
        KeyboardInterrupt: It came before anything was answered.
    """
    watch = Stopwatch.start()
    errand = Errand(
        task="auditor.boxed.scan_task",
        settings=settings,
        bring=lambda: bring(settings),
        device=settings.device,
        timeout=settings.timeout,
        scan=settings,
    )
    scanned, ended, _ = boxed(errand, _kind, progress=progress)
    if scanned.report is None:
        raise scanned.as_error()
    report = with_remarks(scanned.report, ended, settings)
    # What was fetched before, and the child's own start, are part of what it took.
    cost = replace(report.cost, seconds=watch.seconds())
    return replace(report, started=watch.started, finished=now(), cost=cost)


def _kind() -> type[Scanned]:
    from auditor.boxed.scanned import Scanned

    return Scanned
