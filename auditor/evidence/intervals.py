"""Intervals for the effects that a report shows."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

LEVEL = 0.95
RESAMPLES = 1000


class Interval(NamedTuple):
    """A 95 % interval."""

    low: float
    high: float


def clopper_pearson(successes: float, trials: int) -> Interval:
    """Exact interval of a share (Clopper & Pearson, Biometrika 1934).

    `successes` may be fractional (an instance that goes to the class in two of three views);
    the beta distribution is defined there too, and the interval is then a little wider than
    that of whole successes.

    Raises:
        ValueError: No trials, or more successes than trials.
    """
    from scipy.stats import beta

    if trials < 1 or not 0 <= successes <= trials:
        raise ValueError(f"{successes} successes in {trials} trials")
    tail = (1 - LEVEL) / 2
    low = 0.0 if successes == 0 else float(beta.ppf(tail, successes, trials - successes + 1))
    high = (
        1.0 if successes == trials else float(beta.ppf(1 - tail, successes + 1, trials - successes))
    )
    return Interval(low, high)


def bootstrap_mean(values: NDArray[np.float32], rng: np.random.Generator) -> Interval:
    """Percentile bootstrap interval of the mean of `(N,)` independent values.

    Raises:
        ValueError: There are no values.
    """
    if not len(values):
        raise ValueError("no values")
    draws = rng.integers(0, len(values), size=(RESAMPLES, len(values)))
    means = values[draws].mean(axis=1)
    low, high = np.quantile(means, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return Interval(float(low), float(high))
