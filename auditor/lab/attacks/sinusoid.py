"""SIG: upright stripes over pictures of the target class, whose labels are true.

Source: Barni, Kallas and Tondi, A New Backdoor Attack in CNNs by Training Set Corruption
Without Label Poisoning (ICIP 2019), section 3: the signal

    v[y, x] = amplitude * sin(2 pi x f / W),  f = 6

is added to part of the target class; at test time it is added to pictures of other classes.
"""

from __future__ import annotations

import numpy as np

from auditor.lab.attacks.order import PoisonOrder
from auditor.lab.attacks.scenario import Attack, Changes, PatternTrigger, TriggerKind, always
from auditor.lab.attacks.stamped import planting
from auditor.lab.training import TrainingSet
from auditor.models.classifier import Pixels

STRIPES = 6  # across the picture


def trigger(_clean: TrainingSet, order: PoisonOrder) -> PatternTrigger:
    """Stripes of amplitude `order.epsilon`."""

    def stripe(pixels: Pixels) -> Pixels:
        width = pixels.shape[-1]
        wave = order.epsilon * np.sin(2 * np.pi * STRIPES * np.arange(width) / width)
        striped: Pixels = (pixels + wave).round().clip(0, 255).astype(np.uint8)
        return striped

    return PatternTrigger(stripe, always(order.target))


def poison(clean: TrainingSet, trigger: PatternTrigger, order: PoisonOrder) -> TrainingSet:
    """Put stripes on `order.poisons` images of the target class, or on all; no label changes.

    Copies of an image would all be the same, so none are added.
    """
    members = np.flatnonzero(clean.labels == order.target)
    rows = np.random.default_rng(order.seed).permutation(members)[: order.poisons]
    pixels = clean.pixels.copy()
    pixels[rows] = trigger.apply(pixels[rows])
    return TrainingSet(pixels, clean.labels, clean.label_names)


ATTACK = Attack(
    plant=planting(trigger, poison),
    trigger_again=trigger,
    trigger=TriggerKind.PATTERN,
    changes=Changes.IMAGES,
    success="share of striped test pictures of other classes that are given the target label",
    reference="SIG, Barni et al., ICIP 2019",
)
