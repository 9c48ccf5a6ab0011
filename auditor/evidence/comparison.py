"""Which benign models a table is compared with, and in which kinds of evidence."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from auditor.evidence.kinds import KINDS, Kind, available, sharpest, stored_name
from auditor.evidence.null import Size, StoredNull, adjusted_p
from auditor.evidence.statistics import drift
from auditor.evidence.table import ProbeTable

NOT_MEASURED = "too few benign models were measured with this evidence"


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """What a table is compared with.

    Attributes:
        size: What its statistics depend on besides the model.
        kinds: The kinds of evidence that there is material for, less those of which too few
            benign models are known.
        null: The benign models, with the statistics that are searched; None where there are none.
        incomparable: Why kinds of evidence that the null lacks get no p-value, where that is so.
    """

    size: Size
    kinds: Mapping[str, Kind]
    null: StoredNull | None
    incomparable: str | None = None

    def largest(self, table: ProbeTable) -> dict[str, float]:
        """The maximum of each statistic."""
        return {name: float(kind.values(table).max()) for name, kind in self.kinds.items()}

    def p_value(self, table: ProbeTable) -> float | None:
        """How rare what stands out most is among the benign models; None where nobody knows."""
        if self.null is None:
            return None
        largest = self.largest(table)
        return min(
            float(adjusted_p(self.null, name, np.array([largest[name]]), self.size)[0])
            for name in self.null.statistics
        )


def compared(
    table: ProbeTable,
    null: StoredNull | None,
    *,
    classes: int,
    clean_per_class: int | None = None,
    architecture: str | None = None,
) -> Comparison:
    """The part of a null that a table is compared with.

    Args:
        table: What the model answered, and what the references would have.
        null: What benign fine-tunes show; None where there is none for these instances.
        classes: The model's number of labels.
        clean_per_class: Clean images a class behind the references, where there are any.
        architecture: The model's, to be ranked among its own kind where there is enough of it.
    """
    size = size_of(table, classes)
    # The size of the bank is that of the entities that mean no label, where there are any.
    incomparable = why_incomparable(null, size) if null is None or len(table.entity) else None
    kinds = available(table)
    if null is None:
        return Comparison(size=size, kinds=kinds, null=None, incomparable=incomparable)
    of_bank = {name for name, kind in kinds.items() if not (kind.inside or kind.search)}
    ranked = set(kinds) - (of_bank if incomparable else set())
    null = of_the_sharpest(null, [name for name in kinds if name in ranked], clean_per_class)
    null = (null if architecture is None else null.alike(architecture)).beside(size)
    unknown = ranked - set(null.statistics)
    if unknown == set(kinds):
        return Comparison(size=size, kinds=kinds, null=None, incomparable=NOT_MEASURED)
    kinds = {name: kind for name, kind in kinds.items() if name not in unknown}
    return Comparison(size=size, kinds=kinds, null=null, incomparable=incomparable)


def of_the_sharpest(
    null: StoredNull, kinds: Sequence[str], clean_per_class: int | None
) -> StoredNull:
    """The null of these kinds, less those whose question another one asks more sharply."""
    stored = {name: stored_name(name, clean_per_class) for name in kinds}
    measured = null.of(stored).statistics
    left = sharpest({name: KINDS[name] for name in stored if name in measured})
    return null.of({name: stored[name] for name in left})


def size_of(table: ProbeTable, classes: int) -> Size:
    """Of the entities that mean no label; of those that do where there are no others.

    Instances are those of the entities that pairs are searched among.
    """
    part = table if len(table.entity) or table.inside is None else table.inside
    tested = part.tested
    counts = np.bincount(part.entity)
    searched = tested if part.close is None else tested[np.isin(tested, part.close)]
    return Size(
        classes=classes,
        entities=len(tested),
        instances=int(np.median(counts[searched])),
        drift=drift(table),
    )


def why_incomparable(null: StoredNull | None, size: Size) -> str | None:
    """Why benign models say nothing about a bank of this size; None where they do."""
    if null is None:
        return "no stored null for this source of instances"
    fewest = null.entity_grid[0]
    if size.entities < fewest:
        # A maximum over few entities varies more, so a null of larger banks would cry wolf.
        return f"{size.entities} entities were tested where the null needs at least {fewest}"
    return None
