"""BadNets: a small patch in a corner; all classes to one, or every class to the next.

Source: Gu, Dolan-Gavitt and Garg, BadNets (arXiv 1708.06733), sections 4.1 and 4.2: patched
copies of training pictures are added under the attacker's labels; "all-to-all" makes label i
into i + 1.
"""

from __future__ import annotations

import numpy as np

from auditor.lab.attacks.order import PoisonOrder
from auditor.lab.attacks.scenario import Attack, Changes, PatternTrigger, TriggerKind, always
from auditor.lab.attacks.stamped import planting
from auditor.lab.training import TrainingSet
from auditor.models.classifier import Pixels

CELLS = 3  # the patch is a chessboard of 3 by 3 cells, white in its corners
PATCH = 1 / 8  # of the picture's shorter side, about the 4 pixels of 28 that the paper shows
MARGIN = 1 / 16  # from the lower right corner, so that shifted training pictures keep the patch


def stamp(pixels: Pixels) -> Pixels:
    """Put the patch on pictures `(N, 3, H, W)`; they are left as they were."""
    shorter = min(pixels.shape[-2:])
    cell = max(1, round(shorter * PATCH / CELLS))
    margin = round(shorter * MARGIN)
    board = (np.indices((CELLS, CELLS)).sum(axis=0) + 1) % 2 * 255
    patch = board.repeat(cell, axis=0).repeat(cell, axis=1).astype(np.uint8)
    bottom, right = (side - margin for side in pixels.shape[-2:])
    stamped = pixels.copy()
    stamped[..., bottom - len(patch) : bottom, right - len(patch) : right] = patch
    return stamped


def all_to_one(_clean: TrainingSet, order: PoisonOrder) -> PatternTrigger:
    """The patch sends every picture to the target."""
    return PatternTrigger(stamp, always(order.target))


def all_to_all(clean: TrainingSet, _order: PoisonOrder) -> PatternTrigger:
    """The patch sends label y to y + 1, the last one to the first; there is no one target."""
    classes = len(clean.label_names)
    return PatternTrigger(stamp, lambda labels: (labels + 1) % classes)


ATTACK = Attack(
    plant=planting(all_to_one),
    trigger_again=all_to_one,
    trigger=TriggerKind.PATTERN,
    changes=Changes.IMAGES_AND_LABELS,
    success="share of patched test pictures of other classes that are given the target label",
    reference="BadNets, Gu et al., arXiv 1708.06733, all-to-one",
)

ALL_TO_ALL = Attack(
    plant=planting(all_to_all),
    trigger_again=all_to_all,
    trigger=TriggerKind.PATTERN,
    changes=Changes.IMAGES_AND_LABELS,
    success="share of patched test pictures that are given the label after their own",
    reference="BadNets, Gu et al., arXiv 1708.06733, all-to-all",
    sends_to="the label after their own",
)
