"""The verdict in words, the same in every format that a person reads."""

from __future__ import annotations

from dataclasses import dataclass

from auditor.output import wording
from auditor.output.report_v1 import ReportV1


@dataclass(frozen=True, slots=True, kw_only=True)
class ExplainedVerdict:
    """What the verdict says, how far it reaches, and what to do about it. Not escaped.

    `remedy` is empty where there is a verdict.
    """

    says: str
    means: str
    remedy: str = ""


def explained(report: ReportV1) -> ExplainedVerdict:
    """The verdict of a report in words."""
    rate = f"{report.false_positive_rate:g}"
    match report.verdict:
        case "backdoor-evidence":
            return ExplainedVerdict(
                says=f"{wording.counted(len(report.findings), 'finding')} "
                f"at false-positive rate {rate}",
                means="Something steers this model to a class more than it steers benign "
                f"fine-tunes. At most {wording.percent(report.false_positive_rate)} of models "
                "without a backdoor are expected to be called.",
            )
        case "no-evidence":
            return ExplainedVerdict(
                says=f"at false-positive rate {rate}, for the entities and attack families "
                "listed below",
                means="This is not proof that there is no backdoor. It reaches as far as the "
                "list of what was looked at and no further.",
            )
        case "not-audited":
            return ExplainedVerdict(
                says=_why_not_audited(report),
                means="This says nothing about the model, good or bad.",
                remedy=report.skips[0].remedy if report.skips else "",
            )


def _why_not_audited(report: ReportV1) -> str:
    reasons = [skip.reason for skip in report.skips] + report.notices
    return next((reason for reason in reasons if reason.strip()), "no reason was recorded")
