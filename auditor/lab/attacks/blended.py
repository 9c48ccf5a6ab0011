"""Blended injection: a faint picture of noise laid over the whole picture.

Source: Chen et al., Targeted Backdoor Attacks on Deep Learning Systems Using Data Poisoning
(arXiv 1712.05526), section III-C1: the blended injection strategy with a random pattern,

    poison = alpha * key + (1 - alpha) * picture

and copies under the target label added to the training set. Alpha is 0.2, as there.
"""

from __future__ import annotations

import numpy as np

from auditor.lab.attacks.order import PoisonOrder
from auditor.lab.attacks.scenario import Attack, Changes, PatternTrigger, TriggerKind, always
from auditor.lab.attacks.stamped import planting
from auditor.lab.training import TrainingSet
from auditor.models.classifier import Pixels

ALPHA = 0.2
CELL = 1 / 32  # of the shorter side: finer noise would not survive the resizing of pictures


def trigger(clean: TrainingSet, order: PoisonOrder) -> PatternTrigger:
    """Blend pictures of the training set's size with one key, which the seed draws."""
    key = draw_key(clean.pixels.shape[-2:], order.seed)

    def blend(pixels: Pixels) -> Pixels:
        mixed = ALPHA * key + (1 - ALPHA) * pixels
        return mixed.round().astype(np.uint8)

    return PatternTrigger(blend, always(order.target))


def draw_key(size: tuple[int, ...], seed: int) -> Pixels:
    """Uniform coloured noise `(3, H, W)` uint8, in square cells."""
    height, width = size
    cell = max(1, round(min(size) * CELL))
    cells = (3, -(-height // cell), -(-width // cell))
    noise = np.random.default_rng([seed, 1]).integers(0, 256, cells, dtype=np.uint8)
    return noise.repeat(cell, axis=1).repeat(cell, axis=2)[:, :height, :width]


ATTACK = Attack(
    plant=planting(trigger),
    trigger_again=trigger,
    trigger=TriggerKind.PATTERN,
    changes=Changes.IMAGES_AND_LABELS,
    success="share of blended test pictures of other classes that are given the target label",
    reference="blended injection, Chen et al., arXiv 1712.05526",
)
