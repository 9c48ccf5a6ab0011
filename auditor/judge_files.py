"""Rule + fact about a file -> finding. Beside `judge`: here nothing is ranked among models."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from auditor.rules import Rule
from auditor.types import FileFact, FileFinding

MOST_NAMED = 5  # in a summary; the finding itself lists more


def judge_files(rules: Sequence[Rule], facts: Iterable[FileFact]) -> tuple[FileFinding, ...]:
    """Apply every rule about files to the facts of its kind, gravest finding first."""
    facts = list(facts)
    findings = [
        _finding(rule, fact)
        for rule in rules
        for fact in facts
        if rule.evidence == fact.kind and rule.is_about_files and fact.count >= rule.min_effect
    ]
    return tuple(sorted(findings, key=lambda f: (-f.severity.rank, f.rule_id, f.file.path)))


def _finding(rule: Rule, fact: FileFact) -> FileFinding:
    return FileFinding(
        rule_id=rule.id,
        severity=rule.severity,
        confidence=rule.confidence,
        title=rule.title,
        summary=f"{_summary(rule, fact)} What else could explain it: {rule.otherwise.strip()}",
        file=fact.file,
        named=fact.named,
    )


def _summary(rule: Rule, fact: FileFact) -> str:
    named = ", ".join(fact.named[:MOST_NAMED]) or "nothing"
    if fact.count > MOST_NAMED:
        named += f" and {fact.count - min(MOST_NAMED, len(fact.named))} more"
    fields = {"file": fact.file.path, "says": fact.says, "named": named}
    # One pass, and no str.format: the names come from a hostile checkpoint.
    return re.sub(r"\{(\w+)\}", lambda m: fields.get(m[1], m[0]), rule.summary.strip())
