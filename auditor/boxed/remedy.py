"""A repair with the model in a box, which writes into one room; this process publishes."""

from __future__ import annotations

from pathlib import Path

from auditor.box.parent import Ended
from auditor.boxed.bring_more import bring_remedy
from auditor.boxed.remedied import RemediedText
from auditor.boxed.run import NO_REPORT, OF_TUNING, UNTRUSTED, Errand, boxed, gaps
from auditor.boxed.wrote import require_repaired
from auditor.checkpoints.new_folder import publish, room_beside
from auditor.errors import NotAudited, UsageError
from auditor.output.json_v1 import parse
from auditor.output.read_v1 import MOST_BYTES
from auditor.output.report_v1 import FileV1, ReportV1
from auditor.remedy.settings import RemedySettings
from auditor.repair.methods import METHODS
from auditor.watch import Progress, Stopwatch, silent


def remediate(settings: RemedySettings, *, progress: Progress = silent) -> ReportV1:
    """Repair one model into a new folder, in a child process.

    Raises:
        NotAudited: As `auditor.remedy.run.remediate`; or the child died. The original is
            untouched and nothing is written.
        UsageError: A setting is wrong, the stored report is of another model, or the output
            cannot be written.
        KeyboardInterrupt: It was interrupted. The same holds.
    """
    watch = Stopwatch.start()
    scan, out = settings.repair.scan, settings.repair.out
    with room_beside(out) as room:
        errand = Errand(
            task="auditor.boxed.remedy_task",
            settings=settings,
            bring=lambda: bring_remedy(settings),
            device=scan.device,
            timeout=scan.timeout,
            scan=scan,
            room=room.absolute(),
            memory=OF_TUNING,
        )
        done, ended, brought = boxed(errand, lambda: RemediedText, progress=progress)
        report = _read(done, out)
        if done.folder is not None:
            folder = _within(room, done.folder)
            require_repaired(folder, brought.root, _files(report))
            publish(folder, out)
    return _with_remarks(report, ended, watch)


def _read(done: RemediedText, out: Path) -> ReportV1:
    """The report, checked as a stranger's is: it must tell of this repair."""
    try:
        report = parse(done.report[: MOST_BYTES + 1])  # what is cut off is no report
    except UsageError as error:
        raise NotAudited(f"{NO_REPORT} ({error.message})", hint=UNTRUSTED) from error
    written = None if done.folder is None else str(out)
    if report.remediation is None or report.remediation.output != written:
        raise NotAudited(NO_REPORT, hint=UNTRUSTED)
    return report


def _within(room: Path, name: str) -> Path:
    """The folder that a method wrote: it is named after it, and lies nowhere else."""
    if name not in METHODS or (room / name).is_symlink():
        raise NotAudited(NO_REPORT, hint=UNTRUSTED)
    return room / name


def _files(report: ReportV1) -> list[FileV1]:
    return [] if report.model is None else report.model.files


def _with_remarks(report: ReportV1, ended: Ended, watch: Stopwatch) -> ReportV1:
    """What was fetched before, and the child's own start, are part of what it took."""
    assert report.remediation is not None
    return report.model_copy(
        update={
            "notices": [*report.notices, *gaps(ended)],
            "remediation": report.remediation.model_copy(update={"seconds": watch.seconds()}),
        }
    )
