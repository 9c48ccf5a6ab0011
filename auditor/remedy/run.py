"""Check what was found, repair, measure what that left behind, report: a remedy on one page."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from auditor.audit import Progress, silent
from auditor.changes import Sequela
from auditor.checkpoints.new_folder import publish, room_beside
from auditor.checkpoints.resolve import resolve
from auditor.config import ScanSettings
from auditor.errors import AuditorError, UsageError
from auditor.intake import take_in
from auditor.models.load import Engine, load_classifier
from auditor.output.convert_repair_v1 import repair_report
from auditor.output.read_v1 import read_file
from auditor.output.report_v1 import ReportV1
from auditor.remedy.aftermath import left_behind
from auditor.remedy.settings import Extent, RemedySettings
from auditor.repair.case import Case
from auditor.repair.run import Remediated
from auditor.repair.run import remediate as repair
from auditor.repair.settings import RepairSettings, Wanted
from auditor.rules import all_rules
from auditor.sequela.measures import MEASURES
from auditor.sequela.open import Beside, open_beside
from auditor.types import Checkpoint, Report, Skip

AGAIN = "The repaired model is kept: compare the two with `auditor sequela`."


@dataclass(frozen=True, slots=True, kw_only=True)
class Remedied:
    """The report of a repair, and the folder to be published; None where there is none."""

    report: ReportV1
    folder: Path | None


def remediate(settings: RemedySettings, *, progress: Progress = silent) -> ReportV1:
    """Repair one model into a new folder, in this process; as `remedy`."""
    out = settings.repair.out
    with room_beside(out) as room:
        done = remedy(settings, room, progress=progress)
        if done.folder is not None:
            publish(done.folder, out)
    return done.report


def remedy(
    settings: RemedySettings,
    room: Path,
    *,
    no_base: str | None = None,
    progress: Progress = silent,
) -> Remedied:
    """Repair one model and say what came of it, and what it left behind; nothing is published.

    Args:
        settings: What to repair, how, and what to measure then.
        room: An empty folder beside the one that was asked for. All is written here.
        no_base: Why the base that there would be cannot be had; it is not looked for.
        progress: Told how far a stage is.

    Raises:
        NotAudited: The model, the entities or the clean data cannot be used; or its accuracy
            collapsed.
        UsageError: A setting is wrong, the stored report is of another model, or the output
            cannot be written.
    """
    wanted = settings.repair
    if settings.report is not None:
        wanted = replace(wanted, found=_found(settings.report, wanted))
    beside = _beside(settings)
    measured: list[Sequela] = []

    def afterwards(case: Case, folder: Path) -> None:
        measured.append(_measured(case, folder, beside, settings.sequela, progress))

    is_wanted = settings.sequela is not Extent.NONE
    done = repair(
        wanted,
        room,
        no_base=no_base,
        progress=progress,
        afterwards=afterwards if is_wanted else None,
    )
    report = repair_report(
        _as_it_lies(done, settings.repair.scan),
        done.remediation,
        measured[0] if measured else None,
        original=done.original,
        settings=settings.as_json(),
    )
    return Remedied(report=report, folder=done.folder)


def _found(path: Path, settings: RepairSettings) -> tuple[Wanted, ...]:
    """The mappings of a stored report of this very model.

    Raises:
        UsageError: It cannot be read, is no report, or is of another model.
    """
    try:
        report = read_file(path)
    except UsageError as error:
        raise UsageError(f"--report {error.message}", hint=error.hint) from error
    _require_of(resolve(settings.scan.model, offline=settings.scan.offline), report, path)
    return tuple(
        Wanted(
            id=finding.fingerprint,
            entity_ids=tuple(entity.id for entity in finding.entities),
            target_label=finding.target.label or "",
        )
        for finding in report.findings
    )


def _require_of(checkpoint: Checkpoint, report: ReportV1, path: Path) -> None:
    """Refuse findings of other weights: a repair of what is not there would prove nothing."""
    hint = "Give the report of a scan of this model, or leave --report out: it is scanned then."
    if report.model is None:
        raise UsageError(f"--report {path} is of no model: nothing was scanned", hint=hint)
    if report.model.digest != checkpoint.digest:
        raise UsageError(
            f"--report {path} is of another model: its digest is {report.model.digest[:12]}, that "
            f"of {checkpoint.source} is {checkpoint.digest[:12]}",
            hint=hint,
        )


def _beside(settings: RemedySettings) -> Beside:
    """What else the user named, opened now: what is wrong with it is told before the repair."""
    wanted = settings.comparison
    if settings.sequela is Extent.NONE or not (wanted.members or wanted.reference or wanted.base):
        return Beside()
    checkpoint = resolve(wanted.before, offline=wanted.offline)
    before = load_classifier(checkpoint, engine=Engine.AUTO, device=wanted.device)
    return open_beside(wanted, before)


def _measured(
    case: Case, folder: Path, beside: Beside, extent: Extent, progress: Progress
) -> Sequela:
    """What was left behind; where that cannot be measured, why. No repair is lost over it."""
    try:
        return left_behind(case, folder, beside, extent, progress)
    except AuditorError as error:
        return _unknown(Skip(subject="sequela", reason=error.message, remedy=error.hint))
    except Exception as error:  # the repaired model is not published yet
        reason = f"measuring failed (a bug): {type(error).__name__}: {error}"
        return _unknown(Skip(subject="sequela", reason=reason, remedy=AGAIN))


def _unknown(skip: Skip) -> Sequela:
    return Sequela(
        score=None,
        low=None,
        high=None,
        harms=(),
        missing=tuple(MEASURES),
        changes=(),
        skips=(skip,),
        notices=(),
    )


def _as_it_lies(done: Remediated, asked: ScanSettings) -> Report:
    """The scan with the files as they lie there now: the model card was written after it."""
    where = asked.model if done.folder is None else str(done.folder)
    rules = all_rules(asked.rules)
    there, intake = take_in(where, rules, offline=asked.offline, trust=asked.trust)
    scan = intake.put_into(done.scan)
    if done.folder is None or scan.model is None:
        return scan
    return replace(scan, model=replace(scan.model, digest=there.digest, files=there.files))
