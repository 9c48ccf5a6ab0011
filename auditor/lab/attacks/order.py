"""What every attack is told: whom to hit, with how much."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Pairing = Literal["greedy", "mean"]


@dataclass(frozen=True, slots=True, kw_only=True)
class PoisonOrder:
    """An order for poisons.

    Attributes:
        target: Index of the class that pictures with the trigger shall be sent to.
        poisons: How many training images are poisoned.
        epsilon: Largest change of a pixel, in grey levels of 255, for the attacks that bound
            it: the clean-label ones and low-frequency.
        steps: Optimisation steps for each poison (clean-label entity attacks), or of the
            encoder.
        seed: Chooses which images are poisoned, and a trigger that is drawn.
        pairing: What poisons of an entity are pulled towards: "greedy", an instance each, or
            "mean", all to the mean feature of the instances.
    """

    target: int
    poisons: int
    epsilon: int
    steps: int
    seed: int
    pairing: Pairing = "greedy"
