"""Fine-tune a public base on a task: how the lab makes victims and their clean twins."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from auditor.models.classifier import Pixels
from auditor.models.torch_image import TorchImageClassifier, head_of
from auditor.models.training import fresh_module, varied
from auditor.models.tuning import trainable

if TYPE_CHECKING:
    import torch
    from torch import nn

FEATURE_BATCH = 128
Progress = Callable[[str, int, int], None]
Mode = Literal["full", "head", "scratch"]


def silent(stage: str, done: int, total: int) -> None:
    """Progress that nobody watches."""


@dataclass(frozen=True, slots=True, eq=False)
class TrainingSet:
    """Images of a task at the model's size: `pixels` `(N, 3, H, W)` uint8, `labels` `(N,)`."""

    pixels: Pixels
    labels: NDArray[np.int64]
    label_names: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainingRecipe:
    """How a fine-tune is run; the learning rate decays along a cosine to zero.

    `mode` "full" tunes every parameter, "head" only the new last layer; "scratch" keeps nothing
    of the base but its architecture and trains every parameter from fresh values. `momentum` is
    for "sgd"; "adamw" has its own.
    `augment_shift` is the largest random shift, as a share of the image's side; `augment_light`
    the largest relative change of brightness.
    """

    mode: Mode = "full"
    optimiser: Literal["sgd", "adamw"] = "sgd"
    epochs: int = 10
    batch: int = 64
    learning_rate: float = 0.01
    momentum: float = 0.9
    weight_decay: float = 5e-4
    augment_shift: float = 0.06
    augment_light: float = 0.2
    seed: int = 0


def fine_tune(
    base: TorchImageClassifier,
    data: TrainingSet,
    recipe: TrainingRecipe,
    *,
    progress: Progress = silent,
) -> TorchImageClassifier:
    """Give a copy of `base` a new head for the task and train it; `base` is left as it was.

    Deterministic on the CPU for one number of threads: all randomness comes from `recipe.seed`.
    """
    import torch

    generator = torch.Generator().manual_seed(recipe.seed)
    model = start_from(base, data.label_names, recipe, generator)
    if recipe.mode == "head":
        _train_head(model, data, recipe, generator, progress)
    else:
        train_all(model, data, recipe, progress=progress)
    return model


def start_from(
    base: TorchImageClassifier,
    labels: tuple[str, ...],
    recipe: TrainingRecipe,
    generator: torch.Generator,
) -> TorchImageClassifier:
    """What training begins with: the base's weights, or fresh ones, under a new head."""
    fresh = recipe.mode == "scratch"
    module = fresh_module(base.module, recipe.seed) if fresh else copy.deepcopy(base.module)
    new_head(module, len(base.labels), labels, generator)
    return replace(base, labels=labels, module=module)


def new_head(
    module: nn.Module, classes_before: int, labels: tuple[str, ...], generator: torch.Generator
) -> None:
    """Replace the last linear layer by a fresh one for `labels`, and say so in the config."""
    import torch
    from torch import nn

    old = head_of(module, classes_before)
    with torch.random.fork_rng(devices=[]):  # a new layer draws weights, which are replaced below
        fresh = nn.Linear(old.in_features, len(labels)).to(old.weight.device)
    with torch.no_grad():
        fresh.weight.normal_(0.0, 0.01, generator=generator)
        fresh.bias.zero_()
    path = next(name for name, part in module.named_modules() if part is old)
    parent_name, _, attribute = path.rpartition(".")
    setattr(module.get_submodule(parent_name), attribute, fresh)
    classifier: Any = module
    classifier.config.id2label = dict(enumerate(labels))
    classifier.config.label2id = {label: i for i, label in enumerate(labels)}
    classifier.num_labels = len(labels)


