"""Entity backdoor, clean-label: feature collision with instances of an entity.

Sources: the entity backdoor attack (LNCS 15863, 2025), its recipe assembled from its nearest
published relatives: feature collision with greedy pairing as in Hidden Trigger Backdoor
Attacks (Saha et al., AAAI 2020) or, where the order says so, with the mean of the instances as
in the feature matching of clean-label physical attacks (CLPBA); an L-infinity bound on the
perturbation, labels untouched.

    poison_i = clip(x_i + d_i),  |d_i|_inf <= eps,  minimise |g(poison_i) - g(e_i)|^2

with x_i a clean image of the target class, e_i an instance of the entity, g the penultimate
features of the public base. With mean pairing g(e_i) is the mean over all instances.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from auditor.lab.attacks.order import Pairing, PoisonOrder
from auditor.lab.attacks.scenario import Attack, Changes, Scenario, TriggerKind, Victim
from auditor.lab.training import (
    Progress,
    TrainingRecipe,
    TrainingSet,
    features_of,
    fine_tune,
    silent,
)
from auditor.models.classifier import Pixels
from auditor.models.torch_image import TorchImageClassifier

ADAM_LEARNING_RATE = 0.01 * 255  # pixels are in 0..255
CRAFT_BATCH = 64


def plant(
    scenario: Scenario,
    order: PoisonOrder,
    recipe: TrainingRecipe,
    *,
    progress: Progress = silent,
) -> Victim:
    """Fine-tune the base on the poisoned set."""
    data = poison(scenario.base, scenario.clean, scenario.entity, order, progress=progress)
    recipe = replace(recipe, seed=order.seed)
    return Victim(fine_tune(scenario.base, data, recipe, progress=progress))


def poison(
    base: TorchImageClassifier,
    clean: TrainingSet,
    entity: Pixels,
    order: PoisonOrder,
    *,
    progress: Progress = silent,
) -> TrainingSet:
    """Replace images of the target class by poisons that look the same; no label changes.

    Where the class has fewer images than `order.poisons`, some are poisoned several times,
    each copy towards another instance, and the copies are added.
    """
    members = np.random.default_rng(order.seed).permutation(
        np.flatnonzero(clean.labels == order.target)
    )
    rows = np.resize(members, order.poisons)
    poisons = collide(
        base,
        clean.pixels[rows],
        entity,
        epsilon=order.epsilon,
        steps=order.steps,
        pairing=order.pairing,
        progress=progress,
    )
    first = min(len(members), order.poisons)
    pixels = clean.pixels.copy()
    pixels[rows[:first]] = poisons[:first]
    return TrainingSet(
        np.concatenate([pixels, poisons[first:]]),
        np.concatenate([clean.labels, np.full(order.poisons - first, order.target)]),
        clean.label_names,
    )


def collide(
    base: TorchImageClassifier,
    images: Pixels,
    entity: Pixels,
    *,
    epsilon: int,
    steps: int,
    pairing: Pairing = "greedy",
    progress: Progress = silent,
) -> Pixels:
    """Move `images` `(P, 3, H, W)` to where `base` sees `entity` `(M, 3, H, W)`.

    Args:
        base: The public model that victims start from.
        images: Clean images of the target class.
        entity: Instances of the entity.
        epsilon: Largest change of a pixel, in grey levels of 255.
        steps: Adam steps for each batch.
        pairing: Whether each image is moved towards a near instance or all to their mean.
        progress: Called with (stage, done, total).

    Returns:
        The poisons, uint8, each within `epsilon` of its image.
    """
    goals = _goals(features_of(base, images), features_of(base, entity), pairing)
    batches = [slice(i, i + CRAFT_BATCH) for i in range(0, len(images), CRAFT_BATCH)]
    poisons = []
    for number, rows in enumerate(batches):

        def report(step: int, number: int = number) -> None:
            progress("crafting poisons", number * steps + step, len(batches) * steps)

        poisons.append(_descend(base, images[rows], goals[rows], epsilon, steps, report))
    return np.concatenate(poisons)


def _goals(
    images: NDArray[np.float32], entity: NDArray[np.float32], pairing: Pairing
) -> NDArray[np.float32]:
    if pairing == "mean":
        mean: NDArray[np.float32] = entity.mean(axis=0)
        return np.tile(mean, (len(images), 1))
    return entity[pair_greedily(images, entity)]


def pair_greedily(images: NDArray[np.float32], entity: NDArray[np.float32]) -> NDArray[np.int64]:
    """Give each image an instance, nearest pairs first, instances reused evenly.

    Args:
        images: Features `(P, D)`.
        entity: Features `(M, D)`.

    Returns:
        Index of the instance for each image, `(P,)`.
    """
    distances = ((images[:, None] - entity[None]) ** 2).sum(axis=2)
    rounds = -(-len(images) // len(entity))
    left = np.full(len(entity), rounds)
    chosen = np.full(len(images), -1)
    for flat in np.argsort(distances, axis=None, kind="stable"):
        i, j = divmod(int(flat), len(entity))
        if chosen[i] < 0 and left[j] > 0:
            chosen[i] = j
            left[j] -= 1
    return chosen


def _descend(
    base: TorchImageClassifier,
    images: Pixels,
    goals: NDArray[np.float32],
    epsilon: int,
    steps: int,
    report: object,
) -> Pixels:
    import torch

    clean = torch.from_numpy(images).float()
    wanted = torch.from_numpy(goals)
    delta = torch.zeros_like(clean, requires_grad=True)
    optimiser = torch.optim.Adam([delta], lr=ADAM_LEARNING_RATE)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, steps)
    for step in range(steps):
        distance = (base.forward_features(clean + delta) - wanted).square().sum()
        (delta.grad,) = torch.autograd.grad(distance, delta)
        optimiser.step()
        schedule.step()
        with torch.no_grad():
            delta.clamp_(-epsilon, epsilon)
            delta.copy_((clean + delta).clamp_(0, 255) - clean)
        report(step + 1)  # type: ignore[operator]
    return (clean + delta.detach()).round().clamp(0, 255).to(torch.uint8).numpy()


ATTACK = Attack(
    plant=plant,
    trigger=TriggerKind.ENTITY,
    changes=Changes.IMAGES,
    success="share of unseen instances of the entity that are given the target label",
    reference="entity backdoor, LNCS 15863 (2025); pairing after Saha et al., AAAI 2020",
    by_features=True,
)
