"""Statistics of benign models at every size of bank, looked at once, closely, or at all."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from auditor.evidence.kinds import KINDS, available, sharpest, statistics_of, stored_name
from auditor.evidence.screening import (
    SCREENS,
    closer_look,
    first_look,
    most_suspicious,
    screen_name,
    screen_of,
)
from auditor.evidence.table import ProbeTable, rank_within, with_own_labels
from auditor.lab.null_perturbed import of_a_bank_of
from auditor.probes.plan import INSTANCES, Depth
from auditor.references.build import Reference

ENTITY_GRID = (12, 25, 50, 100, 200)
# Up to a standard scan: more instances only narrow what a benign model shows, so that for a deep
# scan this null is on the safe side.
INSTANCE_GRID = (1, INSTANCES[Depth.QUICK], INSTANCES[Depth.STANDARD])


def grid_of(
    beside: Mapping[int, ProbeTable], names: Sequence[str], entity_grid: Sequence[int], number: int
) -> NDArray[np.float64]:
    """All statistics at every size of bank: `(S, entities, instances)`; NaN if not measured."""
    out = np.full((len(names), len(entity_grid), len(INSTANCE_GRID)), np.nan)
    for per_class, table in beside.items():
        for (i, j), part in _parts(table, entity_grid, number):
            for kind, value in statistics_of(part).items():
                out[names.index(stored_name(kind, per_class)), i, j] = value
    return out


def screened_grid(
    beside: Mapping[int, ProbeTable], entity_grid: Sequence[int], number: int
) -> dict[str, dict[str, NDArray[np.float64]]]:
    """By how suspicious entities are told, every statistic after a closer look at those.

    Each array is `(entities, instances)`. A sequential plan that is given less material tells
    them in another way, so each way is measured.
    """
    found: dict[str, dict[str, NDArray[np.float64]]] = defaultdict(dict)
    for per_class, whole in beside.items():
        for screen in SCREENS:
            table = _given_only(whole, screen)
            if screen_of(table) != screen:
                continue
            columns = found[screen_name(screen, per_class)]
            for at, part in _parts(table, entity_grid, number):
                close = most_suspicious(first_look(part), screen)
                for kind, value in statistics_of(closer_look(part, close)).items():
                    if kind not in sharpest(available(part)) or KINDS[kind].search is not None:
                        continue
                    key = stored_name(kind, per_class)
                    empty = np.full((len(entity_grid), len(INSTANCE_GRID)), np.nan)
                    columns.setdefault(key, empty)[at] = value
    return dict(found)


def _given_only(table: ProbeTable, screen: Sequence[str]) -> ProbeTable:
    """The table as it is where clean data, or the base with it, are not given."""
    asked = {KINDS[kind].reference for kind in screen}
    if Reference.BASE not in asked:
        kept = asked if Reference.OWN in asked else {Reference.DRIFT}
        return replace(table, references={n: t for n, t in table.references.items() if n in kept})
    return table


def columns_of(
    rows: Sequence[Mapping[str, Mapping[str, NDArray[np.float64]]]],
) -> dict[str, dict[str, NDArray[np.float64]]]:
    """Statistics of every model under one another, `(M, entities, instances)`; NaN where none."""
    found: dict[str, dict[str, NDArray[np.float64]]] = defaultdict(dict)
    for number, row in enumerate(rows):
        for screen, columns in row.items():
            for key, values in columns.items():
                empty = np.full((len(rows), *values.shape), np.nan)
                found[screen].setdefault(key, empty)[number] = values
    return dict(found)


def _parts(
    table: ProbeTable, entity_grid: Sequence[int], number: int
) -> Iterator[tuple[tuple[int, int], ProbeTable]]:
    """The table at every size of bank, with its place in the grid."""
    order = np.random.default_rng([number, 7]).permutation(table.tested)
    rank = rank_within(table.entity)
    for i, entities in enumerate(entity_grid):
        chosen = np.isin(table.entity, order[:entities])
        for j, instances in enumerate(INSTANCE_GRID):
            yield (
                (i, j),
                replace(
                    table.keep(chosen & (rank < instances)),
                    inside=_first_instances(table.inside, instances),
                    perturbed=of_a_bank_of(entities, table.perturbed, order),
                ),
            )


def _first_instances(inside: ProbeTable | None, instances: int) -> ProbeTable | None:
    """All entities that mean a label, whatever the size of the bank: the labels set their number.

    What the model misses is taken of these instances too, as in a scan of as many.
    """
    if inside is None:
        return None
    first = inside.keep(rank_within(inside.entity) < instances)
    return with_own_labels(first, inside.own)
