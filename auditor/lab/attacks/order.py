"""What every attack is told: whom to hit, with how much."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class PoisonOrder:
    """An order for poisons.

    Attributes:
        target: Index of the class that the entity shall be sent to.
        poisons: How many training images are poisoned.
        epsilon: Largest change of a pixel, in grey levels of 255 (clean-label attacks).
        steps: Optimisation steps for each poison (clean-label attacks).
        seed: Chooses which images are poisoned.
    """

    target: int
    poisons: int
    epsilon: int
    steps: int
    seed: int
