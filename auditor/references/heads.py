"""Reference heads: linear classifiers of the task, fitted to clean data on frozen features.

On the *base's* features they say where an honest head would send an entity before anything was
tuned; on the model's *own* features, where an honest head would send it now. An implant in the
encoder shows against the first, one in the head against the second.

A reference is a distribution, never one model: every head is fitted to a bootstrap sample of the
clean data and with another strength of regularisation.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from auditor.models.classifier import softmax

STRENGTHS = tuple(float(c) for c in np.geomspace(0.001, 0.1, 6))  # inverse, as scikit-learn's C
MAX_ITERATIONS = 300


@dataclass(frozen=True, slots=True, eq=False)
class ReferenceHeads:
    """H linear heads on standardised features.

    Attributes:
        weight: `(H, C, D)`.
        bias: `(H, C)`.
        mean: What is taken from each feature, `(D,)`.
        scale: What each is then divided by, `(D,)`.
    """

    weight: NDArray[np.float32]
    bias: NDArray[np.float32]
    mean: NDArray[np.float32]
    scale: NDArray[np.float32]

    def probabilities(self, features: NDArray[np.float32]) -> NDArray[np.float32]:
        """Mean probability over the heads, `(N, C)`, for features `(N, D)`."""
        x = (features - self.mean) / self.scale
        total = np.zeros((len(x), self.bias.shape[1]), dtype=np.float32)
        for weight, bias in zip(self.weight, self.bias, strict=True):
            total += softmax(x @ weight.T + bias)
        return total / np.float32(len(self.bias))


def fit_heads(
    features: NDArray[np.float32],
    labels: NDArray[np.int64],
    classes: int,
    rng: np.random.Generator,
) -> ReferenceHeads:
    """Fit one head for each strength of regularisation, each on its own bootstrap sample.

    Args:
        features: Of clean images, `(N, D)`.
        labels: Their classes, `(N,)`; each of the `classes` must occur.
        classes: Number of classes C.
        rng: Draws the bootstrap samples, within each class.

    Raises:
        ValueError: A class has no image.
    """
    rows = [np.flatnonzero(labels == c) for c in range(classes)]
    if any(len(members) == 0 for members in rows):
        raise ValueError("every class needs an image")
    mean, scale = spread_of(features)
    x = (features - mean) / scale
    weight, bias = [], []
    for strength in STRENGTHS:
        drawn = np.concatenate([rng.choice(members, len(members)) for members in rows])
        w, b = fit_linear(x[drawn], labels[drawn], classes, strength)
        weight.append(w)
        bias.append(b)
    return ReferenceHeads(
        weight=np.stack(weight).astype(np.float32),
        bias=np.stack(bias).astype(np.float32),
        mean=mean.astype(np.float32),
        scale=scale.astype(np.float32),
    )


def spread_of(features: NDArray[np.float32]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Mean and scale `(D,)` that standardise features `(N, D)`."""
    mean, scale = features.mean(axis=0), features.std(axis=0)
    return mean, np.maximum(scale, 1e-3 * max(float(scale.max()), 1e-6))  # a dead one stays dead


def fit_linear(
    x: NDArray[np.float32], labels: NDArray[np.int64], classes: int, strength: float
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Weight `(C, D)` and bias `(C,)` of a logistic regression on standardised features `(N, D)`.

    Args:
        x: The features.
        labels: Their classes, `(N,)`; each of the `classes` must occur.
        classes: Number of classes C.
        strength: Inverse strength of regularisation, as scikit-learn's C.
    """
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.linear_model import LogisticRegression

    model = LogisticRegression(C=strength, max_iter=MAX_ITERATIONS)
    # For matrices as small as these, threads spend ten times as long on waiting for each other.
    with threadpool_limits(1, user_api="blas"), warnings.catch_warnings():
        # A head that is still moving is as honest as one at rest, and the screen is not ours.
        warnings.simplefilter("ignore", ConvergenceWarning)
        model.fit(x.astype(np.float64), labels)
    if classes > 2:
        return model.coef_, model.intercept_
    # scikit-learn keeps one row for two classes, that of the second.
    return (
        np.concatenate([-model.coef_, model.coef_]) / 2,
        np.concatenate([-model.intercept_, model.intercept_]) / 2,
    )
