"""Outlier exposure (Hendrycks et al., ICLR 2019) against an entity finding.

Pictures of the entities that a finding names are shown beside the clean images, and the model is
to be undecided about them: cross-entropy to the uniform distribution, weighted by half as in the
paper. It needs pictures of the entities, and it repairs what was found and nothing else. Batch
norms keep their statistics while they see these pictures: they describe the task.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from auditor.errors import UsageError
from auditor.repair.loop import Batch, Recipe, tune
from auditor.repair.methods.fine_tune import DECAY, LOOKS, MOMENTUM, RATE
from auditor.repair.schedule import cosine
from auditor.repair.task import RepairTask, Tuned

if TYPE_CHECKING:
    from torch import nn

WEIGHT = 0.5
SHARE = 0.5  # entity pictures for each clean one in a step


def outlier_exposure(task: RepairTask) -> Tuned:
    """Tune the whole model on clean images, undecided about the findings' entities.

    Raises:
        UsageError: There are no pictures of the entities to tune on.
    """
    if not len(task.exposure):
        raise UsageError(
            "outlier exposure needs pictures of the entities that are not needed to verify it",
            hint="Name an entity source with two pictures an entity or more: --entities SRC.",
        )
    recipe = Recipe(
        rate=cosine(RATE, task.steps),
        every=max(1, task.steps // LOOKS),
        steps=task.steps,
        longest=task.steps,
        momentum=MOMENTUM,
        weight_decay=DECAY,
        backward=_exposed(task),
    )
    return replace(tune(task, recipe, stage="outlier exposure"), schedule={"weight": WEIGHT})


def _exposed(task: RepairTask) -> Callable[[Batch], float]:
    """Gradients of the cross-entropy of a batch, and of that to uniform for entity pictures."""
    import torch
    from torch.nn import functional as F

    generator = torch.Generator().manual_seed(task.seed + 1)
    pictures = torch.from_numpy(task.exposure)

    def backward(batch: Batch) -> float:
        loss: Any = F.cross_entropy(task.model.forward(batch[0]), batch[1])
        count = max(1, round(SHARE * len(batch[1])))
        rows = torch.randint(0, len(pictures), (count,), generator=generator)
        with _norms_at_rest(task.model.module):
            scores = task.model.forward(pictures[rows].to(task.model.device))
        loss = loss - WEIGHT * F.log_softmax(scores, dim=1).mean()
        loss.backward()
        return float(loss.detach())

    return backward


@contextlib.contextmanager
def _norms_at_rest(module: nn.Module) -> Iterator[None]:
    from torch.nn.modules.batchnorm import _BatchNorm

    norms = [part for part in module.modules() if isinstance(part, _BatchNorm) and part.training]
    for norm in norms:
        norm.eval()
    try:
        yield
    finally:
        for norm in norms:
            norm.train()
