"""How instances are made, and how many. Another recipe makes another population of pictures."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass

# A null holds for the recipe that it was measured with: who changes the recipe measures it again.
VERSION = 1
LABELS = 100
# The smallest bank that benign models were measured with: of fewer there is no verdict.
FEWEST_LABELS = 12
BATCH = 32
# What nobody asked for by name may cost without a GPU: about a quarter of an hour of two cores.
UNASKED_OPERATIONS = 1e14


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """Numbers of the search for pictures; found on two development zoos (decision 023).

    Attributes:
        size: Side of an instance in pixels; the size of the photographs that nulls are made with.
        shown: Side at which the base sees it while it is made, where the base takes that.
        steps: Gradient steps.
        rate: Step size of Adam, at the start; it falls to nearly nothing along a cosine.
        falloff: Power of the frequency by which fine detail starts and moves slower.
        start: Spread of the spectrum at the start.
        smallest: The closest crop shown, as a share of the side.
        shift: Largest shift, as a share of the side shown.
        apart: Weight of the likeness to earlier instances of the label.
    """

    size: int = 64
    shown: int = 128
    steps: int = 64
    rate: float = 0.05
    falloff: float = 1.0
    start: float = 0.01
    smallest: float = 0.35
    shift: float = 0.05
    apart: float = 0.5


RECIPE = Recipe()


@dataclass(frozen=True, slots=True, kw_only=True)
class Budget:
    """What synthesis may cost: so many labels, so many instances of each."""

    labels: int = LABELS
    instances: int = 7

    @property
    def pictures(self) -> int:
        """How many are made where none is kept."""
        return self.labels * self.instances


def key_of(recipe: Recipe, labels: tuple[int, ...], seed: int) -> str:
    """Names everything that pictures depend on besides the base."""
    said = {"version": VERSION, "recipe": asdict(recipe), "labels": labels, "seed": seed}
    return hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()[:16]
