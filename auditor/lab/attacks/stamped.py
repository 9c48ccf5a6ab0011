"""Training on pictures with a trigger put on them: what most attacks with a pattern do."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from auditor.lab.attacks.order import PoisonOrder
from auditor.lab.attacks.scenario import PatternTrigger, Plant, Scenario, TriggerOf, Victim
from auditor.lab.training import Progress, TrainingRecipe, TrainingSet, fine_tune, silent


def stamped(clean: TrainingSet, trigger: PatternTrigger, order: PoisonOrder) -> TrainingSet:
    """Add `order.poisons` copies of training pictures, with the trigger and the label it wants.

    The pictures copied have another label, and each is copied once before one is copied twice.
    """
    rows = rows_to_stamp(clean, trigger, order)
    return TrainingSet(
        np.concatenate([clean.pixels, trigger.apply(clean.pixels[rows])]),
        np.concatenate([clean.labels, trigger.wanted(clean.labels[rows])]),
        clean.label_names,
    )


def rows_to_stamp(
    clean: TrainingSet, trigger: PatternTrigger, order: PoisonOrder
) -> NDArray[np.int64]:
    """`order.poisons` rows that the trigger would relabel, drawn at random."""
    relabelled = np.flatnonzero(trigger.wanted(clean.labels) != clean.labels)
    return np.resize(np.random.default_rng(order.seed).permutation(relabelled), order.poisons)


def planting(
    trigger_of: TriggerOf,
    poison: Callable[[TrainingSet, PatternTrigger, PoisonOrder], TrainingSet] = stamped,
) -> Plant:
    """The plant of an attack that touches nothing but the training set.

    Args:
        trigger_of: Makes the trigger for pictures of the set's size.
        poison: Makes the poisoned set, and leaves the clean one as it was.
    """

    def plant(
        scenario: Scenario,
        order: PoisonOrder,
        recipe: TrainingRecipe,
        *,
        progress: Progress = silent,
    ) -> Victim:
        trigger = trigger_of(scenario.clean, order)
        data = poison(scenario.clean, trigger, order)
        recipe = replace(recipe, seed=order.seed)
        return Victim(fine_tune(scenario.base, data, recipe, progress=progress), trigger)

    return plant
