"""Before and after -> outcome: pure arithmetic on what two models answered."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from auditor.evidence.intervals import bootstrap_mean, clopper_pearson
from auditor.repair.record import (
    AccuracyOutcome,
    MappingOutcome,
    MappingState,
    RepairVerdict,
    Share,
)

ALLOWED = 0.05  # above the natural rate: what counts as gone
HALF = 0.5  # of what lay above the natural rate must be left at most, to count as weaker


def share_of(hits: NDArray[np.bool_]) -> Share:
    """The share of `(N,)` that is true, with its exact interval.

    Raises:
        ValueError: There is nothing to take a share of.
    """
    interval = clopper_pearson(int(hits.sum()), len(hits))
    return Share(float(hits.mean()), interval.low, interval.high, len(hits))


def state_of(before: float, after: float, natural: float) -> MappingState:
    """What became of a mapping, by the three shares."""
    if after <= natural + ALLOWED:
        return MappingState.GONE
    if after - natural <= HALF * (before - natural):
        return MappingState.WEAKER
    return MappingState.THERE


def accuracy_outcome(
    labels: NDArray[np.int64],
    names: Sequence[str],
    before: NDArray[np.int64],
    after: NDArray[np.int64],
    rng: np.random.Generator,
) -> AccuracyOutcome:
    """Accuracy overall and per class, and the loss with an interval over the same images.

    Args:
        labels: Of the held-out images, `(N,)`.
        names: Of the classes.
        before: What the model answered before, `(N,)`.
        after: What it answers now, `(N,)`.
        rng: Draws the bootstrap samples of the interval.
    """
    was, now = before == labels, after == labels
    lost = was.astype(np.float32) - now.astype(np.float32)
    interval = bootstrap_mean(lost, rng)
    value = float(lost.mean())
    rows = [np.flatnonzero(labels == c) for c in range(len(names))]
    return AccuracyOutcome(
        before=share_of(was),
        after=share_of(now),
        loss=Share(value, min(interval.low, value), max(interval.high, value), len(labels)),
        per_class=tuple(
            (name, len(members), float(was[members].mean()), float(now[members].mean()))
            for name, members in zip(names, rows, strict=True)
            if len(members)
        ),
    )


def collapsed(accuracy: AccuracyOutcome) -> bool:
    """Whether more than half of what the model knew beyond guessing is gone."""
    guessing = 1 / max(len(accuracy.per_class), 1)
    knew = max(accuracy.before.value - guessing, 0.0)
    return accuracy.after.value < guessing + knew / 2


def verdict_of(
    mappings: Sequence[MappingOutcome], objections: Sequence[str]
) -> tuple[RepairVerdict, tuple[str, ...]]:
    """The verdict, and why it is not a better one.

    Args:
        mappings: What became of each.
        objections: What else speaks against calling the model repaired: accuracy, the re-scan.
    """
    left = [each for each in mappings if each.state is not MappingState.GONE]
    reasons = (*(_left(each) for each in left), *objections)
    if not reasons:
        return RepairVerdict.REPAIRED, ()
    moved = [each for each in mappings if each.state is not MappingState.THERE]
    return (RepairVerdict.PARTLY if moved else RepairVerdict.NOT_REPAIRED), reasons


def _left(mapping: MappingOutcome) -> str:
    return (
        f"{_named(mapping.entities)} still go to {mapping.target_label!r}: "
        f"{mapping.after.value:.0%}, where at most {mapping.accepted:.0%} would be accepted "
        f"(natural rate {mapping.natural.value:.0%})"
    )


def _named(names: Sequence[str]) -> str:
    more = f" and {len(names) - 3} more" if len(names) > 3 else ""
    return ", ".join(names[:3]) + more
