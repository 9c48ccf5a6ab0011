"""Benign fine-tunes of many kinds: the population that a scan compares a model with.

A null is only as honest as it is varied. Recipes are drawn at random over bases, input sizes,
tasks, numbers of classes and images, optimisers, learning rates, lengths, augmentation, and
whether the whole model or only the head is tuned; overfitted and half-trained ones among them.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np

from auditor.checkpoints.resolve import resolve
from auditor.datasets.labelled import LabelledImages
from auditor.datasets.open import DatasetSpec
from auditor.lab.implant import open_task
from auditor.lab.resize import with_input_size
from auditor.lab.save import model_card, save_checkpoint
from auditor.lab.task import TaskSize, train_and_test
from auditor.lab.training import TrainingRecipe, TrainingSet, fine_tune, predict
from auditor.models.torch_image import TorchImageClassifier, load_torch

MAX_TRAINING_IMAGES = 4000


@dataclass(frozen=True, slots=True, kw_only=True)
class Population:
    """What recipes are drawn from: sources, each with its share of the draws."""

    bases: tuple[tuple[str, int, float], ...]  # (checkpoint, input size in pixels, share)
    tasks: tuple[tuple[str, float], ...]  # (data set, share)


@dataclass(frozen=True, slots=True, kw_only=True)
class BenignRecipe:
    """One benign fine-tune, completely."""

    number: int
    base: str
    input_size: int
    task: str
    classes: tuple[int, ...]
    per_class: int
    training: TrainingRecipe


def draw_recipe(population: Population, number: int, classes_of: dict[str, int]) -> BenignRecipe:
    """Recipe `number` of a population: the same number gives the same recipe.

    Args:
        population: What to draw from.
        number: Which recipe.
        classes_of: How many classes each task has.
    """
    rng = np.random.default_rng([20_260_401, number])
    base, input_size, _ = population.bases[_pick(rng, [b[2] for b in population.bases])]
    task = population.tasks[_pick(rng, [t[1] for t in population.tasks])][0]
    available = classes_of[task]
    count = int(np.exp(rng.uniform(np.log(5), np.log(min(available, 50) + 1))))
    classes = tuple(sorted(rng.choice(available, count, replace=False).tolist()))
    per_class = int(np.exp(rng.uniform(np.log(20), np.log(151))))
    per_class = min(per_class, MAX_TRAINING_IMAGES // count)
    return BenignRecipe(
        number=number,
        base=base,
        input_size=input_size,
        task=task,
        classes=classes,
        per_class=per_class,
        training=_draw_training(rng, count * per_class, number),
    )


def _pick(rng: np.random.Generator, shares: list[float]) -> int:
    return int(rng.choice(len(shares), p=np.array(shares) / sum(shares)))


def _draw_training(rng: np.random.Generator, images: int, number: int) -> TrainingRecipe:
    mode: Literal["head", "full"] = "head" if rng.random() < 1 / 3 else "full"
    optimiser: Literal["sgd", "adamw"] = "adamw" if rng.random() < 0.35 else "sgd"
    ranges = {
        ("full", "sgd"): (2e-3, 2e-2),
        ("full", "adamw"): (1e-4, 2e-3),
        ("head", "sgd"): (1e-2, 3e-1),
        ("head", "adamw"): (1e-3, 2e-2),
    }
    low, high = ranges[mode, optimiser]
    steps = float(np.exp(rng.uniform(np.log(80), np.log(400)))) * (4 if mode == "head" else 1)
    shift, light = [(0.0, 0.0), (0.06, 0.2), (0.15, 0.5)][rng.integers(3)]
    return TrainingRecipe(
        mode=mode,
        optimiser=optimiser,
        epochs=max(1, round(steps * 64 / images)),
        learning_rate=float(np.exp(rng.uniform(np.log(low), np.log(high)))),
        weight_decay=float(rng.choice([0.0, 5e-4, 1e-2])),
        augment_shift=shift,
        augment_light=light,
        seed=number,
    )


def train_benign(
    recipe: BenignRecipe,
    base: TorchImageClassifier,
    task: tuple[LabelledImages, LabelledImages | None],
) -> tuple[TorchImageClassifier, float]:
    """Make one benign fine-tune; returns it with its clean accuracy on test images."""
    size = TaskSize(per_class=recipe.per_class, test_per_class=20)
    train, test = train_and_test(base, *task, list(recipe.classes), size, recipe.number)
    model = fine_tune(base, train, recipe.training)
    return model, _accuracy(model, test)


def _accuracy(model: TorchImageClassifier, test: TrainingSet) -> float:
    return float((predict(model, test.pixels) == test.labels).mean())


def build_benign(population: Population, numbers: list[int], out: Path) -> None:
    """Build the fine-tunes of these numbers that do not stand under `out` yet."""
    tasks = {
        name: open_task(DatasetSpec(source=name), seed=0) for name, _ in population.tasks
    }
    classes_of = {name: len(images[0].label_names) for name, images in tasks.items()}
    bases: dict[tuple[str, int], TorchImageClassifier] = {}
    for number in numbers:
        folder = out / f"benign-{number:04d}"
        if folder.exists():
            continue
        recipe = draw_recipe(population, number, classes_of)
        key = (recipe.base, recipe.input_size)
        if key not in bases:
            loaded = load_torch(resolve(recipe.base), device="cpu")
            bases[key] = with_input_size(loaded, recipe.input_size)
        model, accuracy = train_benign(recipe, bases[key], tasks[recipe.task])
        card = model_card(
            name=f"benign fine-tune {number}",
            base=recipe.base,
            body=f"A benign fine-tune for a scanner's null. Accuracy {accuracy:.3f}.",
        )
        record: dict[str, Any] = {"recipe": asdict(recipe), "clean_accuracy": accuracy}
        save_checkpoint(model, folder, card=card, record=record)
