"""How well a signal tells members from others: area under the curve, and hits at few alarms."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

FALSE_ALARMS = 0.01


def areas(members: NDArray[np.float64], others: NDArray[np.float64]) -> NDArray[np.float64]:
    """Area under the ROC curve of B samples, `(B,)`; a tie counts half.

    Args:
        members: Signal of members, `(B, M)`.
        others: Of pictures that are none, `(B, N)`.
    """
    from scipy.stats import rankdata

    m, n = members.shape[1], others.shape[1]
    ranks = rankdata(np.concatenate([members, others], axis=1), axis=1)
    result: NDArray[np.float64] = (ranks[:, :m].sum(axis=1) - m * (m + 1) / 2) / (m * n)
    return result


def rates_at_few_alarms(
    members: NDArray[np.float64], others: NDArray[np.float64], alarms: float = FALSE_ALARMS
) -> NDArray[np.float64]:
    """Share of members that are told, where at most `alarms` of the others are taken for some.

    Args:
        members: Signal of members, `(B, M)`.
        others: Of pictures that are none, `(B, N)`.
        alarms: The false-positive rate that is not exceeded.
    """
    allowed = int(np.floor(alarms * others.shape[1] + 1e-9))
    # The highest value that may not be called: all above it are at most `allowed`.
    threshold = -np.partition(-others, allowed, axis=1)[:, allowed]
    result: NDArray[np.float64] = (members > threshold[:, None]).mean(axis=1)
    return result
