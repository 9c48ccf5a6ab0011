"""What a method is handed, and what it hands back."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from auditor.models.classifier import Pixels
from auditor.models.torch_image import TorchImageClassifier
from auditor.models.tuning import Override
from auditor.repair.record import Moment, RangeTest, Schedule

Progress = Callable[[str, int, int], None]


def silent(stage: str, done: int, total: int) -> None:
    """Progress that nobody watches."""


class Pictures(NamedTuple):
    """Clean images at the model's size: `pixels` `(N, 3, H, W)` uint8, `labels` `(N,)`."""

    pixels: Pixels
    labels: NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class Watched:
    """A found mapping, watched while tuning: a cheap proxy of the verification.

    Attributes:
        pixels: Instances of its entities which the verification does not look at.
        target: The class they are sent to.
        accepted: Share of them that may still go there for the mapping to count as gone.
    """

    pixels: Pixels
    target: int
    accepted: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Rates:
    """Super-fine-tuning's numbers. A rate of None is found by a learning-rate range test.

    `phase1` is the share of the steps in the first phase.
    """

    base: float | None = None
    max1: float | None = None
    max2: float | None = None
    up: int = 10
    down: int = 10
    phase1: float = 0.4


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class RepairTask:
    """One model to repair.

    Attributes:
        model: Tuned in place.
        clean: Clean images to tune on.
        choice: Other clean images, by which the best moment is chosen.
        accuracy: Of the model on `choice` before anything was done.
        watched: The found mappings.
        exposure: Pictures of the findings' entities, for methods that are shown them; may be
            empty.
        steps: Steps of a method; some go on for `longest` where accuracy has not come back.
        longest: Steps that no method exceeds.
        batch: Images a step.
        rates: Super-fine-tuning's numbers.
        seed: Decides everything random.
        shelf: A folder for weights that are not in use: memory holds one set of them.
        progress: Told how far a stage is.
    """

    model: TorchImageClassifier
    clean: Pictures
    choice: Pictures
    accuracy: float
    watched: tuple[Watched, ...]
    exposure: Pixels
    steps: int
    longest: int
    batch: int
    rates: Rates = field(default_factory=Rates)
    seed: int = 0
    shelf: Path
    progress: Progress = silent


@dataclass(frozen=True, slots=True, kw_only=True)
class Tuned:
    """What a method did to the model, which now has the weights of the chosen moment.

    Attributes:
        steps: Steps taken, those of a range test not counted.
        chosen_step: The step whose weights were kept.
        history: The model as it was tuned, moment by moment.
        overrides: Settings of the checkpoint that were overridden while tuning.
        frozen: Parameters that were frozen and were tuned nevertheless.
        schedule: The numbers that were used, by name.
        range_test: The curve behind rates that nobody gave; None where there was no need.
    """

    steps: int
    chosen_step: int
    history: tuple[Moment, ...]
    overrides: tuple[Override, ...] = ()
    frozen: tuple[str, ...] = ()
    schedule: Schedule = field(default_factory=dict, hash=False)
    range_test: RangeTest | None = None


@dataclass(frozen=True, slots=True)
class Method:
    """A way to repair. `learns_entities` says that it is shown pictures of the entities."""

    run: Callable[[RepairTask], Tuned]
    learns_entities: bool = False
