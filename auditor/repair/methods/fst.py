"""FST: feature-shift tuning (Min et al., NeurIPS 2023).

The head starts anew and is rewarded for drifting away from the old one, so that features which
only the backdoor used lose their lever. After each step its weight is scaled back to the length
that the old one had, without which the reward would have no end. Alpha 0.1, learning rate 0.01 and
momentum 0.9 are those of the authors' README for CIFAR-10; their ten epochs are the steps here.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from auditor.models.torch_image import head_of
from auditor.repair.loop import Batch, Recipe, tune
from auditor.repair.methods.fine_tune import LOOKS, MOMENTUM, RATE
from auditor.repair.schedule import cosine
from auditor.repair.task import RepairTask, Tuned

ALPHA = 0.1


def fst(task: RepairTask) -> Tuned:
    """Tune the whole model under a new head that is to differ from the old one."""
    import torch

    head = head_of(task.model.module, len(task.model.labels))
    old = head.weight.detach().clone()
    length = old.norm()
    generator = torch.Generator().manual_seed(task.seed)
    reach = head.in_features**-0.5
    with torch.no_grad():
        fresh = torch.empty(old.shape).uniform_(-reach, reach, generator=generator)
        head.weight.copy_(fresh)
        if head.bias is not None:
            head.bias.zero_()

    def keep_length() -> None:
        with torch.no_grad():
            head.weight.mul_(length / head.weight.norm())

    recipe = Recipe(
        rate=cosine(RATE, task.steps),
        every=max(1, task.steps // LOOKS),
        steps=task.steps,
        longest=task.steps,
        momentum=MOMENTUM,
        backward=_shifted(task, head, old),
        after_step=keep_length,
    )
    return replace(tune(task, recipe, stage="feature-shift tuning"), schedule={"alpha": ALPHA})


def _shifted(task: RepairTask, head: Any, old: Any) -> Callable[[Batch], float]:
    """Gradients of the cross-entropy plus the likeness of the new head to the old one."""
    from torch.nn import functional as F

    def backward(batch: Batch) -> float:
        loss: Any = F.cross_entropy(task.model.forward(batch[0]), batch[1])
        loss = loss + ALPHA * (head.weight * old).sum()
        loss.backward()
        return float(loss.detach())

    return backward
