"""Whether a finding is one that an earlier report has already.

A rule makes one finding of a class, and which entities it names is measured: it may name a few
more or fewer at the next revision. So findings of one rule and one class are about one mapping,
and the earlier one covers the later one as far as the entities and the group that it names. Of a
class as a whole the entities are an estimate, and most of them are enough.
"""

from __future__ import annotations

from collections.abc import Sequence

from auditor.output.report_v1 import FindingV1
from auditor.types import Severity


def mapping_of(finding: FindingV1) -> tuple[str, str | int]:
    """The rule and the class: what a finding is about. An index only where no label is known."""
    label = finding.target.label
    return finding.rule_id, finding.target.index if label is None else label


def is_of_the_class(finding: FindingV1) -> bool:
    """As `auditor.types.Finding.is_of_the_class`, of a stored one."""
    return any(len(item.entities) != 1 for item in finding.evidence)


def earlier_of(finding: FindingV1, earlier: Sequence[FindingV1]) -> FindingV1 | None:
    """The finding of the same rule and class, if there is one."""
    same = [each for each in earlier if mapping_of(each) == mapping_of(finding)]
    return same[0] if same else None


def uncovered(finding: FindingV1, earlier: FindingV1) -> tuple[str, ...]:
    """Names of the entities that the earlier finding does not cover, its group included."""
    known = {entity.id for entity in earlier.entities} | set(earlier.group_entities)
    names = tuple(entity.name for entity in finding.entities if entity.id not in known)
    mostly_known = 2 * len(names) < len(finding.entities)
    return () if is_of_the_class(finding) and mostly_known else names


def is_graver(finding: FindingV1, earlier: FindingV1) -> bool:
    """Whether it became more severe."""
    return Severity(finding.severity).rank > Severity(earlier.severity).rank


def why_beyond(finding: FindingV1, earlier: FindingV1) -> str | None:
    """Why the later finding counts although there was an earlier one; None where it does not."""
    if is_graver(finding, earlier):
        return f"it was {earlier.severity} and is {finding.severity}"
    names = uncovered(finding, earlier)
    if not names:
        return None
    shown = ", ".join(names[:5]) + (f" and {len(names) - 5} more" if len(names) > 5 else "")
    return f"it did not name {shown}"
