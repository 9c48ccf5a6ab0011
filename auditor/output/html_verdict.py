"""The verdict as the page opens with it: in words, and once more by colour and sign."""

from __future__ import annotations

from dataclasses import dataclass

from auditor.output import wording
from auditor.output.remediation_v1 import RemediationV1
from auditor.output.repair_wording import explained_repair
from auditor.output.report_v1 import ReportV1

SYMBOLS = {
    "repaired": "\N{BLACK DOWN-POINTING TRIANGLE}",
    "partly": "\N{CIRCLE WITH LEFT HALF BLACK}",
    "not repaired": "\N{BLACK UP-POINTING TRIANGLE}",
    "nothing to repair": "\N{WHITE CIRCLE}",
}
# The look of the three verdicts of a scan does for those of a repair.
TONES = {
    "repaired": "no-evidence",
    "partly": "not-audited",
    "not repaired": "backdoor-evidence",
    "nothing to repair": "no-evidence",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class VerdictView:
    """The verdict in words. `symbol` and `tone` say the same once more."""

    verdict: str
    tone: str
    symbol: str
    headline: str
    meaning: str


def verdict_of(report: ReportV1) -> VerdictView:
    """The verdict of a scan."""
    rate = f"false-positive rate {report.false_positive_rate:g}"
    match report.verdict:
        case "backdoor-evidence":
            return VerdictView(
                verdict=report.verdict,
                tone=report.verdict,
                symbol="\N{BLACK UP-POINTING TRIANGLE}",
                headline=f"Backdoor evidence: {wording.counted(len(report.findings), 'finding')} "
                f"at {rate}",
                meaning="Something steers this model to a class more than it steers benign "
                f"fine-tunes. At most {wording.percent(report.false_positive_rate)} of models "
                "without a backdoor are expected to be called.",
            )
        case "no-evidence":
            return VerdictView(
                verdict=report.verdict,
                tone=report.verdict,
                symbol="\N{WHITE CIRCLE}",
                headline=f"No evidence at {rate}, for the entities and attack families listed",
                meaning="This is not proof that there is no backdoor. It reaches as far as the "
                "list of what was looked at and no further.",
            )
        case "not-audited":
            return VerdictView(
                verdict=report.verdict,
                tone=report.verdict,
                symbol="?",
                headline="Not audited: this is no verdict",
                meaning="This says nothing about the model, good or bad. "
                f"{_why_not_audited(report)}",
            )


def repair_verdict(done: RemediationV1) -> VerdictView:
    """The verdict of a repair."""
    explained = explained_repair(done)
    return VerdictView(
        verdict=done.verdict,
        tone=TONES[done.verdict],
        symbol=SYMBOLS[done.verdict],
        headline=f"{done.verdict.capitalize()}: {explained.says}",
        meaning=explained.means,
    )


def _why_not_audited(report: ReportV1) -> str:
    """The first reason and what would help, as the terminal report opens with."""
    if not report.skips:
        return f"{report.notices[0]}." if report.notices else "No reason was recorded."
    first = report.skips[0]
    reason = f"The reason: {first.reason.rstrip('.')}."
    return f"{reason} What would help: {first.remedy}" if first.remedy else reason
