"""Intervals of a difference between two models that were shown the same pictures.

Pictures are drawn anew, and both models are looked at on the same draw: what makes a picture hard
for both cancels.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from auditor.evidence.intervals import LEVEL, Interval

RESAMPLES = 2000
PART = 100  # draws at a time, where each takes more than a mean
MIN_PICTURES = 20  # fewer say nothing about how much others would differ


def drawn(count: int, rng: np.random.Generator, draws: int = RESAMPLES) -> NDArray[np.int32]:
    """Rows of draws with replacement, `(draws, count)`."""
    return rng.integers(0, count, size=(draws, count), dtype=np.int32)


def in_parts(rng: np.random.Generator, *counts: int) -> Iterator[tuple[NDArray[np.int32], ...]]:
    """`RESAMPLES` draws of several sets, a part at a time: thousands of pictures take memory."""
    for _ in range(RESAMPLES // PART):
        yield tuple(drawn(count, rng, PART) for count in counts)


def percentiles(values: NDArray[np.float64], level: float = LEVEL) -> Interval:
    """The central `level` of bootstrap values `(RESAMPLES,)`."""
    low, high = np.quantile(values, [(1 - level) / 2, (1 + level) / 2])
    return Interval(float(low), float(high))


def paired_mean(
    differences: NDArray[np.float64], rng: np.random.Generator, level: float = LEVEL
) -> Interval:
    """Interval of the mean of `(N,)` differences within [-1, 1], one a picture."""
    padded = _padded(differences)
    return percentiles(padded[drawn(len(padded), rng)].mean(axis=1), level)


def repeated_mean(differences: Sequence[NDArray[np.float64]], rng: np.random.Generator) -> Interval:
    """Interval of the mean over repeats, each with differences `(N,)` of much the same pictures.

    Repeats are drawn anew as well as pictures, and one draw of pictures serves all of them. With
    three repeats the interval still says too little of what other seeds would do.
    """
    padded = [_padded(each) for each in differences]
    rows = {count: drawn(count, rng) for count in sorted({len(each) for each in padded})}
    means = np.stack([each[rows[len(each)]].mean(axis=1) for each in padded])
    chosen = rng.integers(0, len(means), size=means.shape)
    return percentiles(np.take_along_axis(means, chosen, axis=0).mean(axis=0))


def _padded(differences: NDArray[np.float64]) -> NDArray[np.float64]:
    """The differences, and one more in either direction.

    Twenty pictures on which two models agree do not prove that they always do, yet all draws of
    them say so. Two made-up pictures do for the bootstrap what Agresti and Min (Statistics in
    Medicine 24, 2005) do for the interval of a difference of paired shares.
    """
    return np.concatenate([differences, [1.0, -1.0]])
