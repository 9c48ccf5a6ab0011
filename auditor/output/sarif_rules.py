"""The rules of a SARIF log: what `rules/*.yaml` and `rules/*.md` say, as code scanning shows it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from auditor.output.escaping import NAME_LIMIT, for_sarif
from auditor.output.report_v1 import FileFindingV1, FindingV1, ReportV1
from auditor.output.standing import all_findings
from auditor.rules import Rule, rule_page, shipped_rules

LEVELS: dict[str, str] = {
    "low": "note",
    "medium": "warning",
    "high": "error",
    "critical": "error",
}
# Code scanning reads a severity off this number: above 9 critical, from 7 high, from 4 medium.
_SECURITY_SEVERITIES: dict[str, str] = {
    "low": "2.0",
    "medium": "5.5",
    "high": "8.0",
    "critical": "9.5",
}
_TAGS = ["security", "machine-learning", "backdoor"]
_OVERVIEW = "What it detects"
_NOT_SHIPPED = "This rule did not come with auditor: see the file that was given as --rules."


def descriptors(report: ReportV1) -> list[dict[str, Any]]:
    """The rules that come with auditor, and those that findings name beside them."""
    shipped = shipped_rules()
    known = {rule.id for rule in shipped}
    foreign = {rule_id(each): each for each in all_findings(report) if rule_id(each) not in known}
    return [
        *(_shipped(rule) for rule in shipped),
        *(
            _descriptor(name, each.title, each.severity, each.confidence)
            for name, each in foreign.items()
        ),
    ]


def rule_id(finding: FindingV1 | FileFindingV1) -> str:
    """The id of a finding's rule, as results and rules of the log have it."""
    return for_sarif(finding.rule_id, NAME_LIMIT)


def _shipped(rule: Rule) -> dict[str, Any]:
    page = rule_page(rule.id)
    common = _descriptor(rule.id, rule.title, rule.severity.value, rule.confidence.value)
    overview = _section(page.splitlines(), _OVERVIEW)
    text = "\n".join(line.lstrip("#").lstrip() for line in page.splitlines())
    return {
        **common,
        "fullDescription": {"text": overview or rule.title},
        "help": {"text": text, "markdown": page},
    }


def _descriptor(id: str, title: str, severity: str, confidence: str) -> dict[str, Any]:
    return {
        "id": id,
        "shortDescription": {"text": for_sarif(title, 300)},
        "fullDescription": {"text": for_sarif(title, 300)},
        "help": {"text": _NOT_SHIPPED},
        "defaultConfiguration": {"level": LEVELS[severity]},
        "properties": {
            "precision": confidence,
            "security-severity": _SECURITY_SEVERITIES[severity],
            "tags": _TAGS,
        },
    }


def _section(lines: Sequence[str], heading: str) -> str:
    """The paragraph below a heading, on one line."""
    title = f"## {heading}"
    if title not in lines:
        return ""
    below = lines[lines.index(title) + 1 :]
    ends = (at for at, line in enumerate(below) if line.startswith("## "))
    return " ".join(" ".join(below[: next(ends, len(below))]).split())
