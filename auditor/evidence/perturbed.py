"""Answers to perturbed probes -> tables of their own, which statistics read like the first one.

In each a row is one probe of one entity, so that a mean over rows is one over all its
perturbations.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from auditor.evidence.table import ProbeTable
from auditor.probes.collisions import Collisions
from auditor.probes.ladder import RUNGS, TAKE_DETAIL, Ladder
from auditor.references.build import Reference

Array = NDArray[np.float32]


class Perturbed(StrEnum):
    """What is done to what is shown.

    LADDER: One instance of each entity on every rung that leaves detail; `blurred` is the mean
        of the rungs that take it away.
    COLLISIONS: Pictures of the task moved towards each entity; `blurred` is what each gets as
        it was.
    """

    LADDER = "ladder"
    COLLISIONS = "collisions"


def ladder_table(found: Ladder, *, entities: int) -> ProbeTable:
    """One row a rung that leaves detail, beside the mean of those that take it away.

    Args:
        found: What the model answered.
        entities: Number of entities in the bank.
    """
    gone = np.isin(list(RUNGS), TAKE_DETAIL)
    kept = found.answers[:, ~gone]
    lost = np.broadcast_to(found.answers[:, gone].mean(axis=1, keepdims=True), kept.shape)
    rows = (-1, kept.shape[-1])
    return ProbeTable(
        intact=np.ascontiguousarray(kept).reshape(rows),
        blurred=np.ascontiguousarray(lost).reshape(rows),
        entity=np.repeat(found.entity, kept.shape[1]),
        entities=entities,
    )


def collision_table(
    found: Collisions, honest: Callable[[Array], Array], *, entities: int
) -> ProbeTable:
    """One row a moved picture, beside what honest heads on the base make of it.

    A picture of a class says nothing of that class, moved or not: there it counts as the mean of
    the others.

    Args:
        found: What the model answered.
        honest: Probabilities `(N, C)` that honest heads give the base's features `(N, D)`.
        entities: Number of entities in the bank.
    """
    count, pictures, classes = found.moved.shape
    own = found.label[:, None] == np.arange(classes)  # (P, C)
    rows = (count * pictures, classes)
    still = np.broadcast_to(found.still, found.moved.shape)
    fair = honest(found.seen.reshape(count * pictures, -1)).reshape(found.moved.shape)
    entity = np.repeat(found.entity, pictures)

    def table(answers: Array) -> ProbeTable:
        moved, before = (_without_own(part, own).reshape(rows) for part in (answers, still))
        return ProbeTable(intact=moved, blurred=before, entity=entity, entities=entities)

    return replace(table(found.moved), references={str(Reference.BASE): table(fair)})


def _without_own(answers: Array, own: NDArray[np.bool_]) -> Array:
    """Answers `(E, P, C)` where those of pictures to their own class are the mean of the others.

    Where every picture is of one class, nothing is known of it: 0.
    """
    others = ~own
    mean = (answers * others).sum(axis=1) / np.maximum(others.sum(axis=0), 1)
    result: Array = np.where(own, mean[:, None], answers).astype(np.float32)
    return result


def with_perturbed(table: ProbeTable, perturbed: Mapping[Perturbed, ProbeTable]) -> ProbeTable:
    """The table with those of perturbed probes, in which the same pairs are held back."""
    held = {str(name): replace(one, held=table.held) for name, one in perturbed.items()}
    return replace(table, perturbed=held)