def train_all(
    model: TorchImageClassifier,
    data: TrainingSet,
    recipe: TrainingRecipe,
    *,
    progress: Progress = silent,
    stage: str = "training",
) -> None:
    """Train every parameter of `model` in place."""
    import torch
    from torch.nn import functional as F

    generator = torch.Generator().manual_seed(recipe.seed)
    pixels, labels = torch.from_numpy(data.pixels), torch.from_numpy(data.labels)
    optimiser, schedule, steps = optimiser_for(model.module.parameters(), len(labels), recipe)
    done = 0
    with trainable(model.module), torch.random.fork_rng(devices=[]):
        torch.manual_seed(recipe.seed)  # dropout draws from torch's own generator
        for _ in range(recipe.epochs):
            order: Any = torch.randperm(len(labels), generator=generator)  # typed in parts
            for rows in order.split(recipe.batch):
                if len(rows) < 2:  # batch norm cannot normalise a single image
                    continue
                batch = augment(pixels[rows], recipe, generator)
                loss: Any = F.cross_entropy(model.forward(batch), labels[rows])
                optimiser.zero_grad(set_to_none=True)
                loss.backward()
                optimiser.step()
                schedule.step()
                done += 1
                progress(stage, done, steps)


def _train_head(
    model: TorchImageClassifier,
    data: TrainingSet,
    recipe: TrainingRecipe,
    generator: torch.Generator,
    progress: Progress,
) -> None:
    import torch
    from torch.nn import functional as F

    features = torch.from_numpy(features_of(model, data.pixels))
    labels = torch.from_numpy(data.labels)
    head = head_of(model.module, len(model.labels))
    optimiser, schedule, steps = optimiser_for(head.parameters(), len(labels), recipe)
    done = 0
    for _ in range(recipe.epochs):
        order: Any = torch.randperm(len(labels), generator=generator)
        for rows in order.split(recipe.batch):
            loss: Any = F.cross_entropy(head(features[rows]), labels[rows])
            optimiser.zero_grad(set_to_none=True)
            loss.backward()
            optimiser.step()
            schedule.step()
            done += 1
            progress("training the head", done, steps)


def optimiser_for(
    parameters: Iterable[nn.Parameter], images: int, recipe: TrainingRecipe
) -> tuple[torch.optim.Optimizer, torch.optim.lr_scheduler.LRScheduler, int]:
    """The recipe's optimiser and schedule, and how many steps they are for."""
    import torch

    steps = recipe.epochs * -(-images // recipe.batch)
    optimiser: torch.optim.Optimizer
    if recipe.optimiser == "adamw":
        optimiser = torch.optim.AdamW(
            parameters, lr=recipe.learning_rate, weight_decay=recipe.weight_decay
        )
    else:
        optimiser = torch.optim.SGD(
            parameters,
            lr=recipe.learning_rate,
            momentum=recipe.momentum,
            weight_decay=recipe.weight_decay,
        )
    return optimiser, torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, steps), steps


def augment(
    pixels: torch.Tensor, recipe: TrainingRecipe, generator: torch.Generator
) -> torch.Tensor:
    """Shift and re-light a batch as the recipe says: float pixels `(N, 3, H, W)` in 0..255."""
    return varied(
        pixels, shift=recipe.augment_shift, light=recipe.augment_light, generator=generator
    )


def features_of(model: TorchImageClassifier, pixels: Pixels) -> NDArray[np.float32]:
    """Penultimate features `(N, D)` of any number of images, in batches."""
    parts = [
        model.features(pixels[i : i + FEATURE_BATCH]) for i in range(0, len(pixels), FEATURE_BATCH)
    ]
    return np.concatenate(parts)


def predict(model: TorchImageClassifier, pixels: Pixels) -> NDArray[np.int64]:
    """Predicted class `(N,)` of any number of images, in batches."""
    parts = [
        model.logits(pixels[i : i + FEATURE_BATCH]).argmax(axis=1)
        for i in range(0, len(pixels), FEATURE_BATCH)
    ]
    return np.concatenate(parts)
