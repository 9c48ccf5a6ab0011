"""The gate: a report -> an exit code. No output has a say in it."""

from __future__ import annotations

from auditor.errors import ExitCode
from auditor.types import Report, Severity, Verdict

NEVER = "never"


def gate(report: Report, fail_on: str) -> ExitCode:
    """Incomplete first, then what counts at or above the gate.

    Args:
        report: A finding in it that is suppressed, or in the baseline, does not count.
        fail_on: The mildest severity that fails, or `never`.
    """
    if report.verdict is Verdict.NOT_AUDITED:
        return ExitCode.NOT_AUDITED
    counting = [f for f in report.all_findings if f.suppressed is None and not f.in_baseline]
    failing = any(fails(finding.severity, fail_on) for finding in counting)
    return ExitCode.FINDINGS if failing else ExitCode.AUDITED


def fails(severity: str, fail_on: str) -> bool:
    """Whether a finding of this severity is at or above the gate."""
    return fail_on != NEVER and Severity(severity).rank >= Severity(fail_on).rank
