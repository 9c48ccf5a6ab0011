"""One number for a model, so that models can be ordered."""

from __future__ import annotations

import math

MIDDLE = 3.0  # standardised maximum that scores one half: rare among benign models
SCALE = 1.5


def score(model_statistic: float | None) -> float | None:
    """Squash the search's maximum into [0, 1]: order-preserving, no threshold of any kind.

    It is not a probability; the p-value is what has a meaning. Without a null there is none.
    """
    if model_statistic is None:
        return None
    return 1 / (1 + math.exp(-(model_statistic - MIDDLE) / SCALE))
