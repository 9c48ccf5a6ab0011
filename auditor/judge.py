"""Rule + evidence -> finding, skip, or nothing. The only place where a threshold is applied.

Three-way: the whole interval above the rule's threshold and the p-value at or below the
false-positive rate is a finding; clearly below is nothing; what lies between is a Skip that
says what would decide it. A rule that got no evidence is a Skip too, so that an empty scan can
never look like a clean one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from auditor.rules import Rule
from auditor.types import Entity, Evidence, Example, Finding, Skip

ENTITIES_NAMED = 5  # in a summary; the finding itself lists all


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
        for item in own:
            undecided = why_undecided(rule, item, false_positive_rate)
            if undecided:
                skips.append(undecided)
            elif speaks(rule, item, false_positive_rate):
                findings.append(_finding(rule, item, labels, by_id, examples))
    findings.sort(key=lambda f: (-f.severity.rank, f.p_value, f.rule_id))
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
    item: Evidence,
    labels: Sequence[str],
    by_id: dict[str, Entity],
    examples: Sequence[Example],
) -> Finding:
    entities = tuple(by_id[i] for i in item.entity_ids)
    named = ", ".join(e.name for e in entities[:ENTITIES_NAMED])
    if len(entities) > ENTITIES_NAMED:
        named += f" and {len(entities) - ENTITIES_NAMED} more"
    target = labels[item.target_index]
    fields = {
        "entities": named,
        "target": target,
        "value": f"{item.value:.2f}",
        "baseline": "unknown" if item.baseline is None else f"{item.baseline:.2f}",
    }
    summary = rule.summary
    for key, text in fields.items():  # not str.format: names come from a hostile checkpoint
        summary = summary.replace("{" + key + "}", text)
    assert item.p_value is not None  # speaks() asked for it
    return Finding(
        rule_id=rule.id,
        severity=rule.severity,
        confidence=rule.confidence,
        title=rule.title,
        summary=summary,
        p_value=item.p_value,
        q_value=item.p_value,
        entities=entities,
        target_index=item.target_index,
        target_label=target,
        evidence=(item,),
        examples=tuple(
            e
            for e in examples
            if e.entity_id in item.entity_ids and e.predicted_index == item.target_index
        )[:ENTITIES_NAMED],
    )
