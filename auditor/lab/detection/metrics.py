"""Figures of merit of a detector: pure functions of scores, p-values and rankings.

A score is higher for what is more suspect. `clean` and `victims` are the scores `(N,)` and `(M,)`
of clean and of backdoored models; with none of either a figure is NaN.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from auditor.evidence.intervals import clopper_pearson

Scores = NDArray[np.float64]
LEVEL = 0.95
DRAWS = 1000


class Estimate(NamedTuple):
    """A figure with its 95 % interval and the number of models that it rests on."""

    value: float
    low: float
    high: float
    models: int


class Uniformity(NamedTuple):
    """Kolmogorov-Smirnov against the uniform distribution.

    `distance` and `p_value` are two-sided. `too_small` is the largest excess of small p-values
    over what is promised, and `too_small_p` how rarely chance gives as much: a p-value that is
    valid but coarse or cautious fails the first test and passes the second.
    """

    distance: float
    p_value: float
    too_small: float
    too_small_p: float


def auroc(clean: Scores, victims: Scores) -> float:
    """The chance that a victim scores above a clean model, ties counting half."""
    if not len(clean) or not len(victims):
        return float("nan")
    above = (victims[:, None] > clean).mean()
    equal = (victims[:, None] == clean).mean()
    return float(above + equal / 2)


def tpr_at_fpr(clean: Scores, victims: Scores, rate: float) -> float:
    """Share of victims above a threshold that at most `rate` of the clean models exceed.

    The threshold is a clean model's score, so with fewer than 1 / rate clean models it is the
    largest of them. What only equals it is not called: ties favour nobody.
    """
    if not len(clean) or not len(victims):
        return float("nan")
    allowed = int(np.floor(rate * len(clean) + 1e-9))
    threshold = -np.inf if allowed >= len(clean) else np.sort(clean)[::-1][allowed]
    return float((victims > threshold).mean())


def roc_curve(clean: Scores, victims: Scores) -> tuple[Scores, Scores]:
    """False- and true-positive rates from (0, 0) to (1, 1), one corner a distinct score."""
    thresholds = np.unique(np.concatenate([clean, victims]))[::-1]
    false = [0.0, *((clean >= t).mean() for t in thresholds)]
    true = [0.0, *((victims >= t).mean() for t in thresholds)]
    return np.array(false), np.array(true)


def brier(clean: Scores, victims: Scores) -> float:
    """Mean squared distance of probabilities in [0, 1] from the truth (0 clean, 1 backdoored).

    Raises:
        ValueError: A score is no probability.
    """
    both = np.concatenate([clean, victims])
    if not len(both):
        return float("nan")
    if both.min() < 0 or both.max() > 1:
        raise ValueError("scores outside [0, 1] are no probabilities")
    return float(((both - np.repeat([0, 1], [len(clean), len(victims)])) ** 2).mean())


def among_first(rankings: Sequence[Sequence[str]], wanted: Sequence[str], first: int) -> Scores:
    """1 where the name wanted is among the `first` of its ranking, else 0; `(N,)`."""
    hits = [name in ranking[:first] for ranking, name in zip(rankings, wanted, strict=True)]
    return np.array(hits, dtype=np.float64)


def share(hits: Sequence[bool]) -> Estimate:
    """A share of models with its exact interval (Clopper & Pearson, Biometrika 1934)."""
    if not hits:
        return Estimate(float("nan"), float("nan"), float("nan"), 0)
    low, high = clopper_pearson(sum(hits), len(hits))
    return Estimate(sum(hits) / len(hits), low, high, len(hits))


def uniformity(p_values: Scores) -> Uniformity:
    """How far the p-values `(N,)` of clean models are from uniform.

    Raises:
        ValueError: There are none.
    """
    from scipy.stats import kstest

    if not len(p_values):
        raise ValueError("no p-values")
    both = kstest(p_values, "uniform")
    # "greater": more p-values lie below each level than the level says.
    small = kstest(p_values, "uniform", alternative="greater")
    return Uniformity(
        float(both.statistic), float(both.pvalue), float(small.statistic), float(small.pvalue)
    )


def ranked_by(p_values: Scores, values: Scores) -> Scores:
    """Scores `(N,)` that order by p-value and, where p-values tie, by value.

    A p-value that is a rank among stored models ties often; equal pairs get equal scores.
    """
    pairs = np.stack([-p_values, values], axis=1)
    _, position = np.unique(pairs, axis=0, return_inverse=True)
    result: Scores = position.reshape(-1).astype(np.float64)
    return result


def bootstrap(
    figure: Callable[..., float],
    groups: Sequence[Scores],
    rng: np.random.Generator,
    draws: int = DRAWS,
) -> Estimate:
    """A figure of several groups of models with its percentile bootstrap interval.

    Args:
        figure: Called with one array a group.
        groups: One value a model. Each group is resampled by itself, so that a draw has as many
            clean and as many backdoored models as there are.
        rng: Draws the models.
        draws: How often.
    """
    value, models = figure(*groups), sum(map(len, groups))
    if np.isnan(value):
        return Estimate(value, value, value, models)
    drawn = [
        figure(*(group[rng.integers(0, len(group), len(group))] for group in groups))
        for _ in range(draws)
    ]
    low, high = np.quantile(drawn, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return Estimate(value, float(low), float(high), models)
