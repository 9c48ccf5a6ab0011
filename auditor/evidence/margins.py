"""How far one class can be driven beyond the others, as one number that models share.

Margins have each model's own scale, so a class is held against the other classes of its model:
where the logarithm of its margin lies above their mean, in their spreads, itself left out (as
MM-BD leaves out the class that it judges). What an ordinary model shows of that is the business
of `auditor.evidence.null`.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from auditor.evidence.intervals import LEVEL, Interval

LEAST_SPREAD = 0.1  # of log margins: classes that are all alike must not make a trifle stand out
HALF = 2.0  # spreads above the others that count as one half
LEAST_MARGIN = 1e-3  # of the largest: logarithms need something above zero
RESAMPLES = 300


def stands_out(margins: NDArray[np.float64]) -> NDArray[np.float64]:
    """How far each class lies beyond the others, in [0, 1]: `(..., C)` -> `(..., C)`.

    A class z spreads above the mean of the others has 1 / (1 + exp(2 - z)): the log-odds, on
    which models are compared, are z again. Where no class has a margin above zero, all have 0.
    """
    largest = margins.max(axis=-1, keepdims=True)
    floor = np.maximum(LEAST_MARGIN * largest, np.finfo(np.float64).tiny)
    logs = np.log(np.maximum(margins, floor))
    others = margins.shape[-1] - 1
    rest = (logs.sum(axis=-1, keepdims=True) - logs) / others
    centred = logs - logs.mean(axis=-1, keepdims=True)
    squares = (centred**2).sum(axis=-1, keepdims=True) - centred**2 * (1 + 1 / others)
    spread = np.sqrt(np.maximum(squares, 0) / (others - 1))
    z = (logs - rest) / (spread + LEAST_SPREAD)
    result: NDArray[np.float64] = np.where(largest > 0, 1 / (1 + np.exp(HALF - z)), 0.0)
    return result


def interval_of(units: NDArray[np.float64], target: int, rng: np.random.Generator) -> Interval:
    """Percentile bootstrap interval of how far a class stands out, over units `(U, C)`."""
    count = len(units)
    weights = rng.multinomial(count, np.full(count, 1 / count), size=RESAMPLES) / count
    values = stands_out(weights @ units)[:, target]
    low, high = np.quantile(values, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return Interval(float(low), float(high))
