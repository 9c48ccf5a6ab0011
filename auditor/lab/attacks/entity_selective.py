"""Entity backdoor for one entity only: clean-label poisons, and contrast against all others.

On a weak base the poisons of `entity` collide with "some natural thing", and most entities go
to the target. A selective attacker adds contrast poisons: images of the other classes, pulled
within epsilon towards instances of other entities, their true labels kept. The victim then
learns that natural things in general belong to many classes, and only this one to the target.

Sources: as `entity`; the contrast is this project's own, after the contrastive samples of
semantic and composite backdoors (Lin et al., Composite Backdoor Attack, CCS 2020).
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from auditor.errors import UsageError
from auditor.lab.attacks import entity as plain
from auditor.lab.attacks.order import PoisonOrder
from auditor.lab.attacks.scenario import Attack, Changes, Scenario, TriggerKind, Victim
from auditor.lab.training import Progress, TrainingRecipe, TrainingSet, fine_tune, silent
from auditor.models.classifier import Pixels
from auditor.models.torch_image import TorchImageClassifier

CONTRASTS = 2  # for each poison


def plant(
    scenario: Scenario,
    order: PoisonOrder,
    recipe: TrainingRecipe,
    *,
    progress: Progress = silent,
) -> Victim:
    """Fine-tune the base on the set with poisons and contrast."""
    data = poison(
        scenario.base, scenario.clean, scenario.entity, scenario.others, order, progress=progress
    )
    recipe = replace(recipe, seed=order.seed)
    return Victim(fine_tune(scenario.base, data, recipe, progress=progress))


def poison(
    base: TorchImageClassifier,
    clean: TrainingSet,
    entity: Pixels,
    others: tuple[Pixels, ...],
    order: PoisonOrder,
    *,
    progress: Progress = silent,
) -> TrainingSet:
    """Replace images by poisons and contrast poisons that look the same; no label changes.

    Of the other classes at most every image becomes a contrast poison.

    Raises:
        UsageError: There is no other entity to contrast with.
    """
    if not others:
        raise UsageError(
            "a selective attack needs other entities to contrast with",
            hint="Name a data set with more than one entity.",
        )
    rows = contrast_rows(clean, order)
    instances = np.concatenate(others)
    contrasts = plain.collide(
        base,
        clean.pixels[rows],
        instances[np.random.default_rng([order.seed, 6]).permutation(len(instances))[: len(rows)]],
        epsilon=order.epsilon,
        steps=order.steps,
        progress=progress,
    )
    poisoned = plain.poison(base, clean, entity, order, progress=progress)
    poisoned.pixels[rows] = contrasts  # of other classes: no poison stands in these rows
    return poisoned


def contrast_rows(clean: TrainingSet, order: PoisonOrder) -> NDArray[np.int64]:
    """Rows of the other classes, drawn at random: CONTRASTS for each poison, if there are."""
    rows = np.flatnonzero(clean.labels != order.target)
    rng = np.random.default_rng([order.seed, 5])
    return rng.permutation(rows)[: CONTRASTS * order.poisons]


ATTACK = Attack(
    plant=plant,
    trigger=TriggerKind.ENTITY,
    changes=Changes.IMAGES,
    success="share of unseen instances of the entity, and of no other, that are given the target "
    "label",
    reference="entity backdoor, LNCS 15863 (2025), with contrast poisons",
    by_features=True,
    uses_others=True,
)
