"""What somebody has accepted already: suppressions and a baseline mark findings.

A marked finding stays in the report and does not fail the gate. Whatever stops hiding one, or
never hid anything, becomes a notice.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date

from auditor.checkpoints.source import HUB_SCHEME, HubSource, parse_source
from auditor.config import ScanSettings
from auditor.diff.mappings import earlier_of, why_beyond
from auditor.diff.models import another_name, taken_as_one, why_another_model
from auditor.errors import CheckpointError, UsageError
from auditor.output.convert_v1 import to_v1
from auditor.output.report_v1 import ReportV1
from auditor.types import ModelFacts, Report, Suppression


def accepted(
    report: Report, settings: ScanSettings, baseline: ReportV1 | None, today: date
) -> Report:
    """Both: suppressions of the settings, and the baseline where there is one.

    Raises:
        UsageError: The baseline is of another model.
    """
    marked = suppressed(report, settings.ignore, today)
    return marked if baseline is None else known(marked, baseline)


def suppressed(report: Report, ignore: Sequence[Suppression], today: date) -> Report:
    """The report with its suppressed findings marked.

    Args:
        report: A report of a scan.
        ignore: Suppressions; those of other models take no part.
        today: A suppression hides up to its last day, that day included.
    """
    if report.model is None:
        return report
    ours = [entry for entry in ignore if _is_about(entry, report.model)]
    holding = {entry.fingerprint: entry for entry in ours if entry.expires >= today}
    found = {finding.fingerprint for finding in report.all_findings}
    notices = [_notice(entry, today, found) for entry in ours]
    if len(ours) < len(ignore):
        notices.append(f"suppressions for other models, not used: {len(ignore) - len(ours)}")
    return replace(
        report,
        findings=tuple(
            replace(finding, suppressed=holding.get(finding.fingerprint))
            for finding in report.findings
        ),
        file_findings=tuple(
            replace(finding, suppressed=holding.get(finding.fingerprint))
            for finding in report.file_findings
        ),
        notices=(*report.notices, *(notice for notice in notices if notice)),
    )


def _is_about(entry: Suppression, model: ModelFacts) -> bool:
    name = model.source.removeprefix(HUB_SCHEME).partition("@")[0]
    pinned = f"{name}@{model.revision}"
    return entry.model is None or entry.model in (model.digest, model.source, name, pinned)


def _notice(entry: Suppression, today: date, found: set[str]) -> str | None:
    where = f" ({entry.where})" if entry.where else ""
    named = f"the suppression of {entry.fingerprint}{where} by {entry.owner}"
    if entry.fingerprint not in found:
        ended = f" and expired on {entry.expires}" if entry.expires < today else ""
        return f"{named} matches no finding of this scan{ended}"
    if entry.expires < today:
        return f"{named} expired on {entry.expires}: the finding counts again"
    return None


def refuse_other_name(baseline: ReportV1, model: str) -> None:
    """Find out before a scan that a baseline is of another repository of the Hub.

    Raises:
        UsageError: It is; what can only be known after loading is left to `known`.
    """
    then = baseline.model
    try:
        is_on_hub = isinstance(parse_source(model), HubSource)
    except CheckpointError:
        return  # the scan will say so
    if is_on_hub and then is not None and then.revision is not None:
        _refuse(another_name(then.source, model))


def known(report: Report, baseline: ReportV1) -> Report:
    """The report with the findings marked that the baseline has already.

    What the baseline itself had suppressed is not known by it: a suppression ends one day.

    Raises:
        UsageError: The baseline is of another model.
    """
    now = to_v1(report)
    notices = []
    if baseline.verdict == "not-audited":
        notices.append("the baseline was not audited: it knows what was found until then")
    if now.model is not None and baseline.model is not None:
        _refuse(why_another_model(baseline.model, now.model))
        if remark := taken_as_one(baseline.model, now.model):
            notices.append(f"the baseline: {remark}")
    earlier = [finding for finding in baseline.findings if finding.suppressed is None]
    before = [earlier_of(finding, earlier) for finding in now.findings]
    beyond = [
        None if then is None else why_beyond(finding, then)
        for finding, then in zip(now.findings, before, strict=True)
    ]
    notices += [
        f"{finding.rule_id} of class {finding.target_label!r} is in the baseline, and counts "
        f"nevertheless: {reason}"
        for finding, reason in zip(report.findings, beyond, strict=True)
        if reason is not None
    ]
    marked = tuple(
        replace(finding, in_baseline=then is not None and reason is None)
        for finding, then, reason in zip(report.findings, before, beyond, strict=True)
    )
    in_files = {each.fingerprint for each in baseline.file_findings if each.suppressed is None}
    return replace(
        report,
        findings=marked,
        file_findings=tuple(
            replace(each, in_baseline=each.fingerprint in in_files) for each in report.file_findings
        ),
        notices=(*report.notices, *notices),
    )


def _refuse(reason: str | None) -> None:
    if reason is not None:
        raise UsageError(
            f"the baseline is of another model: {reason}",
            hint="Give a report of this model with --baseline, or none.",
        )
