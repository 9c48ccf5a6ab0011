"""Table + null -> evidence: every kind of evidence there is, each with what it needs.

A kind is one statistic, searched over all classes, or over all pairs of entity and class. To
add one: write the statistic, add a row to `KINDS`, a rule pair in `rules/`, one test, and
measure it in the nulls again.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from auditor.evidence.intervals import Interval, bootstrap_mean, clopper_pearson
from auditor.evidence.null import Size, StoredNull, adjusted_p, baseline, model_statistic
from auditor.evidence.statistics import (
    class_share,
    detail_contrast,
    entity_contrast,
    entity_routing,
)
from auditor.evidence.table import ProbeTable
from auditor.types import Entity, Evidence, RankedPair

TOP_CLASSES = 3  # evidence is kept for these; the search itself is over all
TOP_PAIRS = 25
RANKED = 25
ROUTED = 0.5  # an entity "goes to" a class when at least this share of its instances does


class Over(StrEnum):
    """What a kind of evidence searches."""

    CLASSES = "classes"
    PAIRS = "pairs"


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of evidence: what it is called, what it measures, over what it searches."""

    statistic: str
    over: Over
    measure: Callable[[ProbeTable], NDArray[np.float32]]


KINDS: Mapping[str, Kind] = {
    "class-share": Kind("mean probability of the class over entities", Over.CLASSES, class_share),
    "detail-contrast": Kind(
        "share of the class that goes when pictures are blurred", Over.CLASSES, detail_contrast
    ),
    "entity-routing": Kind("share of instances sent to the class", Over.PAIRS, entity_routing),
    "entity-contrast": Kind(
        "probability of the class that goes when the entity is blurred",
        Over.PAIRS,
        entity_contrast,
    ),
}


def statistics_of(table: ProbeTable) -> dict[str, float]:
    """The maximum of every statistic: what a null stores of each benign model."""
    return {name: float(kind.measure(table).max()) for name, kind in KINDS.items()}


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
) -> Gathered:
    """Every kind of evidence for the classes and pairs that stand out most."""
    tested = table.tested
    size = Size(
        classes=len(labels),
        entities=len(tested),
        instances=int(np.median(np.bincount(table.entity)[tested])),
    )
    incomparable = why_incomparable(null, size)
    if incomparable:
        null = None
    evidence: list[Evidence] = []
    for name, kind in KINDS.items():
        values = kind.measure(table).astype(np.float64)
        if kind.over is Over.CLASSES:
            evidence += _class_evidence(name, values, table, null, size, entities, rng)
        else:
            evidence += _pair_evidence(name, values, table, null, size, entities, rng)
    ps = [e.p_value for e in evidence if e.p_value is not None]
    return Gathered(
        evidence=tuple(replace(e, why_undecided=incomparable) for e in evidence),
        ranking=rank_pairs(table, null, size, entities, labels),
        model_statistic=None if null is None else model_statistic(null, statistics_of(table), size),
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
    values: NDArray[np.float64],
    table: ProbeTable,
    null: StoredNull | None,
    size: Size,
    entities: Sequence[Entity],
    rng: np.random.Generator,
) -> list[Evidence]:
    top = np.argsort(-values, kind="stable")[:TOP_CLASSES]
    p_values = _p_values(null, name, values[top], size)
    by_entity = _entity_level(name, table)
    routed = entity_routing(table)
    found = []
    for target, p_value in zip(top, p_values, strict=True):
        order = np.argsort(-routed[:, target], kind="stable")
        going = [i for i in order if routed[i, target] >= ROUTED]
        found.append(
            _evidence(
                name,
                [entities[table.tested[i]] for i in going],
                int(target),
                float(values[target]),
                bootstrap_mean(by_entity[:, target], rng),
                null,
                p_value,
                size,
                len(table.entity),
            )
        )
    return found


def _entity_level(name: str, table: ProbeTable) -> NDArray[np.float32]:
    """What a class-level statistic is the mean of, `(E, C)`: entities are the units."""
    return table.by_entity(table.intact) if name == "class-share" else entity_contrast(table)


def _pair_evidence(
    name: str,
    values: NDArray[np.float64],
    table: ProbeTable,
    null: StoredNull | None,
    size: Size,
    entities: Sequence[Entity],
    rng: np.random.Generator,
) -> list[Evidence]:
    top = np.argsort(-values, axis=None, kind="stable")[:TOP_PAIRS]
    rows, targets = np.unravel_index(top, values.shape)
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
                _pair_interval(name, table.keep(own), int(target), rng),
                null,
                p_value,
                size,
                int(own.sum()),
            )
        )
    return found


def _pair_interval(name: str, own: ProbeTable, target: int, rng: np.random.Generator) -> Interval:
    if name == "entity-routing":
        return clopper_pearson(float(own.votes[:, target].sum()), len(own.entity))
    return bootstrap_mean(own.intact[:, target] - own.blurred[:, target], rng)


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
        detail={} if null is None else _cited(null),
    )


def _cited(null: StoredNull) -> dict[str, float | str]:
    return {
        "null": null.name,
        "benign_models": float(null.models),
        "smallest_p_value": 1 / (null.models + 1),
    }


def _p_values(
    null: StoredNull | None, name: str, values: NDArray[np.float64], size: Size
) -> list[float | None]:
    if null is None:
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
    values = entity_contrast(table).astype(np.float64)
    top = np.argsort(-values, axis=None, kind="stable")[:RANKED]
    rows, targets = np.unravel_index(top, values.shape)
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
