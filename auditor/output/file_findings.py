"""Findings in files, in the words that every format for people shares. Not escaped."""

from __future__ import annotations

from auditor.output.report_v1 import FileFindingV1, ReportV1
from auditor.output.standing import gate_of, why_passed

MOST_FILE_FINDINGS = 20
EXPLAINED = (
    "Found without running the model: they have no p-value, and the verdict on its behaviour does "
    "not rest on them."
)


def file_finding_lines(report: ReportV1) -> list[str]:
    """One line for each of the first findings, and one that counts the others."""
    shown = [_line(each, gate_of(report)) for each in report.file_findings[:MOST_FILE_FINDINGS]]
    more = len(report.file_findings) - len(shown)
    return [*shown, f"and {more:,} more, all of them in the JSON report"] if more > 0 else shown


def certainty(finding: FileFindingV1) -> str:
    """What stands where another finding has its p-value."""
    return f"severity {finding.severity}, confidence {finding.confidence}, no p-value"


def _line(finding: FileFindingV1, gate: str | None) -> str:
    passed = why_passed(finding, gate)
    counts = "fails the gate" if passed is None else f"does not fail the gate ({passed})"
    return (
        f"{finding.severity}: {finding.summary} Rule {finding.rule_id}, confidence "
        f"{finding.confidence}, fingerprint {finding.fingerprint}; {counts}."
    )
