"""Table + null -> evidence: every kind there is material for, compared with benign models."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from auditor.evidence.groups import tightest_group
from auditor.evidence.intervals import Interval, bootstrap_mean, clopper_pearson
from auditor.evidence.kinds import KINDS, Kind, Over, available, stored_name
from auditor.evidence.null import Size, StoredNull, adjusted_p, baseline, model_statistic, standing
from auditor.evidence.statistics import routing
from auditor.evidence.table import ProbeTable
from auditor.types import Entity, Evidence, RankedPair

TOP_CLASSES = 3  # evidence is kept for these; the search itself is over all
TOP_PAIRS = 25
RANKED = 25


@dataclass(frozen=True, slots=True, kw_only=True)
class Gathered:
    """All evidence of a scan, and what it says of the model as a whole."""

    evidence: tuple[Evidence, ...]
    ranking: tuple[RankedPair, ...]
    model_statistic: float | None
    model_p_value: float | None


def gather(
    table: ProbeTable,
    null: StoredNull | None,
    *,
    entities: Sequence[Entity],
    labels: Sequence[str],
    rng: np.random.Generator,
    clean_per_class: int | None = None,
    architecture: str | None = None,
    looks: NDArray[np.float32] | None = None,
) -> Gathered:
    """Every kind of evidence for the classes and pairs that stand out most.

    Args:
        table: What the model answered, and what the references would have.
        null: What benign fine-tunes show; None where there is none for these instances.
        entities: The bank's entities.
        labels: The model's labels.
        rng: Draws the bootstrap samples of the intervals.
        clean_per_class: Clean images a class behind the references, where there are any.
        architecture: The model's, to be ranked among its own kind where there is enough of it.
        looks: Mean features of the tested entities, `(E, D)`, by which they are grouped;
            without them entities are alike that the model answers alike.
    """
    looks = table.by_entity(table.intact) if looks is None else looks
    tested = table.tested
    size = Size(
        classes=len(labels),
        entities=len(tested),
        instances=int(np.median(np.bincount(table.entity)[tested])),
    )
    incomparable = why_incomparable(null, size)
    kinds = available(table)
    if incomparable or null is None:
        null = None
    else:
        null = null.of({name: stored_name(name, clean_per_class) for name in kinds})
        null = null if architecture is None else null.alike(architecture)
        kinds = {name: kind for name, kind in kinds.items() if name in null.statistics}
    evidence: list[Evidence] = []
    for name, kind in kinds.items():
        if kind.over is Over.CLASSES:
            evidence += _class_evidence(name, kind, table, null, size, entities, looks, rng)
        else:
            evidence += _pair_evidence(name, kind, table, null, size, entities, rng)
    ps = [e.p_value for e in evidence if e.p_value is not None]
    largest = {name: float(kind.values(table).max()) for name, kind in kinds.items()}
    return Gathered(
        evidence=tuple(replace(e, why_undecided=incomparable) for e in evidence),
        ranking=rank_pairs(table, null, size, entities, labels),
        model_statistic=None if null is None else model_statistic(null, largest, size),
        model_p_value=min(ps) if ps else None,
    )


def why_incomparable(null: StoredNull | None, size: Size) -> str | None:
    """Why benign models say nothing about a bank of this size; None where they do."""
    if null is None:
        return "no stored null for this source of instances"
    fewest = null.entity_grid[0]
    if size.entities < fewest:
        # A maximum over few entities varies more, so a null of larger banks would cry wolf.
        return f"{size.entities} entities were tested where the null needs at least {fewest}"
    return None


def _class_evidence(
    name: str,
    kind: Kind,
    table: ProbeTable,
    null: StoredNull | None,
    size: Size,
    entities: Sequence[Entity],
    looks: NDArray[np.float32],
    rng: np.random.Generator,
) -> list[Evidence]:
    values = kind.values(table)
    top = np.argsort(-values, kind="stable")[:TOP_CLASSES]
    p_values = _p_values(null, name, values[top], size)
    by_entity = table.effects(kind.measure(table))  # entities are the units of the mean
    held = table.held_here()
    found = []
    for target, p_value in zip(top, p_values, strict=True):
        effects = by_entity[:, target].astype(np.float64)
        group = tightest_group(effects, looks)
        members = [i for i in group.members if not held[i, target]]
        strongest_first = sorted(members, key=lambda i: -effects[i])
        item = _evidence(
            name,
            [entities[table.tested[i]] for i in strongest_first],
            int(target),
            float(values[target]),
            bootstrap_mean(by_entity[:, target], rng),
            null,
            p_value,
            size,
            len(table.entity),
        )
        found.append(replace(item, detail={**item.detail, "group": group.described}))
    return found


def _pair_evidence(
    name: str,
    kind: Kind,
    table: ProbeTable,
    null: StoredNull | None,
    size: Size,
    entities: Sequence[Entity],
    rng: np.random.Generator,
) -> list[Evidence]:
    values = kind.values(table)
    rows, targets = _strongest(table, values, TOP_PAIRS)
    p_values = _p_values(null, name, values[rows, targets], size)
    found = []
    for row, target, p_value in zip(rows, targets, p_values, strict=True):
        own = table.entity == table.tested[row]
        found.append(
            _evidence(
                name,
                [entities[table.tested[row]]],
                int(target),
                float(values[row, target]),
                _pair_interval(kind, table.keep(own), int(target), rng),
                null,
                p_value,
                size,
                int(own.sum()),
            )
        )
    return found


def _strongest(
    table: ProbeTable, values: NDArray[np.float64], most: int
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Rows and classes of the largest values `(E, C)`, best first, none of them held back."""
    order = np.argsort(-values, axis=None, kind="stable")
    rows, targets = np.unravel_index(order[~table.held_here().ravel()[order]][:most], values.shape)
    return rows, targets


