"""Collisions: pictures of the task, moved a little so that the base sees an entity in them.

Whoever planted an entity by its features trained the model on such pictures: of the target class,
within a few grey levels of a clean one, and to the base the entity. Pictures of *other* classes
moved the same way then go to the target together; in a model with nothing planted each goes
where its own looks and the way it was moved take it. The pictures depend on the base, the clean
data and the entities alone, never on the model under audit.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from auditor.models.classifier import FeatureClassifier, Pixels, softmax
from auditor.models.torch_image import TorchImageClassifier

PICTURES = 6  # of the task, of as many classes as there are
ENTITIES = 48  # towards which each of them is moved
EPSILON = 16.0  # the largest change of a pixel, in grey levels of 255
STEPS = 10  # by the sign of the gradient, shrinking to nothing
TRAVEL = 2.5  # of all steps together, in units of the largest change
BATCH = 64
Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True, eq=False)
class Collisions:
    """What the model answers to P pictures, each moved towards E entities.

    Attributes:
        moved: Probabilities `(E, P, C)` for the moved pictures.
        still: The same for the pictures as they were, `(P, C)`.
        seen: What the base sees in the moved ones, `(E, P, D)`.
        entity: Position of each entity in the bank, `(E,)`.
        label: The class of each picture, `(P,)`.
    """

    moved: NDArray[np.float32]
    still: NDArray[np.float32]
    seen: NDArray[np.float32]
    entity: NDArray[np.int64]
    label: NDArray[np.int64]

    @property
    def passes(self) -> int:
        """Pictures that were shown to the model or its base, both ways of a step counted once."""
        pictures = len(self.label)
        return len(self.entity) * pictures * (STEPS + 2) + pictures


def collide(
    model: FeatureClassifier,
    base: TorchImageClassifier,
    pictures: Pixels,
    label: NDArray[np.int64],
    goals: NDArray[np.float32],
    entity: NDArray[np.int64],
    progress: Progress,
) -> Collisions:
    """Move every picture towards every entity, and ask the model about each.

    Args:
        model: The model under audit.
        base: The public checkpoint it was fine-tuned from, with gradients.
        pictures: Clean ones of the task, `(P, 3, H, W)`.
        label: Their classes, `(P,)`.
        goals: Mean features of each entity in the base, `(E, D)`.
        entity: Positions of the entities in the bank, `(E,)`.
        progress: Called with (done, total).
    """
    pairs = [(e, p) for e in range(len(goals)) for p in range(len(pictures))]
    answers, seen = [], []
    for start in range(0, len(pairs), BATCH):
        of, which = map(list, zip(*pairs[start : start + BATCH], strict=True))
        moved = move_towards(base, pictures[which], goals[of])
        answers.append(softmax(model.logits(moved)))
        seen.append(base.features(moved))
        progress(min(start + BATCH, len(pairs)), len(pairs))
    shape = (len(goals), len(pictures), -1)
    return Collisions(
        moved=np.concatenate(answers).reshape(shape),
        still=softmax(model.logits(pictures)),
        seen=np.concatenate(seen).reshape(shape),
        entity=entity,
        label=label,
    )


def move_towards(
    base: TorchImageClassifier,
    pictures: Pixels,
    goals: NDArray[np.float32],
    *,
    epsilon: float = EPSILON,
    steps: int = STEPS,
) -> Pixels:
    """Pictures `(N, 3, H, W)`, each within `epsilon` of its own, nearer to `goals` `(N, D)`.

    Projected signed gradient descent (Madry et al., ICLR 2018) on the squared distance of the
    base's features.
    """
    import torch

    clean = torch.from_numpy(np.ascontiguousarray(pictures)).float().to(base.device)
    wanted = torch.from_numpy(goals).to(base.device)
    x = clean
    for done in range(steps):
        x = x.detach().requires_grad_(True)
        distance = (base.forward_features(x).float() - wanted).square().sum()
        (slope,) = torch.autograd.grad(distance, x)
        size = 2 * TRAVEL * epsilon / steps * (1 - done / steps)
        x = (x.detach() - size * slope.sign()).clamp(clean - epsilon, clean + epsilon)
        x = x.clamp(0, 255)
    result: Pixels = x.detach().round().to(torch.uint8).cpu().numpy()
    return result


def one_of_each(label: NDArray[np.int64], most: int = PICTURES) -> NDArray[np.int64]:
    """Places of at most `most` pictures: the first of every class, then the second, evenly.

    Where there are more classes than pictures, the classes are spread evenly over all.

    Args:
        label: The class of each picture there is, `(N,)`.
        most: How many are wanted.
    """
    order = np.argsort(label, kind="stable")
    _, starts, counts = np.unique(label[order], return_index=True, return_counts=True)
    ranks = np.empty(len(label), dtype=np.int64)  # of each picture within its class
    ranks[order] = np.arange(len(label)) - np.repeat(starts, counts)
    places = np.lexsort((label, ranks)).astype(np.int64)
    return evenly(places[: len(starts)], most) if len(starts) > most else places[:most]


def evenly(places: NDArray[np.int64], most: int) -> NDArray[np.int64]:
    """At most `most` of the places, evenly spaced."""
    if len(places) <= most:
        return places
    return places[np.linspace(0, len(places) - 1, most).round().astype(np.int64)]
