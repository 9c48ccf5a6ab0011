"""One finding after another, for a person who has to decide on them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from rich.console import RenderableType
from rich.text import Text

from auditor.output import wording
from auditor.output.escaping import for_terminal, prose_for_terminal
from auditor.output.layout import bullets, hanging, heading, paragraph, rows
from auditor.output.report_v1 import ExampleV1, FindingV1, NeighbourV1, ReportV1

MOST_FINDINGS = 20
MOST_ENTITIES = 6
MOST_FURTHER_EVIDENCE = 3
MOST_EXAMPLES = 3
MOST_NEIGHBOURS = 3

WHAT_P_MEANS = (
    "p: chance that a benign fine-tune shows evidence this strong, the search over all pairs "
    "included."
)
_SEVERITY_STYLES = {"low": "cyan", "medium": "yellow", "high": "red", "critical": "bold red"}


def findings_blocks(report: ReportV1) -> list[RenderableType]:
    """The first findings, or nothing where there are none."""
    if not report.findings:
        return []
    names = {entity.id: entity.name for entity in report.entities}
    blocks = heading("FINDINGS")
    for number, finding in enumerate(report.findings[:MOST_FINDINGS], start=1):
        blocks += [*([Text()] if number > 1 else []), *_finding(number, finding, names)]
    return [
        *blocks,
        *_not_shown(report.findings[MOST_FINDINGS:]),
        Text(),
        paragraph(
            f"{WHAT_P_MEANS} q: the same after all rules' tries are counted. Confidence: how "
            "often the rule is right on models of known truth.",
            style="dim",
        ),
    ]


def _not_shown(findings: Sequence[FindingV1]) -> list[RenderableType]:
    if not findings:
        return []
    severities = Counter(finding.severity for finding in findings)
    counts = ", ".join(f"{count:,} {severity}" for severity, count in severities.items())
    return [Text(), paragraph(f"{len(findings):,} more, not shown here: {counts}.")]


def _finding(number: int, finding: FindingV1, names: Mapping[str, str]) -> list[RenderableType]:
    title = hanging(
        Text(f"{number}.", style="bold"),
        Text(finding.severity, style=_SEVERITY_STYLES[finding.severity]),
        Text(prose_for_terminal(finding.title, 300), style="bold"),
    )
    pairs = [
        ("certainty", _certainty(finding)),
        ("entities", _entities(finding)),
        ("sent to", wording.target(finding.target)),
        ("effect", wording.measured(finding.evidence[0], finding, names)),
    ]
    pairs += [
        ("also", f"{wording.measured(each, finding, names)}, p = {wording.p_value(each.p_value)}")
        for each in finding.evidence[1 : 1 + MOST_FURTHER_EVIDENCE]
    ]
    if finding.group is not None:
        pairs.append(("group", wording.group(finding, names)))
    pairs.append(("rule", f"{for_terminal(finding.rule_id)}, fingerprint {_fingerprint(finding)}"))
    pairs += _standing(finding)
    return [
        title,
        rows(pairs),
        Text(),
        paragraph(prose_for_terminal(finding.explanation or finding.summary)),
        *_examples(finding, names),
    ]


def _certainty(finding: FindingV1) -> str:
    p, q = wording.p_value(finding.p_value), wording.p_value(finding.q_value)
    return f"confidence {finding.confidence}, p = {p}, q = {q}"


def _entities(finding: FindingV1) -> str:
    if not finding.entities:
        return "none named: the evidence is about the class as a whole"
    names = [entity.name for entity in finding.entities]
    kinds = sorted({entity.kind for entity in finding.entities})
    return f"{len(names):,} ({wording.some(kinds, 3)}): {wording.some(names, MOST_ENTITIES)}"


def _fingerprint(finding: FindingV1) -> str:
    return for_terminal(finding.fingerprint)


def _standing(finding: FindingV1) -> list[tuple[str, str]]:
    """Why a finding does not count for the gate; severity is the gate's own matter."""
    standing = []
    if finding.suppressed is not None:
        reason = prose_for_terminal(finding.suppressed.reason, 300)
        owner = for_terminal(finding.suppressed.owner)
        expires = for_terminal(finding.suppressed.expires)
        standing.append(("suppressed", f"{reason} (by {owner}, until {expires})"))
    if finding.in_baseline:
        standing.append(("baseline", "this finding is in the baseline report already"))
    return standing


def _examples(finding: FindingV1, names: Mapping[str, str]) -> list[RenderableType]:
    examples = finding.examples
    if not examples:
        return []
    lines = [
        _example(example, names.get(example.entity, example.entity))
        for example in examples[:MOST_EXAMPLES]
    ]
    return [Text(), paragraph(f"Examples ({len(lines)} of {len(examples):,})"), bullets(lines)]


def _example(example: ExampleV1, name: str) -> str:
    instance, view = for_terminal(example.instance), for_terminal(example.view, 40)
    answer = f"{wording.target(example.predicted)} at {wording.number(example.probability)}"
    line = f"{for_terminal(name, 60)}: {instance}, view {view} -> {answer}"
    if not example.neighbours:
        return line
    nearest = ", ".join(_neighbour(neighbour) for neighbour in example.neighbours[:MOST_NEIGHBOURS])
    return f"{line}; nearest in --clean-data: {nearest}"


def _neighbour(neighbour: NeighbourV1) -> str:
    alike = wording.number(neighbour.similarity)
    return f"{wording.target(neighbour.label)} {for_terminal(neighbour.instance, 60)} at {alike}"
