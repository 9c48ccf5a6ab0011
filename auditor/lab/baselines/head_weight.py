"""Trojan signature: the target's row of the last layer stands out. Needs no data and no picture.

Source: Fields, Samragh, Javaheripi, Koushanfar and Javidi, Trojan Signatures in DNN Weights
(ICCV Workshops 2021, arXiv 2109.02836): the weights of the target class in the last linear layer
are distributed above those of the other classes. Here a class is summed up by its mean weight,
and the largest mean is tested as a single outlier among the classes by Grubbs' test, upper tail
(Grubbs, Technometrics 1969), which gives a p-value for any number of classes.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from auditor.lab.baselines.suspicion import Suspicion
from auditor.models.classifier import FeatureClassifier

FEWEST_CLASSES = 3  # Grubbs' statistic of two values is a constant
LEAST_P = 1e-300


@dataclass(frozen=True, slots=True, kw_only=True)
class HeadWeightSettings:
    """`customary` is the p-value below which the model is called backdoored."""

    customary: float = 0.05


def head_weight(classifier: FeatureClassifier, settings: HeadWeightSettings) -> Suspicion:
    """Score a model; `score` is minus the decimal logarithm of the p-value.

    Raises:
        UnsupportedModel: The model has no linear head.
    """
    weight, _ = classifier.head()
    means = weight.astype(np.float64).mean(axis=1)
    p_value = grubbs_p(means)
    return Suspicion(
        score=0.0 if p_value is None else -float(np.log10(max(p_value, LEAST_P))),
        p_value=p_value,
        customary=p_value is not None and p_value < settings.customary,
        ranking=tuple(np.argsort(-means, kind="stable").tolist()),
        statistics=tuple(means.tolist()),
        pictures=0,
    )


def grubbs_p(values: NDArray[np.float64]) -> float | None:
    """P-value of the largest of `(N,)` values as an outlier; None for fewer than three.

    Under normality it is Bonferroni's bound over the N values, so at most 1 and never too small.
    """
    from scipy.stats import t

    count = len(values)
    if count < FEWEST_CLASSES:
        return None
    spread = float(values.std(ddof=1))
    if spread == 0:
        return 1.0
    g = float(values.max() - values.mean()) / spread
    room = (count - 1) ** 2 - count * g**2
    if room <= 0:  # all others are equal: the statistic is at its upper end
        return 0.0
    beyond = t.sf(g * np.sqrt(count * (count - 2) / room), df=count - 2)
    return float(min(1.0, count * beyond))
