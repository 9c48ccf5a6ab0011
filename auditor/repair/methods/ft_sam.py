"""FT-SAM: fine-tuning with sharpness-aware minimisation (Zhu et al., ICCV 2023).

Each gradient is taken at the worst point near the weights, which moves weights of large norm,
where backdoors tend to sit, further than plain fine-tuning does. Adaptive form (Kwon et al.,
ICML 2021): the neighbourhood scales with each weight. Rho is 2 and label smoothing 0.1, as in
BackdoorBench's configuration; the rest as for plain fine-tuning. Every step costs two.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from auditor.repair.loop import Batch, Recipe, tune
from auditor.repair.methods.fine_tune import DECAY, LOOKS, MOMENTUM, RATE
from auditor.repair.schedule import cosine
from auditor.repair.task import RepairTask, Tuned

if TYPE_CHECKING:
    from torch import nn

RHO, SMOOTHING = 2.0, 0.1
TINY = 1e-12


def ft_sam(task: RepairTask) -> Tuned:
    """Tune the whole model, each step by the gradient at the worst point nearby."""
    recipe = Recipe(
        rate=cosine(RATE, task.steps),
        every=max(1, task.steps // LOOKS),
        steps=task.steps,
        longest=task.steps,
        momentum=MOMENTUM,
        weight_decay=DECAY,
        backward=sharpness_aware(task),
    )
    done = tune(task, recipe, stage="fine-tuning (SAM)")
    return replace(done, schedule={"rho": RHO, "label_smoothing": SMOOTHING})


def sharpness_aware(task: RepairTask) -> Callable[[Batch], float]:
    """Gradients of the smoothed cross-entropy at the worst point near the weights."""
    from torch.nn import functional as F

    module = task.model.module

    def backward(batch: Batch) -> float:
        loss: Any = F.cross_entropy(
            task.model.forward(batch[0]), batch[1], label_smoothing=SMOOTHING
        )
        loss.backward()
        with _climbed(module), _still_statistics(module):
            module.zero_grad(set_to_none=True)
            there: Any = F.cross_entropy(
                task.model.forward(batch[0]), batch[1], label_smoothing=SMOOTHING
            )
            there.backward()
        return float(loss.detach())

    return backward


@contextlib.contextmanager
def _climbed(module: nn.Module) -> Iterator[None]:
    """The weights moved to where the loss is about highest within rho; then back."""
    import torch

    with torch.no_grad():
        held = [(p, p.grad) for p in module.parameters() if p.grad is not None]
        norm = torch.stack([(p.abs() * grad).norm() for p, grad in held]).norm() + TINY
        moves = [(p, p.square() * grad * (RHO / norm)) for p, grad in held]
        for parameter, move in moves:
            parameter.add_(move)
    try:
        yield
    finally:
        with torch.no_grad():
            for parameter, move in moves:
                parameter.sub_(move)


@contextlib.contextmanager
def _still_statistics(module: nn.Module) -> Iterator[None]:
    """Batch norms use the batch at hand and remember nothing of it: nobody stays at that point."""
    from torch.nn.modules.batchnorm import _BatchNorm

    norms = [part for part in module.modules() if isinstance(part, _BatchNorm)]
    were = [norm.momentum for norm in norms]
    for norm in norms:
        norm.momentum = 0.0
    try:
        yield
    finally:
        for norm, momentum in zip(norms, were, strict=True):
            norm.momentum = momentum
