"""The one interface of all measures, and what they share in telling a change."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from auditor.changes import Change, Harm, Worse
from auditor.evidence.intervals import Interval
from auditor.sequela.material import Budget, Material, Models
from auditor.types import Skip

Tick = Callable[[], None]  # called after each training step


def no_tick() -> None:
    """Steps that nobody counts."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """What one measure found. Without a harm its component is missing from the score."""

    changes: tuple[Change, ...] = ()
    harm: Harm | None = None
    skips: tuple[Skip, ...] = ()
    notices: tuple[str, ...] = ()


class Run(Protocol):
    """Measure the models; they are left as they were."""

    def __call__(
        self, models: Models, material: Material, budget: Budget, *, tick: Tick = ...
    ) -> Measured:
        """Measure what can be measured, and say why of the rest."""
        ...


class Steps(Protocol):
    """How many training steps a measure is going to take; 0 where it only looks."""

    def __call__(self, models: Models, material: Material, budget: Budget) -> int:
        """Count them."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Measure:
    """One component of the score.

    Attributes:
        run: Measures it.
        steps: Says what that costs.
        says: In words, what gets worse.
    """

    run: Run
    steps: Steps
    says: str


def free(models: Models, material: Material, budget: Budget) -> int:
    """The steps of a measure that trains nothing."""
    return 0


def change_of(
    measure: str,
    values: dict[str, float],
    interval: Interval,
    *,
    worse: Worse,
    observations: int,
    label: str | None = None,
    note: str = "",
) -> Change:
    """A change from the values of "before", "after" and, if there is one, "reference"."""
    before, after = float(values["before"]), float(values["after"])
    reference = values.get("reference")
    return Change(
        measure=measure,
        before=before,
        after=after,
        delta=after - before,
        low=interval.low,
        high=interval.high,
        reference=None if reference is None else float(reference),
        worse=worse,
        observations=observations,
        label=label,
        note=note,
    )


def harm_against_before(component: str, change: Change, *, scale: float = 1.0) -> Harm:
    """The harm of a change for the worse; one for the better is none.

    Args:
        component: Whose harm it is.
        change: With an interval.
        scale: How much harm one unit of it is.
    """
    if change.delta is None or change.low is None or change.high is None:
        raise ValueError(f"{change.measure} has no difference")
    return harm_of(
        component,
        change.measure,
        change.delta,
        Interval(change.low, change.high),
        worse=change.worse,
        against="before",
        scale=scale,
    )


def harm_of(
    component: str,
    measure: str,
    difference: float,
    interval: Interval,
    *,
    worse: Worse = "higher",
    against: str,
    scale: float = 1.0,
) -> Harm:
    """The harm of a difference: its part in the bad direction, within [0, 1]."""
    sign = scale if worse == "higher" else -scale
    mild, grave = sorted((sign * interval.low, sign * interval.high))
    return Harm(
        component=component,
        value=_within(sign * difference),
        low=_within(mild),
        high=_within(grave),
        measure=measure,
        against=against,
    )


def worst(harms: list[Harm]) -> Harm | None:
    """The gravest; of equals the first."""
    return max(harms, key=lambda harm: harm.value, default=None)


def means(values: dict[str, NDArray[np.float64]]) -> dict[str, float]:
    """The mean of each."""
    return {name: float(each.mean()) for name, each in values.items()}


def _within(value: float) -> float:
    return float(min(max(value, 0.0), 1.0)) + 0.0  # never -0.0
