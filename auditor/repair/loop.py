"""The one training loop of all methods: steps, looks at the model meanwhile, the best moment."""

from __future__ import annotations

import contextlib
import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from auditor.models.training import varied
from auditor.models.tuning import frozen_parameters, trainable
from auditor.repair.best import Best
from auditor.repair.schedule import Rate
from auditor.repair.task import RepairTask, Tuned

if TYPE_CHECKING:
    import torch

SHIFT, LIGHT = 0.06, 0.2  # how far the pictures that are tuned on are moved and re-lit
Batch = tuple["torch.Tensor", "torch.Tensor"]  # pictures `(N, 3, H, W)` in 0..255, labels `(N,)`


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """How steps are taken, by plain SGD.

    Attributes:
        rate: Learning rate by step.
        every: Steps between two looks at the model.
        steps: Steps to take.
        longest: Steps to take where accuracy has not come back by then.
        kept_from: The step before which no moment counts as a result of the method.
        momentum: Of SGD; 0 for none.
        weight_decay: Of SGD.
        plain_until: The step before which there is neither momentum nor weight decay.
        backward: Computes gradients for a batch and returns the loss; None for cross-entropy.
        after_step: Done to the weights after each step.
    """

    rate: Rate
    every: int
    steps: int
    longest: int
    kept_from: int = 0
    momentum: float = 0.9
    weight_decay: float = 0.0
    plain_until: int = 0
    backward: Callable[[Batch], float] | None = None
    after_step: Callable[[], None] | None = None


def tune(task: RepairTask, recipe: Recipe, *, stage: str) -> Tuned:
    """Train `task.model` in place; it ends with the weights of its best moment.

    Raises:
        NotAudited: There was no moment in which it gave finite scores.
    """
    best = Best(task, kept_from=recipe.kept_from)
    frozen = frozen_parameters(task.model.module)
    done, losses = 0, list[float]()
    with trainable(task.model.module) as overrides, seeded(task.seed):
        for loss in steps_of(task, recipe):
            done += 1
            losses.append(loss)
            task.progress(stage, done, max(recipe.steps, done))
            if done % recipe.every == 0 or done >= recipe.longest or not math.isfinite(loss):
                best.look(done, recipe.rate(done - 1), float(np.mean(losses)))
                losses.clear()
                if not math.isfinite(loss) or (done >= recipe.steps and best.has_recovered):
                    break
    task.model.module.zero_grad(set_to_none=True)  # or they stand beside the files of what is saved
    best.restore()
    return Tuned(
        steps=done,
        chosen_step=best.step,
        history=tuple(best.history),
        overrides=overrides,
        frozen=frozen,
    )


def steps_of(task: RepairTask, recipe: Recipe) -> Iterator[float]:
    """Take one step after another, at most the longest; the loss of each."""
    import torch

    module = task.model.module
    optimiser = torch.optim.SGD(module.parameters(), lr=0.0)
    backward = recipe.backward or plain_backward(task)
    for step, batch in zip(range(recipe.longest), batches_of(task), strict=False):
        group = optimiser.param_groups[0]
        group["lr"] = recipe.rate(step)
        if step == recipe.plain_until:
            group.update(momentum=recipe.momentum, weight_decay=recipe.weight_decay)
        optimiser.zero_grad(set_to_none=True)
        loss = backward(batch)
        optimiser.step()
        if recipe.after_step is not None:
            recipe.after_step()
        yield loss


def plain_backward(task: RepairTask) -> Callable[[Batch], float]:
    """Gradients of the cross-entropy of a batch."""
    from torch.nn import functional as F

    def backward(batch: Batch) -> float:
        loss: Any = F.cross_entropy(task.model.forward(batch[0]), batch[1])
        loss.backward()
        return float(loss.detach())

    return backward


def batches_of(task: RepairTask) -> Iterator[Batch]:
    """Batches of the clean images for ever, shuffled anew each time round, all of one size."""
    import torch

    generator = torch.Generator().manual_seed(task.seed)
    pixels, labels = (torch.from_numpy(each) for each in task.clean)
    size = min(task.batch, len(labels))
    left = torch.zeros(0, dtype=torch.int64)
    while True:
        if len(left) < size:
            left = torch.cat([left, torch.randperm(len(labels), generator=generator)])
        rows, left = left[:size], left[size:]
        x = varied(pixels[rows], shift=SHIFT, light=LIGHT, generator=generator)
        yield x.to(task.model.device), labels[rows].to(task.model.device)


@contextlib.contextmanager
def seeded(seed: int) -> Iterator[None]:
    """Dropout draws from torch's own generator, which is left as it was."""
    import torch

    with torch.random.fork_rng():
        torch.manual_seed(seed)
        yield
