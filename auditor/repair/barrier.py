"""The loss along the straight line between the weights before and after.

Where it does not rise, the repaired model lies in the basin of the backdoored one, and published
attacks bring backdoors back from there with a few samples (Min et al., NeurIPS 2024). Batch-norm
statistics of a mixture fit neither end, so between the ends they are taken anew from clean images.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from auditor.models.torch_image import TorchImageClassifier
from auditor.models.tuning import trainable
from auditor.repair.answers import BATCH, classes_of, logits_of
from auditor.repair.record import Barrier
from auditor.repair.task import Pictures, Progress, Watched

if TYPE_CHECKING:
    from torch import nn

POINTS = tuple(float(at) for at in np.linspace(0, 1, 9))


def barrier_between(
    model: TorchImageClassifier,
    before: Path,
    after: Path,
    clean: Pictures,
    held_out: Pictures,
    watched: tuple[Watched, ...],
    progress: Progress,
) -> Barrier:
    """Measure models on the line from `before` to `after`, two files of weights.

    Args:
        model: One of that architecture; its weights are overwritten.
        before: Weights as `auditor.repair.shelf` writes them.
        after: Likewise.
        clean: Images that give batch norms their statistics.
        held_out: Images that losses are measured on.
        watched: The mappings.
        progress: Told how far it is.
    """
    losses, accuracies, success = [], [], []
    for number, at in enumerate(POINTS, start=1):
        _mix(model.module, before, after, at)
        if 0 < at < 1:
            _new_statistics(model, clean)
        logits = logits_of(model, held_out.pixels).astype(np.float64)
        losses.append(_loss(logits, held_out.labels))
        accuracies.append(float((logits.argmax(axis=1) == held_out.labels).mean()))
        success.append(
            tuple(float((classes_of(model, w.pixels) == w.target).mean()) for w in watched)
        )
        progress("loss barrier", number, len(POINTS))
    line = np.interp(POINTS, [0, 1], [losses[0], losses[-1]])
    return Barrier(
        at=POINTS,
        losses=tuple(losses),
        accuracies=tuple(accuracies),
        success=tuple(success),
        height=float((np.array(losses) - line).max()),
    )


def _mix(module: nn.Module, before: Path, after: Path, at: float) -> None:
    """Fill a module tensor by tensor, so that memory never holds both ends."""
    import torch
    from safetensors import safe_open

    state = module.state_dict()
    with safe_open(before, "pt") as first:
        names = list(first.keys())
    with torch.no_grad():
        for name in names:
            # Opened anew for each, or what was read of both would stay mapped until the end.
            with safe_open(before, "pt") as first, safe_open(after, "pt") as second:
                one, other = first.get_tensor(name), second.get_tensor(name)
                mixed = torch.lerp(one, other, at) if one.is_floating_point() else other
                state[name].copy_(mixed)


def _new_statistics(model: TorchImageClassifier, clean: Pictures) -> None:
    """Average batch-norm statistics over the clean images, as torch's `update_bn` does."""
    import torch
    from torch.nn.modules.batchnorm import _BatchNorm

    norms: list[Any] = [m for m in model.module.modules() if isinstance(m, _BatchNorm)]
    if not norms:
        return
    with trainable(model.module), torch.no_grad():
        were = [norm.momentum for norm in norms]
        for norm in norms:
            norm.reset_running_stats()
            norm.momentum = None  # the plain average over all batches
        order = np.random.default_rng(0).permutation(len(clean.labels))
        for rows in np.array_split(order, max(1, len(order) // BATCH)):
            model.forward(torch.from_numpy(clean.pixels[rows]).to(model.device))
        for norm, momentum in zip(norms, were, strict=True):
            norm.momentum = momentum


def _loss(logits: Any, labels: Any) -> float:
    from scipy.special import log_softmax

    return float(-log_softmax(logits, axis=1)[np.arange(len(labels)), labels].mean())