def _pair_interval(kind: Kind, own: ProbeTable, target: int, rng: np.random.Generator) -> Interval:
    values = kind.measure(own)[:, target]
    if kind.measure is routing:
        return clopper_pearson(float(values.sum()), len(values))
    return bootstrap_mean(values, rng)


def _evidence(
    name: str,
    entities: Sequence[Entity],
    target: int,
    value: float,
    interval: Interval,
    null: StoredNull | None,
    p_value: float | None,
    size: Size,
    observations: int,
) -> Evidence:
    return Evidence(
        kind=name,
        statistic=KINDS[name].statistic,
        entity_ids=tuple(entity.id for entity in entities),
        target_index=target,
        value=value,
        low=min(interval.low, value),
        high=max(interval.high, value),
        baseline=None if null is None else baseline(null, name, size),
        p_value=p_value,
        observations=observations,
        detail={}
        if null is None
        else {**_cited(null), "standing": _standing(null, name, value, size)},
    )


def _standing(null: StoredNull, name: str, value: float, size: Size) -> float:
    return float(standing(null, name, np.array([value]), size)[0])


def _cited(null: StoredNull) -> dict[str, float | str]:
    return {
        "null": null.name,
        "benign_models": float(null.models),
        "smallest_p_value": 1 / (null.models + 1),
    }


def _p_values(
    null: StoredNull | None, name: str, values: NDArray[np.float64], size: Size
) -> list[float | None]:
    if null is None or name not in null.statistics:
        return [None] * len(values)
    return [float(p) for p in adjusted_p(null, name, values, size)]


def rank_pairs(
    table: ProbeTable,
    null: StoredNull | None,
    size: Size,
    entities: Sequence[Entity],
    labels: Sequence[str],
) -> tuple[RankedPair, ...]:
    """The strongest pairs of entity and class, best first, however weak."""
    values = KINDS["entity-contrast"].values(table)
    rows, targets = _strongest(table, values, RANKED)
    p_values = _p_values(null, "entity-contrast", values[rows, targets], size)
    return tuple(
        RankedPair(
            entity=entities[table.tested[row]],
            target_index=int(target),
            target_label=labels[target],
            effect=float(values[row, target]),
            p_value=p_value,
        )
        for row, target, p_value in zip(rows, targets, p_values, strict=True)
    )
