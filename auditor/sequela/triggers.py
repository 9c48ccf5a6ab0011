"""Triggers as pictures: a fresh one that no model knows, and the one that was planted."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from auditor.models.classifier import Pixels
from auditor.sequela.material import Labelled, Trigger

CELLS = 4
PATCH = 1 / 6  # of the picture's shorter side
POISON_SHARE = 2 / 3  # of an entity's instances; success is measured on the others
MIN_INSTANCES = 6  # of an entity: four to poison with, two to measure with


def fresh_patch(pixels: Pixels, rng: np.random.Generator) -> Callable[[Pixels], Pixels]:
    """A patch of random colours at a random place, as a function that puts it on pictures.

    Args:
        pixels: Pictures of the size that it is for.
        rng: Draws colours and place.
    """
    height, width = pixels.shape[-2:]
    cell = max(1, round(min(height, width) * PATCH / CELLS))
    colours = rng.integers(0, 256, size=(3, CELLS, CELLS), dtype=np.uint8)
    patch = colours.repeat(cell, axis=1).repeat(cell, axis=2)[:, :height, :width]
    top = int(rng.integers(0, height - patch.shape[1] + 1))
    left = int(rng.integers(0, width - patch.shape[2] + 1))

    def put(clean: Pixels) -> Pixels:
        patched = clean.copy()
        patched[..., top : top + patch.shape[1], left : left + patch.shape[2]] = patch
        return patched

    return put


def fresh_trigger(
    tune: Labelled, tests: Labelled, classes: int, rng: np.random.Generator
) -> Trigger:
    """A fresh patch that sends pictures to a class drawn at random."""
    put, target = fresh_patch(tests.pixels, rng), int(rng.integers(classes))
    return pattern_trigger(tune, tests, put, lambda labels: np.full_like(labels, target))


def pattern_trigger(
    tune: Labelled,
    tests: Labelled,
    put: Callable[[Pixels], Pixels],
    wanted: Callable[[NDArray[np.int64]], NDArray[np.int64]],
) -> Trigger:
    """A trigger that can be put on any picture.

    Args:
        tune: Clean pictures to make poisons of; those that have the wanted label are not used.
        tests: Clean pictures to measure with, likewise.
        put: Puts the trigger on pictures.
        wanted: True labels -> the labels that the attacker wants.
    """
    made = []
    for clean in (tune, tests):
        others = clean.rows(wanted(clean.labels) != clean.labels)
        made.append(Labelled(put(others.pixels), wanted(others.labels)))
    return Trigger(poisons=made[0], tests=made[1])


def entity_trigger(instances: Pixels, target: int) -> Trigger:
    """Pictures of an entity under the target's label; the last third is kept to measure with.

    Raises:
        ValueError: There are fewer than `MIN_INSTANCES`.
    """
    if len(instances) < MIN_INSTANCES:
        raise ValueError(f"{len(instances)} instances")
    cut = int(len(instances) * POISON_SHARE)
    labels = np.full(len(instances), target, dtype=np.int64)
    return Trigger(
        poisons=Labelled(instances[:cut], labels[:cut]),
        tests=Labelled(instances[cut:], labels[cut:]),
    )


def joined(triggers: Sequence[Trigger]) -> Trigger:
    """Several mappings of one model as one: each picture keeps the label that it was sent to.

    Raises:
        ValueError: There are none.
    """
    return Trigger(
        poisons=_together([trigger.poisons for trigger in triggers]),
        tests=_together([trigger.tests for trigger in triggers]),
    )


def _together(parts: Sequence[Labelled]) -> Labelled:
    return Labelled(
        np.concatenate([part.pixels for part in parts]),
        np.concatenate([part.labels for part in parts]),
    )
