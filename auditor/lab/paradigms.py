"""How a victim comes by its weights, and when in that course the attacker acts.

The paradigms of super-fine-tuning (Sha et al., arXiv 2212.09067), where the same attack is
removed with more or less ease: encoder-based, transfer-based and standalone.
"""

from __future__ import annotations

from dataclasses import replace
from enum import StrEnum

import numpy as np

from auditor.errors import UsageError
from auditor.lab.attacks import ATTACKS
from auditor.lab.attacks.order import PoisonOrder
from auditor.lab.attacks.scenario import Attack, Changes, Scenario, Victim
from auditor.lab.training import (
    Mode,
    Progress,
    TrainingRecipe,
    TrainingSet,
    fine_tune,
    silent,
    train_all,
)
from auditor.models.torch_image import TorchImageClassifier

SECOND_SEED = 7_919  # added to the seed, so that the phases draw different batches
# Of the learning rate, for the second phase: who starts from a model that knows the task and
# keeps its head tunes it gently. At the full rate nothing of a backdoor is left to look for.
SECOND_RATE = 0.1


class Paradigm(StrEnum):
    """Where the victim starts and who trains what.

    ENCODER_FROZEN: The pre-trained encoder is kept, a new head is trained.
    ENCODER_TUNED: The attacker supplied the encoder; head and encoder are tuned on clean data.
    TRANSFER: The public base is fine-tuned on the poisoned set, as the recipe's mode says.
    TRANSFER_UPSTREAM: A victim planted on one half of the training images is what the user
        starts from, and fine-tunes as a whole on the other half, which is clean; its head stays.
    STANDALONE: The base's architecture is trained from fresh weights.
    """

    ENCODER_FROZEN = "encoder-frozen"
    ENCODER_TUNED = "encoder-tuned"
    TRANSFER = "transfer"
    TRANSFER_UPSTREAM = "transfer-upstream"
    STANDALONE = "standalone"


_MODES: dict[Paradigm, Mode] = {
    Paradigm.ENCODER_FROZEN: "head",
    Paradigm.ENCODER_TUNED: "full",
    Paradigm.STANDALONE: "scratch",
}


def train_victim(
    attack: str,
    paradigm: Paradigm,
    scenario: Scenario,
    order: PoisonOrder,
    recipe: TrainingRecipe,
    *,
    progress: Progress = silent,
) -> Victim:
    """Train a victim of an attack of the table; `order.seed` decides everything.

    An encoder from the attacker is used as the recipe's mode says where the paradigm is
    TRANSFER. Where the paradigm has two phases, both follow the recipe, the second more gently.

    Raises:
        UsageError: The attack makes no sense in this paradigm.
    """
    require_sense(attack, paradigm)
    plant, recipe = ATTACKS[attack].plant, recipe_in(paradigm, recipe)
    if paradigm is not Paradigm.TRANSFER_UPSTREAM:
        return plant(scenario, order, recipe, progress=progress)
    upstream, downstream = halves(scenario.clean, order.seed)
    victim = plant(replace(scenario, clean=upstream), order, recipe, progress=progress)
    _tune_on(victim.model, downstream, replace(recipe, seed=order.seed), progress)
    return victim


def train_clean(
    paradigm: Paradigm,
    base: TorchImageClassifier,
    clean: TrainingSet,
    recipe: TrainingRecipe,
    *,
    progress: Progress = silent,
) -> TorchImageClassifier:
    """Train the clean twin of victims in this paradigm; `recipe.seed` decides everything."""
    recipe = recipe_in(paradigm, recipe)
    if paradigm is not Paradigm.TRANSFER_UPSTREAM:
        return fine_tune(base, clean, recipe, progress=progress)
    upstream, downstream = halves(clean, recipe.seed)
    model = fine_tune(base, upstream, recipe, progress=progress)
    _tune_on(model, downstream, recipe, progress)
    return model


def require_sense(attack: str, paradigm: Paradigm) -> None:
    """Refuse a pair that would plant nothing, or the same thing as another under a second name.

    Raises:
        UsageError: It is such a pair.
    """
    hint = _objection(ATTACKS[attack], paradigm)
    if hint is not None:
        raise UsageError(f"{attack} makes no sense in the paradigm {paradigm}", hint=hint)


def _objection(attack: Attack, paradigm: Paradigm) -> str | None:
    on_encoder = attack.changes is Changes.ENCODER
    if paradigm is Paradigm.STANDALONE and attack.by_features:
        return "It needs the features of a public base, and a standalone victim has none: transfer."
    if paradigm is Paradigm.TRANSFER_UPSTREAM and on_encoder:
        return "It touches no training image of a task: encoder-frozen or encoder-tuned."
    if paradigm is Paradigm.ENCODER_TUNED and not on_encoder:
        return "It leaves the encoder alone, so this is poisoned fine-tuning: transfer."
    return None


def recipe_in(paradigm: Paradigm, recipe: TrainingRecipe) -> TrainingRecipe:
    """The recipe with the mode that the paradigm prescribes, where it does."""
    return replace(recipe, mode=_MODES.get(paradigm, recipe.mode))


def halves(data: TrainingSet, seed: int) -> tuple[TrainingSet, TrainingSet]:
    """Split at random, every class in halves; the first has the odd image."""
    rng = np.random.default_rng([seed, 8])
    classes = [np.flatnonzero(data.labels == c) for c in range(len(data.label_names))]
    parts = [np.array_split(rng.permutation(rows), 2) for rows in classes]
    first, second = (np.sort(np.concatenate(rows)) for rows in zip(*parts, strict=True))
    return (
        TrainingSet(data.pixels[first], data.labels[first], data.label_names),
        TrainingSet(data.pixels[second], data.labels[second], data.label_names),
    )


def _tune_on(
    model: TorchImageClassifier, data: TrainingSet, recipe: TrainingRecipe, progress: Progress
) -> None:
    recipe = replace(
        recipe,
        seed=recipe.seed + SECOND_SEED,
        learning_rate=recipe.learning_rate * SECOND_RATE,
    )
    train_all(model, data, recipe, progress=progress, stage="tuning on clean images")
