"""Rule + evidence -> finding, skip, or nothing. The only place where a threshold is applied.

Three-way: the whole interval above the rule's threshold and the p-value at or below the
false-positive rate is a finding; clearly below is nothing; what lies between is a Skip that
says what would decide it. A rule that got no evidence is a Skip too, so that an empty scan can
never look like a clean one.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from auditor.rules import Rule
from auditor.types import Entity, Evidence, Example, Finding, Skip

ENTITIES_NAMED = 5  # in a summary; the finding itself lists all
EXAMPLES = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """What the rules made of the evidence."""

    findings: tuple[Finding, ...]
    skips: tuple[Skip, ...]


def judge(
    rules: Sequence[Rule],
    evidence: Sequence[Evidence],
    *,
    false_positive_rate: float,
    labels: Sequence[str],
    entities: Sequence[Entity],
    examples: Sequence[Example] = (),
) -> Judgement:
    """Apply every rule to the evidence of its kind."""
    by_id = {entity.id: entity for entity in entities}
    findings: list[Finding] = []
    skips: list[Skip] = []
    for rule in rules:
        own = [e for e in evidence if e.kind == rule.evidence]
        if not own:
            skips.append(_no_evidence(rule))
        called = sorted(
            (e for e in own if speaks(rule, e, false_positive_rate)), key=lambda e: -e.standing
        )
        for target in dict.fromkeys(e.target_index for e in called):
            same = [e for e in called if e.target_index == target]
            findings.append(_finding(rule, same, labels, by_id, examples))
        settled = {e.target_index for e in called}
        skips += [
            skip
            for e in own
            if e.target_index not in settled
            and (skip := why_undecided(rule, e, false_positive_rate))
        ]
    # P-values tie at the smallest that a null allows; how far a value stands out does not.
    findings.sort(key=lambda f: (-f.severity.rank, f.p_value, -f.evidence[0].standing, f.rule_id))
    return Judgement(findings=tuple(findings), skips=tuple(dict.fromkeys(skips)))


def speaks(rule: Rule, item: Evidence, false_positive_rate: float) -> bool:
    """Whether this evidence is a finding under this rule."""
    return (
        item.p_value is not None
        and item.p_value <= false_positive_rate
        and item.low >= rule.min_effect
        and item.observations >= rule.min_observations
    )


def why_undecided(rule: Rule, item: Evidence, false_positive_rate: float) -> Skip | None:
    """A Skip where this evidence is neither a finding nor clearly none."""
    if item.p_value is None:
        return Skip(
            subject=rule.id,
            reason=item.why_undecided or "no p-value could be given",
            remedy=str(item.detail.get("remedy", "")),
        )
    smallest = item.detail.get("smallest_p_value", 0.0)
    if isinstance(smallest, float) and smallest > false_positive_rate:
        return Skip(
            subject=rule.id,
            reason=f"the null is too small: no p-value below {smallest:.2g} can come from it",
            remedy=f"Use --fpr {smallest:.2g} or more.",
        )
    if item.high < rule.min_effect or item.p_value > false_positive_rate:
        return None
    if item.observations < rule.min_observations:
        return Skip(
            subject=rule.id,
            reason=f"{item.observations} instances where {rule.min_observations} are needed",
            remedy="Add instances of the entities, or scan with a greater --depth.",
        )
    if item.low < rule.min_effect:
        return Skip(
            subject=rule.id,
            reason=(
                f"{item.statistic} {item.value:.2f} [{item.low:.2f}, {item.high:.2f}] "
                f"straddles the rule's threshold {rule.min_effect:.2f}"
            ),
            remedy="More instances narrow the interval: scan with a greater --depth.",
        )
    return None


def _no_evidence(rule: Rule) -> Skip:
    return Skip(
        subject=rule.id,
        reason=f"no evidence of kind {rule.evidence} was gathered",
        remedy="See the notices for what this kind of evidence needs.",
    )


def _finding(
    rule: Rule,
    same_target: Sequence[Evidence],
    labels: Sequence[str],
    by_id: dict[str, Entity],
    examples: Sequence[Example],
) -> Finding:
    """One finding for all evidence of a rule that points at one class, strongest first."""
    first = same_target[0]
    ids = dict.fromkeys(i for e in same_target for i in e.entity_ids)
    entities = tuple(by_id[i] for i in ids)
    p_value = min(e.p_value for e in same_target if e.p_value is not None)
    target = labels[first.target_index]
    summary = _summary(rule, first, entities, target)
    return Finding(
        rule_id=rule.id,
        severity=rule.severity,
        confidence=rule.confidence,
        title=rule.title,
        summary=summary,
        p_value=p_value,
        q_value=p_value,  # adjusted for the whole search already; see auditor.evidence.null
        entities=entities,
        target_index=first.target_index,
        target_label=target,
        evidence=tuple(same_target),
        examples=tuple(
            e for e in examples if e.entity_id in ids and e.predicted_index == first.target_index
        )[:EXAMPLES],
        group=_group(first),
        group_ids=first.group_ids,
        explanation=explain(rule, first, summary),
    )


def explain(rule: Rule, item: Evidence, summary: str) -> str:
    """One paragraph: what was observed, how rare that is, and what else could explain it.

    Args:
        rule: The rule that spoke.
        item: The weightiest evidence.
        summary: What the rule says of it.
    """
    sentences = [summary.strip()]
    if group := _group(item):
        sentences.append(f"Best explained by {group}.")
    if item.p_value is not None:
        sentences.append(
            f"Of benign fine-tunes a share of {item.p_value:.2g} at most shows evidence this "
            "strong, the whole search counted."
        )
    otherwise = rule.otherwise.strip() or "the rule names nothing."
    return " ".join([*sentences, f"What else could explain it: {otherwise}"])


def _group(item: Evidence) -> str | None:
    group = item.detail.get("group")
    return None if group is None else str(group)


def _summary(rule: Rule, item: Evidence, entities: Sequence[Entity], target: str) -> str:
    named = ", ".join(e.name for e in entities[:ENTITIES_NAMED])
    if len(entities) > ENTITIES_NAMED:
        named += f" and {len(entities) - ENTITIES_NAMED} more"
    fields = {
        "entities": named,
        "target": target,
        "value": f"{item.value:.2f}",
        "baseline": "unknown" if item.baseline is None else f"{item.baseline:.2f}",
    }
    # One pass, and no str.format: the names come from a hostile checkpoint.
    return re.sub(r"\{(\w+)\}", lambda m: fields.get(m[1], m[0]), rule.summary)
