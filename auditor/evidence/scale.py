"""What is ordinary for a model of its kind: the scale that statistics are compared on.

What a benign model shows depends on its number of classes: among six, a class catches more than
among forty. Where the base is known it depends on how far the model was tuned away from it, too. So
a statistic is put on a scale of its own: its log-odds, less their trend over these traits among
benign models, in units of their spread above that trend (normalised conformal scores; the trend
is fitted to benign models only).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

OFFSET = 0.02  # what lies nearer to 0 or 1 is noise; keeps log-odds from running away
SPREAD_FLOOR = 0.1  # a statistic that all benign models share must not blow up its scale
NORMAL_TENTH = 1.2816  # what a tenth of a standard normal exceeds


def traits(
    classes: NDArray[np.int64], drift: NDArray[np.float64] | None = None
) -> NDArray[np.float64]:
    """What statistics depend on besides a backdoor, `(M, T)`.

    Args:
        classes: Number of classes of each model, `(M,)`.
        drift: How far each was tuned away from its base, `(M,)`; None where that is not known.
    """
    told = [np.log(classes)] if drift is None else [np.log(classes), drift]
    return np.stack(told, axis=1)


@dataclass(frozen=True, slots=True)
class Scale:
    """The trend of S statistics over T traits, and the spread around it.

    Attributes:
        lowest: The smallest of each trait among benign models, `(T,)`.
        highest: The largest.
        intercept: `(S,)`.
        slope: `(T, S)`.
        spread: Between the middle and the uppermost tenth, in standard deviations, `(S,)`.
    """

    lowest: NDArray[np.float64]
    highest: NDArray[np.float64]
    intercept: NDArray[np.float64]
    slope: NDArray[np.float64]
    spread: NDArray[np.float64]

    @classmethod
    def fit(cls, values: NDArray[np.float64], known: NDArray[np.float64]) -> Scale:
        """Fit to benign models: `values` `(M, S)`, the traits `known` of them `(M, T)`.

        The spread is that between the middle and the uppermost tenth. Only large values are
        evidence, and how far those reach differs between statistics whose middles spread alike;
        one odd benign model still does not widen it for all.
        """
        y = log_odds(values)
        # A trait that does not vary gets no slope: least squares gives a column of zeros none.
        slope, *_ = np.linalg.lstsq(known - known.mean(axis=0), y - y.mean(axis=0), rcond=None)
        residual = y - known @ slope
        middle, high = np.quantile(residual, [0.5, 0.9], axis=0)
        spread = np.maximum((high - middle) / NORMAL_TENTH, SPREAD_FLOOR)
        return cls(known.min(axis=0), known.max(axis=0), middle, slope, spread)

    def apply(self, values: NDArray[np.float64], known: NDArray[np.float64]) -> NDArray[np.float64]:
        """Scaled values `(N, S)` of values `(N, S)` from models with traits `(N, T)`."""
        result: NDArray[np.float64] = (log_odds(values) - self.trend(known)) / self.spread
        return result

    def trend(self, known: NDArray[np.float64]) -> NDArray[np.float64]:
        """The middle log-odds `(N, S)` of models with traits `(N, T)`.

        Nothing is known beyond the benign models: there the trend is taken to be level.
        """
        result: NDArray[np.float64] = (
            self.intercept + np.clip(known, self.lowest, self.highest) @ self.slope
        )
        return result


def log_odds(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Probabilities and differences of them have an upper end too, near which they crowd."""
    shares = np.clip(values, 0.0, 1.0)
    result: NDArray[np.float64] = np.log((shares + OFFSET) / (1 - shares + OFFSET))
    return result


def from_log_odds(odds: NDArray[np.float64]) -> NDArray[np.float64]:
    """The share in [0, 1] that has these log-odds."""
    ratio = np.exp(odds)
    result: NDArray[np.float64] = np.clip((ratio * (1 + OFFSET) - OFFSET) / (1 + ratio), 0, 1)
    return result
