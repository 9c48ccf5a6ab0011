"""Adversarial robustness: accuracy under projected gradient descent (Madry et al., ICLR 2018).

Each model is attacked by itself, with all that can be known of it, within a box of so many grey
levels round every picture; the random start is the same for all.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from auditor.models.torch_image import TorchImageClassifier
from auditor.sequela.bootstrap import MIN_PICTURES, paired_mean
from auditor.sequela.material import Budget, Labelled, Material, Models
from auditor.sequela.measure import (
    Measure,
    Measured,
    Tick,
    change_of,
    harm_against_before,
    means,
    no_tick,
    worst,
)
from auditor.types import Skip

if TYPE_CHECKING:
    import torch

COMPONENT = "robustness"
EPSILONS = (4, 8)  # grey levels of 255
STEPS = 20
REACH = 2.5  # all steps together, as a multiple of epsilon, so that a corner can be reached
BATCH = 32


def run(models: Models, material: Material, budget: Budget, *, tick: Tick = no_tick) -> Measured:
    """Accuracy under attack."""
    found = models.with_gradients()
    if isinstance(found, str):
        return Measured(
            skips=(Skip(subject=COMPONENT, reason=found, remedy="Give safetensors weights."),)
        )
    pictures = attacked(material, budget)
    if len(pictures) < MIN_PICTURES:
        reason = f"{len(pictures)} clean pictures, and {MIN_PICTURES} are needed for an interval"
        return Measured(
            skips=(Skip(subject=COMPONENT, reason=reason, remedy="Give more --clean-data."),)
        )
    rng = np.random.default_rng([budget.seed, 23])
    changes = []
    for epsilon in EPSILONS:
        measure = f"{COMPONENT}.eps-{epsilon}"
        survive = partial(survived, pictures=pictures, epsilon=epsilon, seed=budget.seed, tick=tick)
        right = {
            name: models.once(name, measure, partial(survive, model))
            for name, model in found.items()
        }
        changes.append(
            change_of(
                measure,
                means(right),
                paired_mean(right["after"] - right["before"], rng),
                worse="lower",
                observations=len(pictures),
                note=f"{STEPS} steps within {epsilon}/255",
            )
        )
    harms = [harm_against_before(COMPONENT, change) for change in changes]
    return Measured(changes=tuple(changes), harm=worst(harms))


def attacked(material: Material, budget: Budget) -> Labelled:
    """The pictures that are attacked."""
    tests = material.tests
    order = np.random.default_rng([budget.seed, 24]).permutation(len(tests))
    return tests.rows(np.sort(order[: budget.attack_images]))


def survived(
    model: TorchImageClassifier,
    pictures: Labelled,
    epsilon: int,
    *,
    seed: int,
    tick: Tick = no_tick,
) -> NDArray[np.float64]:
    """1 where a picture still gets its label under attack, else 0: `(N,)`."""
    import torch

    generator = torch.Generator().manual_seed(seed)
    parts = []
    for first in range(0, len(pictures), BATCH):
        batch = Labelled(
            pictures.pixels[first : first + BATCH], pictures.labels[first : first + BATCH]
        )
        moved = descend(model, batch, epsilon, generator=generator, tick=tick)
        with torch.no_grad():
            answers = model.forward(moved).argmax(dim=1).cpu().numpy()
        parts.append(answers == batch.labels)
    return np.concatenate(parts).astype(np.float64)


def descend(
    model: TorchImageClassifier,
    batch: Labelled,
    epsilon: int,
    *,
    generator: torch.Generator,
    steps: int = STEPS,
    tick: Tick = no_tick,
) -> torch.Tensor:
    """Pictures `(N, 3, H, W)` in 0..255, moved away from their labels within the box."""
    import torch
    from torch.nn import functional as F

    clean = torch.from_numpy(batch.pixels).float()
    labels = torch.from_numpy(batch.labels).to(model.device)
    start = (2 * torch.rand(clean.shape, generator=generator) - 1) * epsilon
    clean, x = clean.to(model.device), (clean + start).clamp(0, 255).to(model.device)
    for _ in range(steps):
        x.requires_grad_(True)
        loss: Any = F.cross_entropy(model.forward(x).float(), labels, reduction="sum")
        (gradient,) = torch.autograd.grad(loss, x)
        with torch.no_grad():
            x = x + REACH * epsilon / steps * gradient.sign()
            x = torch.minimum(torch.maximum(x, clean - epsilon), clean + epsilon).clamp(0, 255)
        tick()
    return x.detach()


def _steps(models: Models, material: Material, budget: Budget) -> int:
    found = models.with_gradients()
    if isinstance(found, str):
        return 0
    batches = -(-len(attacked(material, budget)) // BATCH)
    return len(found) * len(EPSILONS) * STEPS * batches


MEASURE = Measure(run=run, steps=_steps, says="small perturbations fool the model more often")
