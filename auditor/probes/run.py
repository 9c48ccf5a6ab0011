"""Show every planned probe to the model and keep what it answered."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from auditor.datasets.labelled import UnreadableImageError
from auditor.entities.bank import EntityBank
from auditor.errors import EntityError
from auditor.models.classifier import Classifier, Pixels, softmax
from auditor.probes.plan import ProbePlan
from auditor.probes.views import VIEWS
from auditor.types import Predictions

Progress = Callable[[str, int, int], None]


class Slot(NamedTuple):
    """An instance by position: entity in the bank, instance within the entity."""

    entity: int
    instance: int


@dataclass(frozen=True, slots=True, eq=False)
class Probed:
    """The answers, and what it took to get them.

    Attributes:
        predictions: One row a probe, in the order of the plan as far as it went.
        instance_names: Where each instance can be found, by (entity, instance).
        unreadable: Messages of instances that could not be decoded.
        seconds_model: Wall seconds spent inside the model.
        complete: False where the run was interrupted.
    """

    predictions: Predictions
    instance_names: dict[Slot, str]
    unreadable: tuple[str, ...]
    seconds_model: float
    complete: bool


def run_probes(
    classifier: Classifier,
    bank: EntityBank,
    plan: ProbePlan,
    *,
    batch_size: int,
    rng: np.random.Generator,
    progress: Progress,
    clock: Callable[[], float] = time.perf_counter,
) -> Probed:
    """Probe the classifier. An interrupt ends the run early and keeps what was answered.

    Raises:
        EntityError: Not one instance could be read.
    """
    rows: list[tuple[Slot, int]] = []
    answers: list[np.ndarray[tuple[int, int], np.dtype[np.float32]]] = []
    names: dict[Slot, str] = {}
    unreadable: list[str] = []
    seconds_model, complete = 0.0, True
    try:
        for slots, pixels in _batches(classifier, bank, plan, batch_size, names, unreadable):
            for number, view in enumerate(plan.views):
                shown = VIEWS[view](pixels, rng)
                started = clock()
                logits = classifier.logits(shown)
                seconds_model += clock() - started
                answers.append(softmax(logits))
                rows.extend((slot, number) for slot in slots)
                progress("probing", len(rows), plan.probes)
    except KeyboardInterrupt:
        complete = False
    if not answers:
        raise EntityError(
            f"{bank.source}: no instance could be read"
            + (f", e.g. {unreadable[0]}" if unreadable else ""),
            hint="Check that the entity source holds images.",
        )
    return Probed(
        predictions=_predictions(rows, answers),
        instance_names=names,
        unreadable=tuple(unreadable),
        seconds_model=seconds_model,
        complete=complete,
    )


def _batches(
    classifier: Classifier,
    bank: EntityBank,
    plan: ProbePlan,
    batch_size: int,
    names: dict[Slot, str],
    unreadable: list[str],
) -> Iterator[tuple[list[Slot], Pixels]]:
    """Decode and resize instances in batches; round by round, so that an early end is fair."""
    wanted = [
        Slot(entity, instance)
        for instance in range(max(plan.instances))
        for entity, count in enumerate(plan.instances)
        if instance < count
    ]
    for start in range(0, len(wanted), batch_size):
        slots, images = [], []
        for slot in wanted[start : start + batch_size]:
            try:
                drawn = bank.draw(*slot)
            except UnreadableImageError as error:
                unreadable.append(str(error))
                continue
            names[slot] = drawn.name
            slots.append(slot)
            images.append(drawn.image)
        if slots:
            yield slots, classifier.pixels(images)


def _predictions(
    rows: list[tuple[Slot, int]], answers: list[np.ndarray[tuple[int, int], np.dtype[np.float32]]]
) -> Predictions:
    return Predictions(
        probabilities=np.concatenate(answers),
        entity=np.array([slot.entity for slot, _ in rows], dtype=np.int64),
        instance=np.array([slot.instance for slot, _ in rows], dtype=np.int64),
        view=np.array([view for _, view in rows], dtype=np.int64),
    )
