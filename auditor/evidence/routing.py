"""Where every entity goes: the table of a scan as plain numbers that a reader can be shown."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from auditor.evidence.table import ProbeTable
from auditor.types import Entity, RoutingMap, RoutingRow

MOST_CLASSES = 64  # the map of a model of thousands would be most of its report
DIGITS = 4


def routing_map(table: ProbeTable, entities: Sequence[Entity]) -> RoutingMap | None:
    """Mean probabilities of every tested entity, beside what the references would give.

    Of more classes than `MOST_CLASSES` those are kept that any entity goes to most. None where
    nothing was tested.

    Args:
        table: What the model answered.
        entities: The bank's entities.
    """
    parts = [part for part in (table, table.inside) if part is not None and len(part.entity)]
    if not parts:
        return None
    classes = _classes(np.concatenate([part.by_entity(part.intact) for part in parts]))
    found = {row: made for part in parts for row, made in _rows(part, entities, classes)}
    return RoutingMap(
        classes=tuple(int(index) for index in classes),
        rows=tuple(found[position] for position in sorted(found)),
    )


def _classes(means: NDArray[np.float32]) -> NDArray[np.int64]:
    strongest = np.argsort(-means.max(axis=0), kind="stable")[:MOST_CLASSES]
    return np.sort(strongest)


def _rows(
    table: ProbeTable, entities: Sequence[Entity], classes: NDArray[np.int64]
) -> list[tuple[int, RoutingRow]]:
    """Every row with the position of its entity in the bank."""
    own = table.by_entity(table.intact)[:, classes]
    beside = {
        name: reference.by_entity(reference.intact)[:, classes]
        for name, reference in table.references.items()
    }
    held = table.held_here()
    return [
        (
            int(position),
            RoutingRow(
                entity_id=entities[position].id,
                probabilities=_rounded(own[row]),
                references={name: _rounded(values[row]) for name, values in beside.items()},
                held=tuple(int(index) for index in np.flatnonzero(held[row])),
            ),
        )
        for row, position in enumerate(table.tested)
    ]


def _rounded(values: NDArray[np.float32]) -> tuple[float, ...]:
    return tuple(round(float(value), DIGITS) for value in values)
