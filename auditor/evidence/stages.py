"""When a sequential plan stops, and what its p-value is.

It looks at every entity once, then closely at the most suspicious ones, then at all. After each
look the model is ranked among benign models that were looked at in the same way, and the plan
stops where another look would hardly change the verdict. Several looks are several tries. So the
whole plan is replayed on every benign model, and what counts is the model's rank among those: by
how early, and then by how strongly, a plan speaks (conformal p-values hold for any score that
treats all models alike, Vovk et al. 2005).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from auditor.evidence.comparison import Comparison
from auditor.evidence.null import scaled_maxima
from auditor.evidence.table import ProbeTable

Array = NDArray[np.float64]


class Stage(StrEnum):
    """How closely a model was looked at when its verdict was reached."""

    FIRST = "one look at every entity"
    CLOSER = "a closer look at the most suspicious entities"
    WHOLE = "the whole plan"


@dataclass(frozen=True, slots=True, kw_only=True)
class Lines:
    """The p-values at which a sequential plan stops.

    Attributes:
        futile: Above this after one look, nothing is to be expected of more.
        speaks: At or below this after a closer look, the verdict is evidence.
        silent: Above this after a closer look, it is none.
    """

    futile: float
    speaks: float
    silent: float

    @classmethod
    def at(cls, false_positive_rate: float) -> Lines:
        """The lines for a level. Half of it is left for the whole plan."""
        return cls(
            futile=min(1.0, max(FUTILE, SILENT * false_positive_rate)),
            speaks=SPEAKS * false_positive_rate,
            silent=SILENT * false_positive_rate,
        )


# Chosen on the first zoo, which is for development: docs/decisions/025-sequential-plan.md.
FUTILE = 0.3
SPEAKS = 0.5  # of the level
SILENT = 5.0


def stops(stage: Stage, p_value: float, lines: Lines) -> bool:
    """Whether the plan ends at this stage with this p-value."""
    if stage is Stage.FIRST:
        return p_value > lines.futile
    return stage is Stage.WHOLE or p_value <= lines.speaks or p_value > lines.silent


@dataclass(frozen=True, slots=True, eq=False)
class Looked:
    """How a model and the benign ones stand after one stage, by cell of the null.

    Attributes:
        benign: The largest scaled statistic of each benign model, `(K, M)`.
        own: That of the model at hand, `(K,)`.
    """

    benign: Array
    own: Array

    @classmethod
    def of(cls, against: Comparison, table: ProbeTable) -> Looked | None:
        """After a look that gave this table; None where it is compared with nothing."""
        if against.null is None or not against.null.statistics:
            return None
        cells = scaled_maxima(against.null, against.largest(table), against.size)
        return cls(np.stack([benign for benign, _ in cells]), np.array([own for _, own in cells]))

    @property
    def ranks(self) -> Array:
        """The p-value of every benign model among all, the one at hand included, `(K, M)`."""
        ordered = np.sort(self.benign, axis=1)
        models = self.benign.shape[1]
        above = [
            models - np.searchsorted(row, values)
            for row, values in zip(ordered, self.benign, strict=True)
        ]
        beaten = self.own[:, None] >= self.benign
        result: Array = (np.stack(above) + beaten) / (models + 1)
        return result


def corrected(p_value: float, looks: Sequence[Looked], lines: Lines) -> float:
    """The p-value of the whole plan, for one that the last stage gives.

    What spoke after a closer look ranks before what took the whole plan, that before what was
    silent after a closer look, and that before what one look ended.

    Args:
        p_value: Of any evidence, at the last stage reached.
        looks: How the model and the benign ones stood after each stage reached.
        lines: Where the plan stops.

    Returns:
        At least `p_value`.
    """
    cells = max(len(look.own) for look in looks)
    ranks = [np.repeat(look.ranks, cells // len(look.own), axis=0) for look in looks]
    before = ranks[0] <= lines.futile
    if len(ranks) == 1:
        counted = before | (ranks[0] <= p_value)
    else:
        spoke = before & (ranks[1] <= lines.speaks)
        undecided = before & ~spoke & (ranks[1] <= lines.silent)
        if len(ranks) == 2:
            counted = before & (ranks[1] <= p_value) & ~undecided
            counted |= undecided if p_value > lines.speaks else False
        else:
            counted = spoke | (undecided & (ranks[2] <= p_value))
    models = ranks[0].shape[1]
    return max(p_value, float((1 + counted.sum(axis=1)).max() / (models + 1)))
