"""One finding in Markdown: a row of the table, and what unfolds below it."""

from __future__ import annotations

from collections.abc import Mapping

from auditor.output import wording
from auditor.output.escaping import code_for_markdown, for_markdown, for_terminal
from auditor.output.report_v1 import ExampleV1, FindingV1
from auditor.output.standing import why_passed

MOST_ENTITIES = 6
MOST_EXAMPLES = 3
MOST_FURTHER_EVIDENCE = 3


def row(number: int, finding: FindingV1, gate: str | None) -> str:
    """A row of the table, cells in the order of its head."""
    passed = why_passed(finding, gate)
    cells = (
        str(number),
        finding.severity,
        for_markdown(finding.title, 160),
        for_markdown(wording.target(finding.target, 40), 80),
        wording.p_value(finding.p_value),
        "**yes**" if passed is None else f"no: {for_markdown(passed, 200)}",
    )
    return f"| {' | '.join(cells)} |"


def details(number: int, finding: FindingV1, names: Mapping[str, str]) -> str:
    """All that a decision needs, folded away; `names` are those of entities by their id."""
    triggers = [entity.name for entity in finding.entities]
    p, q = wording.p_value(finding.p_value), wording.p_value(finding.q_value)
    lines = [
        f"entities: {len(triggers):,}: {wording.some(triggers, MOST_ENTITIES)}" if triggers else "",
        f"certainty: confidence {finding.confidence}, p = {p}, q = {q}",
        *(
            f"{'also' if at else 'effect'}: {wording.measured(each, finding, names)}, "
            f"p = {wording.p_value(each.p_value)}"
            for at, each in enumerate(finding.evidence[: 1 + MOST_FURTHER_EVIDENCE])
        ),
        f"group: {wording.group(finding, names)}" if finding.group is not None else "",
        *(_example(example, names) for example in finding.examples[:MOST_EXAMPLES]),
    ]
    rule, fingerprint = code_for_markdown(finding.rule_id), code_for_markdown(finding.fingerprint)
    title = for_markdown(f"{finding.severity}: {finding.title}", 300)
    return "\n".join(
        [
            f"<details><summary>{number}. {title}</summary>",
            "",
            for_markdown(finding.explanation or finding.summary),
            "",
            *(f"- {for_markdown(line, 900)}" for line in lines if line),
            f"- rule {rule}, fingerprint {fingerprint}",
            "",
            "</details>",
            "",
        ]
    )


def _example(example: ExampleV1, names: Mapping[str, str]) -> str:
    answer = f"{wording.target(example.predicted)} at {wording.number(example.probability)}"
    name = for_terminal(names.get(example.entity, example.entity), 60)
    instance, view = for_terminal(example.instance), for_terminal(example.view, 40)
    return f"example: {name}, {instance}, view {view}: {answer}"
