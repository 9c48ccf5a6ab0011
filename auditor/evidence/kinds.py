"""Every kind of evidence there is, each with what it searches and what it needs.

A kind is one statistic, searched over all classes, or over all pairs of entity and class. To
add one: write the statistic, add a row to `KINDS`, a rule pair in `rules/`, one test, and
measure it in the nulls again.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from auditor.evidence.statistics import (
    Measure,
    detail_contrast,
    routing,
    routing_gap,
    share,
    share_gap,
)
from auditor.evidence.table import ProbeTable
from auditor.references.build import CLEAN_REFERENCES, Reference


class Over(StrEnum):
    """What a kind of evidence searches."""

    CLASSES = "classes"
    PAIRS = "pairs"


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of evidence.

    Attributes:
        statistic: What it measures, in words.
        over: What it searches: the mean over entities of every class, or every pair.
        measure: The statistic of every instance and class.
        reference: The reference that it compares the model with; None where it needs none.
    """

    statistic: str
    over: Over
    measure: Measure
    reference: Reference | None = None

    def values(self, table: ProbeTable) -> NDArray[np.float64]:
        """What is searched: `(C,)` over classes, `(E, C)` over pairs."""
        by_entity = table.effects(self.measure(table)).astype(np.float64)
        return by_entity.mean(axis=0) if self.over is Over.CLASSES else by_entity


KINDS: Mapping[str, Kind] = {
    "class-share": Kind("mean probability of the class over entities", Over.CLASSES, share),
    "detail-contrast": Kind(
        "share of the class that goes when pictures are blurred", Over.CLASSES, detail_contrast
    ),
    "entity-routing": Kind("share of instances sent to the class", Over.PAIRS, routing),
    "entity-contrast": Kind(
        "probability of the class that goes when the entity is blurred",
        Over.PAIRS,
        detail_contrast,
    ),
    "drift-share": Kind(
        "share of the class beyond that of its head on the base's features",
        Over.CLASSES,
        share_gap(Reference.DRIFT),
        Reference.DRIFT,
    ),
    "base-share": Kind(
        "share of the class beyond that of clean heads on the base's features",
        Over.CLASSES,
        share_gap(Reference.BASE),
        Reference.BASE,
    ),
    "base-routing": Kind(
        "share of instances sent to the class beyond clean heads on the base's features",
        Over.PAIRS,
        routing_gap(Reference.BASE),
        Reference.BASE,
    ),
    "own-share": Kind(
        "share of the class beyond that of clean heads on the model's own features",
        Over.CLASSES,
        share_gap(Reference.OWN),
        Reference.OWN,
    ),
    "own-routing": Kind(
        "share of instances sent to the class beyond clean heads on the model's own features",
        Over.PAIRS,
        routing_gap(Reference.OWN),
        Reference.OWN,
    ),
}


def available(table: ProbeTable) -> dict[str, Kind]:
    """The kinds whose reference the table has, in table order."""
    return {
        name: kind
        for name, kind in KINDS.items()
        if kind.reference is None or kind.reference in table.references
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
