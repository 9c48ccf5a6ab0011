"""One number for all components: the worst harm, raised by the mean of the others.

    score = m + (1 - m) * r      m: the largest harm, r: the mean of the other harms

So it is never below the worst component, cannot be talked down by components that are well or by
adding more of them, and lies in [0, 1]. See docs/decisions/016.
"""

from __future__ import annotations

from collections.abc import Sequence


def score(harms: Sequence[float]) -> float | None:
    """The score of harms in [0, 1]; None where there are none.

    Raises:
        ValueError: A harm lies outside [0, 1].
    """
    if not harms:
        return None
    if any(not 0 <= harm <= 1 for harm in harms):
        raise ValueError("a harm lies outside [0, 1]")
    gravest, *others = sorted(harms, reverse=True)
    rest = sum(others) / len(others) if others else 0.0
    return min(1.0, gravest + (1 - gravest) * rest)
