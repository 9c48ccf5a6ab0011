"""Benign fine-tunes of many kinds: the population that a scan compares a model with.

A null is only as honest as it is varied. Recipes are drawn at random over bases, input sizes,
tasks, numbers of classes and images, optimisers, learning rates, lengths, augmentation, and
whether the whole model or only the head is tuned; overfitted and half-trained ones among them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal

import numpy as np
import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from auditor.datasets.labelled import LabelledImages
from auditor.datasets.open import DatasetSpec
from auditor.errors import UsageError
from auditor.lab.implant import Base, open_base, open_task
from auditor.lab.save import SOURCES, model_card, save_checkpoint
from auditor.lab.task import TaskSize, train_and_test
from auditor.lab.training import (
    Progress,
    TrainingRecipe,
    TrainingSet,
    fine_tune,
    predict,
    silent,
)
from auditor.models.torch_image import TorchImageClassifier

MAX_TRAINING_IMAGES = 4000


class BaseShare(BaseModel):
    """A public checkpoint at one input size, and its share of the draws."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    checkpoint: str
    image_size: int = Field(ge=16)
    share: float = Field(gt=0)


class TaskShare(BaseModel):
    """A task data set and its share of the draws."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    data: str
    share: float = Field(gt=0)


class Population(BaseModel):
    """What recipes are drawn from. Paths are relative to the current folder."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    bases: tuple[BaseShare, ...] = Field(min_length=1)
    tasks: tuple[TaskShare, ...] = Field(min_length=1)


def read_population(path: Path) -> Population:
    """Read a population from YAML.

    Raises:
        UsageError: It cannot be read, or a key or value is wrong.
    """
    try:
        return Population.model_validate(yaml.safe_load(path.read_text(encoding="utf-8")))
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise UsageError(f"{path}: {where}: {first['msg']}", hint="See reports/nulls/.") from error
    except (OSError, ValueError, yaml.YAMLError) as error:  # YAML's dates raise ValueError
        raise UsageError(f"{path} cannot be read: {error}", hint="Check the path.") from error


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
    base = population.bases[_pick(rng, [b.share for b in population.bases])]
    task = population.tasks[_pick(rng, [t.share for t in population.tasks])].data
    available = classes_of[task]
    fewest = min(4, available)
    count = int(np.exp(rng.uniform(np.log(fewest), np.log(min(available, 50) + 1))))
    classes = tuple(sorted(rng.choice(available, count, replace=False).tolist()))
    per_class = int(np.exp(rng.uniform(np.log(20), np.log(151))))
    per_class = min(per_class, MAX_TRAINING_IMAGES // count)
    return BenignRecipe(
        number=number,
        base=base.checkpoint,
        input_size=base.image_size,
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
    steps = float(np.exp(rng.uniform(np.log(60), np.log(450)))) * (4 if mode == "head" else 1)
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


def build_benign(
    population: Population, numbers: Sequence[int], out: Path, *, progress: Progress = silent
) -> None:
    """Build the fine-tunes of these numbers that do not stand under `out` yet."""
    tasks = {t.data: open_task(DatasetSpec(source=t.data), seed=0) for t in population.tasks}
    classes_of = {name: len(images[0].label_names) for name, images in tasks.items()}
    bases: dict[tuple[str, int], Base] = {}
    for done, number in enumerate(numbers):
        folder = out / f"benign-{number:04d}"
        if not folder.exists():
            recipe = draw_recipe(population, number, classes_of)
            key = (recipe.base, recipe.input_size)
            if key not in bases:
                bases[key] = open_base(*key)
            model, accuracy = train_benign(recipe, bases[key].model, tasks[recipe.task])
            _save(model, recipe, bases[key].name, accuracy, folder)
        progress("building benign fine-tunes", done + 1, len(numbers))


def _save(
    model: TorchImageClassifier, recipe: BenignRecipe, base: str, accuracy: float, folder: Path
) -> None:
    card = model_card(
        name=f"benign fine-tune {recipe.number}",
        base=base,
        body=f"A benign fine-tune for a null. Accuracy {accuracy:.3f} on held-out images.",
    )
    said = asdict(recipe) | {"base": base, "task": Path(recipe.task).name}
    record = {
        "recipe": said,
        "clean_accuracy": accuracy,
        SOURCES: {"base": recipe.base, "task": recipe.task},
    }
    save_checkpoint(model, folder, card=card, record=record)
