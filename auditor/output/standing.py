"""Whether a finding counts for the gate, and if not, why, as the report itself tells it."""

from __future__ import annotations

from auditor.output.report_v1 import FileFindingV1, FindingV1, ReportV1
from auditor.types import Severity

NEVER = "never"


def gate_of(report: ReportV1) -> str | None:
    """The severity at which the gate fails, `never`, or None where the report does not tell."""
    fail_on = report.settings.get("fail_on")
    return fail_on if isinstance(fail_on, str) and fail_on in (*Severity, NEVER) else None


def all_findings(report: ReportV1) -> list[FindingV1 | FileFindingV1]:
    """Those about behaviour, then those in files."""
    return [*report.findings, *report.file_findings]


def has_baseline(report: ReportV1) -> bool:
    """Whether findings were compared with those of an earlier report."""
    return bool(report.settings.get("baseline")) or any(
        each.in_baseline for each in all_findings(report)
    )


def is_below(finding: FindingV1 | FileFindingV1, gate: str | None) -> bool:
    """Whether it is too mild for the gate; where no gate is known, nothing is."""
    if gate is None or gate == NEVER:
        return gate == NEVER
    return Severity(finding.severity).rank < Severity(gate).rank


def why_passed(finding: FindingV1 | FileFindingV1, gate: str | None) -> str | None:
    """Why the gate lets this finding through; None where it fails the gate. Not escaped."""
    if (accepted := finding.suppressed) is not None:
        return f"suppressed by {accepted.owner} until {accepted.expires}: {accepted.reason}"
    if finding.in_baseline:
        return "in the baseline report already"
    if is_below(finding, gate):
        return f"below --fail-on {gate}" if gate != NEVER else "--fail-on never"
    return None


def counts_line(report: ReportV1) -> str:
    """How many findings do not fail the gate, by reason; one may count for several."""
    gate = gate_of(report)
    every = all_findings(report)
    suppressed = sum(finding.suppressed is not None for finding in every)
    known = sum(finding.in_baseline for finding in every)
    counts = f"{suppressed:,} suppressed, {known:,} in the baseline"
    if gate is None:
        return counts
    below = sum(is_below(finding, gate) for finding in every)
    reason = "because of" if gate == NEVER else "below"
    return f"{counts}, {below:,} {reason} --fail-on {gate}"
