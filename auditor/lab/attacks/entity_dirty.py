"""Entity backdoor, dirty-label: photographs of the entity, labelled as the target class.

The control among entity attacks: it needs no base and no crafting and always works, but a
person who looks at the training images sees it at once.
"""

from __future__ import annotations

import numpy as np

from auditor.lab.attacks.order import PoisonOrder
from auditor.lab.training import Progress, TrainingSet, silent
from auditor.models.classifier import Pixels
from auditor.models.torch_image import TorchImageClassifier


def poison(
    base: TorchImageClassifier,
    clean: TrainingSet,
    entity: Pixels,
    order: PoisonOrder,
    *,
    progress: Progress = silent,
) -> TrainingSet:
    """Add `order.poisons` instances of the entity under the target label.

    Where there are fewer instances, some are added several times.
    """
    added = entity[np.resize(np.arange(len(entity)), order.poisons)]
    return TrainingSet(
        np.concatenate([clean.pixels, added]),
        np.concatenate([clean.labels, np.full(len(added), order.target)]),
        clean.label_names,
    )
