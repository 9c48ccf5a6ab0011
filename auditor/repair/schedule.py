"""Learning rates by step. Super-fine-tuning's is a train of triangles in two phases."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

Rate = Callable[[int], float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Triangles:
    """Super-fine-tuning's schedule: within a triangle the rate rises, then falls, linearly.

    The first phase has high peaks and makes the model forget; the second has low ones and wins
    accuracy back.

    Attributes:
        base: Learning rate at the foot of every triangle.
        max1: Peak of the first phase.
        max2: Peak of the second phase.
        up: Steps from foot to peak.
        down: Steps from peak to foot.
        phase1_steps: Steps of the first phase; the second goes on as long as it likes.
    """

    base: float
    max1: float
    max2: float
    up: int
    down: int
    phase1_steps: int

    def __call__(self, step: int) -> float:
        """Learning rate of a step, counted from 0."""
        length = self.up + self.down
        at = step % length
        peak = self.max1 if step < self.phase1_steps else self.max2
        share = at / self.up if at < self.up else (length - at) / self.down
        return self.base + (peak - self.base) * share


def cosine(peak: float, steps: int) -> Rate:
    """From `peak` along half a cosine to zero after `steps`, and zero from there on."""
    return lambda step: peak * (1 + math.cos(math.pi * min(step / steps, 1.0))) / 2


def whole_triangles(steps: float, length: int) -> int:
    """The number of steps next to `steps` that is whole triangles, at least one."""
    return max(1, round(steps / length)) * length
