"""Intervals of a difference between two models that were shown the same pictures.

Pictures are drawn anew, and both models are looked at on the same draw: what makes a picture hard
for both cancels.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from auditor.evidence.intervals import LEVEL, Interval

RESAMPLES = 2000
MIN_PICTURES = 20  # fewer say nothing about how much others would differ


def drawn(count: int, rng: np.random.Generator) -> NDArray[np.int64]:
    """Rows of `RESAMPLES` draws with replacement, `(RESAMPLES, count)`."""
    return rng.integers(0, count, size=(RESAMPLES, count))


def percentiles(values: NDArray[np.float64], level: float = LEVEL) -> Interval:
    """The central `level` of bootstrap values `(RESAMPLES,)`."""
    low, high = np.quantile(values, [(1 - level) / 2, (1 + level) / 2])
    return Interval(float(low), float(high))


def paired_mean(
    differences: NDArray[np.float64], rng: np.random.Generator, level: float = LEVEL
) -> Interval:
    """Interval of the mean of `(N,)` differences, one a picture."""
    return percentiles(differences[drawn(len(differences), rng)].mean(axis=1), level)


def repeated_mean(differences: Sequence[NDArray[np.float64]], rng: np.random.Generator) -> Interval:
    """Interval of the mean over repeats, each with differences `(N_r,)` of its own pictures.

    Repeats are drawn anew as well as pictures; with three of them the interval still says too
    little of what other seeds would do.
    """
    means = np.stack([each[drawn(len(each), rng)].mean(axis=1) for each in differences])
    chosen = rng.integers(0, len(means), size=means.shape)
    return percentiles(np.take_along_axis(means, chosen, axis=0).mean(axis=0))
