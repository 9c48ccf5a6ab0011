"""Show every planned probe to the model and keep what it answered."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from auditor.datasets.labelled import UnreadableImageError
from auditor.entities.bank import EntityBank
from auditor.errors import EntityError
from auditor.models.classifier import Classifier, Pixels, softmax
from auditor.models.patience import Features, Look
from auditor.probes.plan import ProbePlan
from auditor.probes.views import VIEWS
from auditor.types import Predictions

STAGE = "probing"  # as progress calls it
Progress = Callable[[str, int, int], None]


class NothingReadError(EntityError):
    """Not one planned instance could be read; `unreadable` says why of each."""

    unreadable: tuple[str, ...] = ()


class Slot(NamedTuple):
    """An instance by position: entity in the bank, instance within the entity."""

    entity: int
    instance: int


class Answer(NamedTuple):
    """What the model said to one batch: instances, the view, probabilities, features."""

    slots: list[Slot]
    view: int
    probabilities: NDArray[np.float32]
    features: Features


@dataclass(frozen=True, slots=True, eq=False)
class Probed:
    """The answers, and what it took to get them.

    Attributes:
        predictions: One row a probe, in the order of the plan as far as it went.
        instance_names: Where each instance can be found, by (entity, instance).
        unreadable: Messages of instances that could not be decoded.
        seconds_model: Wall seconds spent inside the model.
        complete: False where the run was interrupted.
        features: By name `(N, D)`, row for row as the predictions; empty where none were wanted.
        remembered: Predictions that an earlier scan had got, and nobody was asked for again.
        notices: What went wrong on the way, and was mended.
    """

    predictions: Predictions
    instance_names: dict[Slot, str]
    unreadable: tuple[str, ...]
    seconds_model: float
    complete: bool
    features: Features = field(default_factory=dict)
    remembered: int = 0
    notices: tuple[str, ...] = ()


def run_probes(
    classifier: Classifier,
    bank: EntityBank,
    plan: ProbePlan,
    *,
    batch_size: int,
    rng: np.random.Generator,
    progress: Progress,
    look: Look | None = None,
    clock: Callable[[], float] = time.perf_counter,
) -> Probed:
    """Probe the classifier. An interrupt ends the run early and keeps what was answered.

    `look` asks the model, and whom else it likes, for features too; without it the logits do.

    Raises:
        NothingReadError: Not one instance could be read.
        KeyboardInterrupt: It came before anything was answered.
    """
    answers: list[Answer] = []
    done = 0
    names: dict[Slot, str] = {}
    unreadable: list[str] = []
    seconds_model, complete = 0.0, True
    look = look or (lambda pixels: (classifier.logits(pixels), {}))
    try:
        batches = _batches(classifier, bank, plan, batch_size, names, unreadable)
        for slots, number, shown in _shown(batches, plan, rng):
            started = clock()
            logits, features = look(shown)
            seconds_model += clock() - started
            # One step, which an interrupt cannot tear apart.
            answers.append(Answer(slots, number, softmax(logits), features))
            done += len(slots)
            progress(STAGE, done, plan.probes)
    except KeyboardInterrupt:
        if not answers:
            raise
        complete = False
    if not answers:
        raise _nothing_read(bank, unreadable)
    return Probed(
        predictions=_predictions(answers),
        instance_names=names,
        unreadable=tuple(unreadable),
        seconds_model=seconds_model,
        complete=complete,
        features={
            name: np.concatenate([answer.features[name] for answer in answers])
            for name in answers[0].features
        },
    )


def together(before: Probed, after: Probed) -> Probed:
    """The answers to two parts of a plan, that none of them has in common."""
    said, more = before.predictions, after.predictions
    return Probed(
        predictions=Predictions(
            probabilities=np.concatenate([said.probabilities, more.probabilities]),
            entity=np.concatenate([said.entity, more.entity]),
            instance=np.concatenate([said.instance, more.instance]),
            view=np.concatenate([said.view, more.view]),
        ),
        instance_names=before.instance_names | after.instance_names,
        unreadable=(*before.unreadable, *after.unreadable),
        seconds_model=before.seconds_model + after.seconds_model,
        complete=before.complete and after.complete,
        features={
            name: np.concatenate([values, after.features[name]])
            for name, values in before.features.items()
        },
        remembered=before.remembered + after.remembered,
        notices=tuple(dict.fromkeys([*before.notices, *after.notices])),
    )


def _nothing_read(bank: EntityBank, unreadable: Sequence[str]) -> NothingReadError:
    error = NothingReadError(
        f"{bank.source}: no instance could be read"
        + (f", e.g. {unreadable[0]}" if unreadable else ""),
        hint="Check that the entity source holds images.",
    )
    error.unreadable = tuple(unreadable)
    return error


def _shown(
    batches: Iterator[tuple[list[Slot], Pixels]], plan: ProbePlan, rng: np.random.Generator
) -> Iterator[tuple[list[Slot], int, Pixels]]:
    """Every batch under every view: instances, position of the view, pixels to show."""
    for slots, pixels in batches:
        for number, view in enumerate(plan.views):
            yield slots, number, VIEWS[view](pixels, rng)


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
        for instance in range(max(plan.instances, default=0))
        for entity, (begin, end) in enumerate(zip(plan.begins, plan.instances, strict=True))
        if begin <= instance < end
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


def _predictions(answers: list[Answer]) -> Predictions:
    rows = [(slot, answer.view) for answer in answers for slot in answer.slots]
    return Predictions(
        probabilities=np.concatenate([answer.probabilities for answer in answers]),
        entity=np.array([slot.entity for slot, _ in rows], dtype=np.int64),
        instance=np.array([slot.instance for slot, _ in rows], dtype=np.int64),
        view=np.array([view for _, view in rows], dtype=np.int64),
    )
