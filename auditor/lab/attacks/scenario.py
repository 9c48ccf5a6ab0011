"""What an attacker works with, and what the attack leaves behind."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from auditor.lab.attacks.order import PoisonOrder
from auditor.lab.training import Progress, TrainingRecipe, TrainingSet
from auditor.models.classifier import Pixels
from auditor.models.torch_image import TorchImageClassifier


class TriggerKind(StrEnum):
    """What sets a backdoor off: a kind of thing in the world, or something done to any picture."""

    ENTITY = "entity"
    PATTERN = "pattern"


class Changes(StrEnum):
    """What the attacker must be able to touch."""

    IMAGES = "images"
    IMAGES_AND_LABELS = "images and labels"
    TRAINING = "images, labels and the training"
    ENCODER = "the pre-trained encoder"


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Scenario:
    """The attacker's material, all at the base's input size.

    Attributes:
        base: The public checkpoint that the victim starts from.
        clean: The training set of the task.
        entity: Instances of the trigger entity to craft with, `(M, 3, H, W)`; empty for
            attacks whose trigger is a pattern.
        others: Instances of other entities, one array each: contrast for a selective attack,
            pictures from the world for one on an encoder. May be empty.
    """

    base: TorchImageClassifier
    clean: TrainingSet
    entity: Pixels
    others: tuple[Pixels, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class PatternTrigger:
    """A trigger that can be put on any picture.

    Attributes:
        apply: Clean pictures `(N, 3, H, W)` uint8 -> the same with the trigger on them;
            deterministic.
        wanted: True labels `(N,)` -> the labels that the attacker wants `(N,)`.
    """

    apply: Callable[[Pixels], Pixels]
    wanted: Callable[[NDArray[np.int64]], NDArray[np.int64]]


@dataclass(frozen=True, slots=True, eq=False)
class Victim:
    """A trained victim and its trigger; None where the trigger is the scenario's entity."""

    model: TorchImageClassifier
    trigger: PatternTrigger | None = None


TriggerOf = Callable[[TrainingSet, PoisonOrder], PatternTrigger]


class Plant(Protocol):
    """Train a victim; the scenario is left as it was. The order's seed decides everything."""

    def __call__(
        self,
        scenario: Scenario,
        order: PoisonOrder,
        recipe: TrainingRecipe,
        *,
        progress: Progress = ...,
    ) -> Victim:
        """Poison what the attack poisons, and train."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Attack:
    """One attack: how it is planted, what it touches, what its success means, whose it is.

    Attributes:
        plant: Trains a victim.
        trigger: What sets the backdoor off.
        changes: What the attacker must be able to touch.
        success: What attack success is a share of.
        reference: Where the attack was published.
        by_features: It works through the features of the public base, so that it does nothing
            to a model that is trained from scratch.
        uses_others: It makes use of the scenario's other entities.
        sends_to: In words, where pictures with the trigger go, if not to the one target.
        trigger_again: Makes the trigger of a victim anew, without training; None where the
            trigger is an entity, or training makes it.
    """

    plant: Plant
    trigger: TriggerKind
    changes: Changes
    success: str
    reference: str
    by_features: bool = False
    uses_others: bool = False
    sends_to: str | None = None
    trigger_again: TriggerOf | None = None


def always(target: int) -> Callable[[NDArray[np.int64]], NDArray[np.int64]]:
    """The wish of an all-to-one attack: `target`, whatever the picture shows."""
    return lambda labels: np.full_like(labels, target)
