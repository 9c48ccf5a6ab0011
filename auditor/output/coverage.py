"""What a verdict covers: what was looked at, what was not, and what this page leaves out."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from auditor.output import wording
from auditor.output.escaping import for_terminal, prose_for_terminal
from auditor.output.parts_v1 import SkipV1
from auditor.output.report_v1 import CostV1, EvidenceV1, ReportV1

MOST_ENTITIES = 12
MOST_SUBJECTS = 6


def coverage_rows(report: ReportV1) -> list[tuple[str, str]]:
    """Entities, where their instances come from, and every kind of evidence."""
    names = _entity_names(report)
    if not names and not report.evidence:
        return [("nothing", "no measurement was made")]
    kinds = sorted({entity.kind for entity in report.entities})
    found = [("entities", f"{len(names):,}: {wording.some(names, MOST_ENTITIES)}")]
    if kinds:
        found.append(("instances", wording.some(kinds, 5)))
    by_kind: dict[str, list[EvidenceV1]] = defaultdict(list)
    for evidence in report.evidence:
        by_kind[evidence.kind].append(evidence)
    lines = [_kind(kind, by_kind[kind]) for kind in sorted(by_kind)]
    return found + [("looked for" if at == 0 else "", line) for at, line in enumerate(lines)]


def _kind(kind: str, evidence: Sequence[EvidenceV1]) -> str:
    line = f"{for_terminal(kind, 60)}: {wording.counted(len(evidence), 'measurement')}"
    undecided = sum(one.why_undecided is not None for one in evidence)
    smallest = min((one.p_value for one in evidence if one.p_value is not None), default=None)
    if undecided:
        line += f", {undecided:,} undecided"
    return line if smallest is None else f"{line}, smallest p = {wording.p_value(smallest)}"


def of_planned(cost: CostV1) -> str:
    """Behind a number of probes: how many an exhaustive plan has, where not all were asked."""
    planned = cost.planned
    return "" if planned is None or cost.probes >= planned else f" of {planned:,} planned"


def _entity_names(report: ReportV1) -> list[str]:
    """Every entity once, the most suspect first, then in bank order."""
    names = {pair.entity.id: pair.entity.name for pair in report.ranking}
    names |= {entity.id: entity.name for entity in report.entities}
    return list(names.values())


@dataclass(frozen=True, slots=True)
class SkipGroup:
    """All subjects that share a reason and a remedy; the strings are as the report has them."""

    subjects: tuple[str, ...]
    reason: str
    remedy: str


def skip_groups(skips: Sequence[SkipV1]) -> list[SkipGroup]:
    """What was skipped for one reason, together, the largest group first."""
    subjects: dict[tuple[str, str], list[str]] = defaultdict(list)
    for skip in skips:
        subjects[skip.reason, skip.remedy].append(skip.subject)
    ordered = sorted(subjects.items(), key=lambda item: -len(item[1]))
    return [SkipGroup(tuple(names), reason, remedy) for (reason, remedy), names in ordered]


def grouped_skips(skips: Sequence[SkipV1]) -> list[str]:
    """One line for each group of skips."""
    lines = []
    for group in skip_groups(skips):
        line = f"{skip_subjects(group.subjects)}: "
        line += f"{prose_for_terminal(group.reason, 300).rstrip('.')}."
        remedy = prose_for_terminal(group.remedy, 300)
        lines.append(f"{line} Remedy: {remedy}" if group.remedy else line)
    return lines


def skip_subjects(names: Sequence[str]) -> str:
    """The first few, and how many there are if there is more than one."""
    shown = wording.some(names, MOST_SUBJECTS)
    return shown if len(names) == 1 else f"{len(names):,} subjects ({shown})"
