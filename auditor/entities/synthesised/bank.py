"""A base -> entity bank of its own labels, made now or kept from before."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from auditor.checkpoints.wording import shown
from auditor.entities.bank import EntityBank, Instance
from auditor.entities.making import Progress, silent
from auditor.entities.synthesised.cost import operations
from auditor.entities.synthesised.kept import Kept
from auditor.entities.synthesised.labels import Named, named_labels, rows_of, spread
from auditor.entities.synthesised.maximise import maximise
from auditor.entities.synthesised.recipe import (
    BATCH,
    FEWEST_LABELS,
    RECIPE,
    Budget,
    Recipe,
    key_of,
)
from auditor.errors import EntityError
from auditor.models.classifier import Pixels
from auditor.models.torch_image import TorchImageClassifier
from auditor.types import InstanceSource

STAGE = "synthesising instances"
# Below this share of its own pictures named right the base shows nothing that it knows.
USABLE = 0.5


def synthesised_bank(
    base: TorchImageClassifier,
    *,
    digest: str,
    source: str,
    budget: Budget,
    seed: int,
    recipe: Recipe = RECIPE,
    cache: Path | None = None,
    most: float | None = None,
    progress: Progress = silent,
) -> EntityBank:
    """Instances of labels of a base, several of each, by activation maximisation.

    Args:
        base: The public checkpoint.
        digest: Of its files: the cache is named after it.
        source: What the user calls it.
        budget: How many labels and instances.
        seed: Decides every picture.
        recipe: How they are searched for.
        cache: Where pictures are kept; by default the user's cache folder.
        most: The most operations that making them may take on a CPU; None for no limit. What is
            kept from before costs nothing.
        progress: Called with (stage, done, total) while pictures are made.

    Raises:
        EntityError: The labels have no names, are too few for any verdict, the base does not
            name what was made of them, or making them would take more than `most`.
    """
    named = _chosen(base, source, budget)
    labels = tuple(each.label for each in named)
    kept = Kept.of(digest, key_of(recipe, labels, seed), cache)
    if most is not None and not kept.holds(budget.instances):
        wanted = Budget(labels=len(labels), instances=budget.instances)
        _require_cheap(base, source, recipe, wanted, most)
    rounds = _rounds(base, labels, kept, budget, seed, recipe, progress)
    right = share_named(base, labels, rounds)
    if right < USABLE:
        raise EntityError(
            f"{shown(source)} names only {right:.0%} of the instances made of its own labels",
            hint="Name another base, photographs with --entities SRC, or --entities rendered.",
        )

    def draw(entity: int, instance: int) -> Instance:
        name = f"synthesised/{named[entity].entity.id}/{instance}"
        return Instance(name, Image.fromarray(rounds[instance][entity].transpose(1, 2, 0)))

    return EntityBank(
        source=f"base:{source}",
        instance_source=InstanceSource.SYNTHESISED,
        entities=tuple(each.entity for each in named),
        counts=(budget.instances,) * len(named),
        draw=draw,
        why=f"{len(named):,} of its {len(base.labels):,} labels; it names {right:.0%} right itself",
    )


def _chosen(base: TorchImageClassifier, source: str, budget: Budget) -> list[Named]:
    """The labels to make instances of: as many as the budget allows, spread over the head."""
    by_label = {each.label: each for each in named_labels(base.labels, source)}
    wanted = min(budget.labels, len(by_label))
    if wanted < FEWEST_LABELS:
        have = "the budget allows" if budget.labels < len(by_label) else "the base has"
        raise EntityError(
            f"{have} {wanted} labels to synthesise, too few for any verdict: benign models were "
            f"measured with {FEWEST_LABELS} or more",
            hint=f"Allow at least {FEWEST_LABELS} labels, or name photographs with --entities SRC.",
        )
    return [by_label[label] for label in spread(rows_of(base), sorted(by_label), wanted)]


def _require_cheap(
    base: TorchImageClassifier, source: str, recipe: Recipe, budget: Budget, most: float
) -> None:
    if not str(base.device).startswith("cpu"):
        return
    takes = operations(base, side_shown(base, recipe), recipe, budget)
    if takes > most:
        raise EntityError(
            f"{budget.pictures} pictures of what {shown(source)} knows would take "
            f"{takes:.1g} operations, more than {most:.1g}",
            hint="Ask for them by name: --entities base; or make them once with entities build.",
        )


def _rounds(
    base: TorchImageClassifier,
    labels: Sequence[int],
    kept: Kept,
    budget: Budget,
    seed: int,
    recipe: Recipe,
    progress: Progress,
) -> list[Pixels]:
    """One instance of every label, as often as the budget says; each unlike the earlier ones."""
    side = side_shown(base, recipe)
    rounds: list[Pixels] = []
    shape = (len(labels), 3, recipe.size, recipe.size)
    for instance in range(budget.instances):
        made = kept.read(instance, shape)
        if made is None:
            away = _mean_features(base, rounds) if rounds else None
            parts = []
            for first in range(0, len(labels), BATCH):
                part = slice(first, first + BATCH)
                seeds = [(seed, label, instance) for label in labels[part]]
                before = None if away is None else away[part]
                parts.append(
                    maximise(base, labels[part], recipe, side=side, seeds=seeds, away=before)
                )
                done = instance * len(labels) + first + len(parts[-1])
                progress(STAGE, done, budget.instances * len(labels))
            made = np.concatenate(parts)
            kept.write(instance, made)
        rounds.append(made)
    return rounds


def side_shown(base: TorchImageClassifier, recipe: Recipe) -> int:
    """The side at which the base is shown pictures: the recipe's where it takes that."""
    own = int(base.pixels([Image.new("RGB", (64, 64))]).shape[-1])
    if own <= recipe.shown:
        return own
    try:
        base.logits(np.zeros((1, 3, recipe.shown, recipe.shown), np.uint8))
    except Exception:  # transformers with positions refuse another size, each in its own way
        return own
    return recipe.shown


def _mean_features(base: TorchImageClassifier, rounds: Sequence[Pixels]) -> NDArray[np.float32]:
    total = np.sum([_seen(base, made, base.features) for made in rounds], axis=0)
    result: NDArray[np.float32] = (total / len(rounds)).astype(np.float32)
    return result


def share_named(
    model: TorchImageClassifier, labels: Sequence[int], rounds: Sequence[Pixels]
) -> float:
    """The share of instances, shown through its own processor, that a model names right."""
    answers = [_seen(model, made, model.logits).argmax(axis=1) for made in rounds]
    return float(np.mean([answer == np.array(labels) for answer in answers]))


def _seen(
    model: TorchImageClassifier,
    made: Pixels,
    look: Callable[[Pixels], NDArray[np.float32]],
) -> NDArray[np.float32]:
    images = [Image.fromarray(picture.transpose(1, 2, 0)) for picture in made]
    parts = [images[i : i + BATCH] for i in range(0, len(images), BATCH)]
    return np.concatenate([look(model.pixels(part)) for part in parts])
