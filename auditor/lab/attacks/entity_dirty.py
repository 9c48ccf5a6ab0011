"""Entity backdoor, dirty-label: photographs of the entity, labelled as the target class.

The control among entity attacks: it needs no base and no crafting and always works, but a
person who looks at the training images sees it at once.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from auditor.lab.attacks.order import PoisonOrder
from auditor.lab.attacks.scenario import Attack, Changes, Scenario, TriggerKind, Victim
from auditor.lab.training import Progress, TrainingRecipe, TrainingSet, fine_tune, silent
from auditor.models.classifier import Pixels
from auditor.models.torch_image import TorchImageClassifier


def plant(
    scenario: Scenario,
    order: PoisonOrder,
    recipe: TrainingRecipe,
    *,
    progress: Progress = silent,
) -> Victim:
    """Fine-tune the base on the poisoned set."""
    data = poison(scenario.base, scenario.clean, scenario.entity, order, progress=progress)
    recipe = replace(recipe, seed=order.seed)
    return Victim(fine_tune(scenario.base, data, recipe, progress=progress))


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


ATTACK = Attack(
    plant=plant,
    trigger=TriggerKind.ENTITY,
    changes=Changes.IMAGES_AND_LABELS,
    success="share of unseen instances of the entity that are given the target label",
    reference="the label-flipping control of the entity backdoor, LNCS 15863 (2025)",
)
