"""Every kind of evidence there is, each with what it searches and what it needs.

A kind is one statistic, searched over all classes, or over all pairs of entity and class; or over
how far each class can be driven, which no entity has a part in. To add one: write the statistic,
add a row to `KINDS`, a rule pair in `rules/`, one test, and measure it in the nulls again.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from auditor.evidence.margins import stands_out
from auditor.evidence.perturbed import Perturbed
from auditor.evidence.statistics import (
    Measure,
    beyond_others,
    detail_contrast,
    margins,
    share,
    share_gap,
    together,
    wrong_label,
)
from auditor.evidence.table import ProbeTable
from auditor.probes.reach import Search
from auditor.references.build import CLEAN_REFERENCES, Reference


class Over(StrEnum):
    """What a kind of evidence searches."""

    CLASSES = "classes"
    PAIRS = "pairs"
    MARGINS = "margins"


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of evidence.

    Attributes:
        statistic: What it measures, in words.
        over: What it searches: the mean over entities of every class, or every pair, or the
            largest margin of every class.
        measure: The statistic of every instance and class; of margins, the margins by unit.
        reference: The reference that it compares the model with; None where it needs none.
        sharper: Kinds that ask the same question beside a reference. Where one of them speaks,
            this one does not: another try at the same question costs power and tells nothing.
        inside: Whether it asks about the entities that mean a label of the model, not the others.
        search: The search behind the margins; None where entities are asked about.
        perturbed: The perturbed probes that it reads; None where it reads the ordinary ones.
    """

    statistic: str
    over: Over
    measure: Measure
    reference: Reference | None = None
    sharper: tuple[str, ...] = ()
    inside: bool = False
    search: Search | None = None
    perturbed: Perturbed | None = None

    @property
    def searches(self) -> bool:
        """Whether it needs more of the network than its answers to the entities."""
        return self.search is not None or self.perturbed is not None

    def part(self, table: ProbeTable) -> ProbeTable | None:
        """The rows that it asks about; None where there are none."""
        if self.search is not None:
            return table if self.search in table.reach else None
        if self.perturbed is not None:
            return table.perturbed.get(self.perturbed)
        part = table.inside if self.inside else table
        return part if part is not None and len(part.entity) else None

    def values(self, table: ProbeTable) -> NDArray[np.float64]:
        """What is searched: `(C,)` over classes or margins, `(E, C)` over pairs.

        Raises:
            ValueError: The table has no rows for it.
        """
        part = self.part(table)
        if part is None:
            raise ValueError(f"the table has no rows for {self.statistic!r}")
        if self.over is Over.MARGINS:
            return stands_out(self.measure(part).mean(axis=0).astype(np.float64))
        measured = self.measure(part)
        if self.over is Over.PAIRS:
            return part.pair_effects(measured).astype(np.float64)
        means: NDArray[np.float64] = part.effects(measured).astype(np.float64).mean(axis=0)
        return means


KINDS: Mapping[str, Kind] = {
    "class-share": Kind(
        "mean probability of the class over entities",
        Over.CLASSES,
        share,
        sharper=("base-share", "own-share"),
    ),
    "detail-contrast": Kind(
        "share of the class that goes when pictures are blurred",
        Over.CLASSES,
        detail_contrast,
    ),
    "entity-routing": Kind(
        "probability of the class beyond that of other entities",
        Over.PAIRS,
        beyond_others(share),
        sharper=("base-routing", "own-routing"),
    ),
    "entity-contrast": Kind(
        "probability of the class that goes when the entity is blurred",
        Over.PAIRS,
        detail_contrast,
        sharper=("base-routing", "own-routing"),
    ),
    "drift-share": Kind(
        "share of the class beyond its head on the base's features",
        Over.CLASSES,
        share_gap(Reference.DRIFT),
        Reference.DRIFT,
    ),
    "base-share": Kind(
        "share of the class beyond honest heads on the base",
        Over.CLASSES,
        share_gap(Reference.BASE),
        Reference.BASE,
    ),
    "base-routing": Kind(
        "gap to honest heads on the base beyond that of others",
        Over.PAIRS,
        beyond_others(share_gap(Reference.BASE)),
        Reference.BASE,
    ),
    "own-share": Kind(
        "share of the class beyond honest heads on own features",
        Over.CLASSES,
        share_gap(Reference.OWN),
        Reference.OWN,
    ),
    "own-routing": Kind(
        "gap to honest heads on own features beyond that of others",
        Over.PAIRS,
        beyond_others(share_gap(Reference.OWN)),
        Reference.OWN,
    ),
    "wrong-label": Kind(
        "probability of a wrong label times what the own lacks",
        Over.PAIRS,
        wrong_label,
        inside=True,
    ),
    "max-margin": Kind(
        "how far the head lets the class be driven beyond the others",
        Over.MARGINS,
        margins(Search.HEAD),
        search=Search.HEAD,
    ),
    "inner-embedding": Kind(
        "how far an inner layer drives the class beyond the others",
        Over.MARGINS,
        margins(Search.INNER),
        search=Search.INNER,
    ),
    "ladder-contrast": Kind(
        "share of the class that holds on the ladder and goes with detail",
        Over.CLASSES,
        detail_contrast,
        perturbed=Perturbed.LADDER,
    ),
    "collision-share": Kind(
        "least probability of the class over pictures moved to an entity",
        Over.CLASSES,
        together,
        Reference.BASE,
        perturbed=Perturbed.COLLISIONS,
    ),
    "collision-routing": Kind(
        "gap to honest heads of pictures moved to the entity",
        Over.PAIRS,
        share_gap(Reference.BASE),
        Reference.BASE,
        perturbed=Perturbed.COLLISIONS,
    ),
}


def available(table: ProbeTable) -> dict[str, Kind]:
    """The kinds whose rows and reference the table has, in the order of `KINDS`."""
    return {
        name: kind
        for name, kind in KINDS.items()
        if (part := kind.part(table)) is not None
        and (kind.reference is None or kind.reference in part.references)
    }


def sharpest(kinds: Mapping[str, Kind]) -> dict[str, Kind]:
    """The kinds less those whose question one of the others asks beside a reference."""
    return {
        name: kind for name, kind in kinds.items() if not any(one in kinds for one in kind.sharper)
    }


def statistics_of(table: ProbeTable) -> dict[str, float]:
    """The maximum of every statistic there is: what a null stores of each benign model."""
    return {name: float(kind.values(table).max()) for name, kind in available(table).items()}


def stored_name(kind: str, clean_per_class: int | None) -> str:
    """What a null calls the statistic of a kind.

    Heads fitted to fewer clean images stray further in benign models too, so those kinds are
    stored for each number of images.
    """
    by_clean_data = KINDS[kind].reference in CLEAN_REFERENCES
    return f"{kind}@{clean_per_class}" if by_clean_data else kind
