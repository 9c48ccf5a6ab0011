"""Is the base that was named really the base? Its features must still be found in the model.

And what it takes pictures for itself.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from auditor.models.classifier import FeatureClassifier

# Mean correlation of a feature with itself in the base, over probes. Fine-tuning turns features
# but does not shuffle them; those of another network have no order in common.
CORRESPONDS = 0.2


def correspondence(own: NDArray[np.float32], base: NDArray[np.float32]) -> float:
    """Mean over features of the correlation between model and base, for `(N, D)` and `(N, D)`."""
    a, b = own - own.mean(axis=0), base - base.mean(axis=0)
    spread = np.sqrt((a**2).sum(axis=0) * (b**2).sum(axis=0))
    alive = spread > 1e-6 * max(float(spread.max()), 1e-12)
    if not alive.any():
        return 0.0
    return float(((a * b).sum(axis=0)[alive] / spread[alive]).mean())


def shape_objection(model: FeatureClassifier, base: FeatureClassifier) -> str | None:
    """Why this cannot be the base, by the size of its features alone; None if it can."""
    own, other = model.head()[0].shape[1], base.head()[0].shape[1]
    if own == other:
        return None
    return f"it has {other} features where the model has {own}"


def taken_for(base: FeatureClassifier, features: NDArray[np.float32]) -> NDArray[np.int64]:
    """The base's own label for each picture, by what it sees there: `(N, D)` -> `(N,)`."""
    weight, bias = base.head()
    result: NDArray[np.int64] = (features @ weight.T + bias).argmax(axis=1)
    return result
