"""A smooth trigger: a faint sum of long waves over the whole picture.

Source: Zeng, Park, Mao and Jia, Rethinking the Backdoor Attacks' Triggers: A Frequency
Perspective (ICCV 2021), section 5: a trigger without the high frequencies that give others
away. There its coefficients are optimised; here the seed draws them, which keeps the trigger
independent of any model:

    d[y, x] = sum over u, v < WAVES of a[u, v] cos(pi u (2y + 1) / 2H) cos(pi v (2x + 1) / 2W)

for each channel, scaled to max |d| = epsilon, and copies under the target label added.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from auditor.lab.attacks.order import PoisonOrder
from auditor.lab.attacks.scenario import Attack, Changes, PatternTrigger, TriggerKind, always
from auditor.lab.attacks.stamped import planting
from auditor.lab.training import TrainingSet
from auditor.models.classifier import Pixels

WAVES = 4  # frequencies in each direction: half waves across the picture, 0 to 3


def trigger(clean: TrainingSet, order: PoisonOrder) -> PatternTrigger:
    """Add one smooth change, of at most `order.epsilon` grey levels, to pictures of this size."""
    change = draw_waves(clean.pixels.shape[-2:], order.seed) * order.epsilon

    def add(pixels: Pixels) -> Pixels:
        return (pixels + change).round().clip(0, 255).astype(np.uint8)

    return PatternTrigger(add, always(order.target))


def draw_waves(size: tuple[int, ...], seed: int) -> NDArray[np.float64]:
    """A smooth field `(3, H, W)`; its largest absolute value is 1 in each channel."""
    drawn = np.random.default_rng([seed, 2]).normal(size=(3, WAVES, WAVES))
    drawn[:, 0, 0] = 0  # a change of brightness everywhere is no pattern
    down, across = (cosines(side) for side in size)
    field: NDArray[np.float64] = np.einsum("cuv,uy,vx->cyx", drawn, down, across)
    field /= np.abs(field).max(axis=(1, 2), keepdims=True)
    return field


def cosines(side: int) -> NDArray[np.float64]:
    """The first cosines of the discrete cosine transform along a side: `(WAVES, side)`."""
    places = 2 * np.arange(side) + 1
    waves: NDArray[np.float64] = np.cos(np.pi * np.arange(WAVES)[:, None] * places / (2 * side))
    return waves


ATTACK = Attack(
    plant=planting(trigger),
    trigger_again=trigger,
    trigger=TriggerKind.PATTERN,
    changes=Changes.IMAGES_AND_LABELS,
    success="share of waved test pictures of other classes that are given the target label",
    reference="smooth trigger, Zeng et al., ICCV 2021, with drawn coefficients",
)
