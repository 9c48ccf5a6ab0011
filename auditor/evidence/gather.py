"""Table + null -> evidence: every kind there is material for, compared with benign models."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from auditor.evidence.comparison import compared
from auditor.evidence.groups import Candidate, candidates, tightest_group
from auditor.evidence.intervals import Interval, bootstrap_mean
from auditor.evidence.kinds import KINDS, Kind, Over, available
from auditor.evidence.margins import interval_of
from auditor.evidence.null import (
    Size,
    StoredNull,
    adjusted_p,
    baseline,
    calibration,
    model_statistic,
    standing,
)
from auditor.evidence.table import ProbeTable
from auditor.types import Calibration, Entity, Evidence, RankedPair

TOP_CLASSES = 3  # evidence is kept for these; the search itself is over all
TOP_PAIRS = 25
RANKED = 25
# What single pairs are ranked by, the sharpest first.
RANKED_BY = ("base-routing", "own-routing", "entity-routing", "entity-contrast", "wrong-label")


@dataclass(frozen=True, slots=True, kw_only=True)
class Gathered:
    """All evidence of a scan, and what it says of the model as a whole."""

    evidence: tuple[Evidence, ...]
    ranking: tuple[RankedPair, ...]
    model_statistic: float | None
    model_p_value: float | None
    calibration: Calibration | None = None


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
    against = compared(
        table,
        null,
        classes=len(labels),
        clean_per_class=clean_per_class,
        architecture=architecture,
    )
    null, size = against.null, against.size
    groupings = {False: Grouping(table, entities, looks), True: Grouping(table.inside, entities)}
    evidence: list[Evidence] = []
    for name, kind in against.kinds.items():
        part = kind.part(table)
        if part is None:
            continue
        grouping = groupings[kind.inside]
        there = null if null is not None and name in null.statistics else None
        evidence += GATHERED[kind.over](name, kind, part, there, size, entities, grouping, rng)
    ps = [e.p_value for e in evidence if e.p_value is not None]
    largest = against.largest(table)
    return Gathered(
        evidence=tuple(
            replace(e, why_undecided=against.incomparable if e.p_value is None else None)
            for e in evidence
        ),
        ranking=rank_pairs(table, null, size, entities, labels),
        model_statistic=model_statistic(null, largest, size) if ps and null is not None else None,
        model_p_value=min(ps) if ps else None,
        calibration=calibration(null, largest, size) if ps and null is not None else None,
    )


def with_p_values(gathered: Gathered, of: Callable[[float], float]) -> Gathered:
    """The same with other p-values, each given by the one that stands there."""

    def changed(p_value: float | None) -> float | None:
        return None if p_value is None else of(p_value)

    return replace(
        gathered,
        evidence=tuple(replace(e, p_value=changed(e.p_value)) for e in gathered.evidence),
        ranking=tuple(replace(pair, p_value=changed(pair.p_value)) for pair in gathered.ranking),
        model_p_value=changed(gathered.model_p_value),
    )


def _class_evidence(
    name: str,
    kind: Kind,
    table: ProbeTable,
    null: StoredNull | None,
    size: Size,
    entities: Sequence[Entity],
    grouping: Grouping,
    rng: np.random.Generator,
) -> list[Evidence]:
    by_entity = table.effects(kind.measure(table))  # entities are the units of the mean
    values = by_entity.astype(np.float64).mean(axis=0)  # of these rows alone
    top = np.argsort(-values, kind="stable")[:TOP_CLASSES]
    p_values = _p_values(null, name, values[top], size)
    found = []
    for target, p_value in zip(top, p_values, strict=True):
        group = grouping.of(int(target))
        item = _evidence(
            name,
            group.members,
            int(target),
            float(values[target]),
            bootstrap_mean(by_entity[:, target], rng),
            null,
            p_value,
            size,
            len(table.entity),
        )
        found.append(replace(item, **group.told(item.detail)))
    return found


def _pair_evidence(
    name: str,
    kind: Kind,
    table: ProbeTable,
    null: StoredNull | None,
    size: Size,
    entities: Sequence[Entity],
    grouping: Grouping,
    rng: np.random.Generator,
) -> list[Evidence]:
    measured = kind.measure(table)
    values = table.pair_effects(measured).astype(np.float64)  # of these rows alone
    rows, targets = _strongest(table, values, TOP_PAIRS)
    p_values = _p_values(null, name, values[rows, targets], size)
    found = []
    for row, target, p_value in zip(rows, targets, p_values, strict=True):
        own = table.entity == table.tested[row]
        item = _evidence(
            name,
            [entities[table.tested[row]]],
            int(target),
            float(values[row, target]),
            bootstrap_mean(measured[own, target], rng),
            null,
            p_value,
            size,
            int(own.sum()),
        )
        found.append(replace(item, **grouping.of(int(target)).told(item.detail)))
    return found


def _margin_evidence(
    name: str,
    kind: Kind,
    table: ProbeTable,
    null: StoredNull | None,
    size: Size,
    _entities: Sequence[Entity],
    _grouping: Grouping,
    rng: np.random.Generator,
) -> list[Evidence]:
    """Of classes that can be driven far, whatever the trigger is: no entity has a part in it."""
    values = kind.values(table)
    units = kind.measure(table).astype(np.float64)
    top = np.argsort(-values, kind="stable")[:TOP_CLASSES]
    p_values = _p_values(null, name, values[top], size)
    return [
        _evidence(
            name,
            [],
            int(target),
            float(values[target]),
            interval_of(units, int(target), rng),
            null,
            p_value,
            size,
            len(units),
        )
        for target, p_value in zip(top, p_values, strict=True)
    ]


GATHERED = {
    Over.CLASSES: _class_evidence,
    Over.PAIRS: _pair_evidence,
    Over.MARGINS: _margin_evidence,
}


def _strongest(
    table: ProbeTable, values: NDArray[np.float64], most: int
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Rows and classes of the largest values `(E, C)`, best first, none of them passed over."""
    order = np.argsort(-values, axis=None, kind="stable")
    rows, targets = np.unravel_index(
        order[~table.passed_over().ravel()[order]][:most], values.shape
    )
    return rows, targets


@dataclass(frozen=True, slots=True)
class Named:
    """The entities that go to a class, strongest first, and what they are as a group."""

    members: tuple[Entity, ...]
    described: str

    def told(self, detail: Mapping[str, float | str]) -> dict[str, Any]:
        """What evidence says of it."""
        return {
            "group_ids": tuple(entity.id for entity in self.members),
            "detail": {**detail, "group": self.described},
        }


class Grouping:
    """Which group goes to a class; found once for each class, whatever kinds of evidence ask."""

    def __init__(
        self,
        table: ProbeTable | None,
        entities: Sequence[Entity],
        looks: NDArray[np.float32] | None = None,
    ) -> None:
        """Args as for `gather`; the table is that of the entities asked about, None for none."""
        self._table, self._entities, self._looks = table, entities, looks
        self._found: dict[int, Named] = {}
        self._among: list[Candidate] | None = None

    def of(self, target: int) -> Named:
        """The tightest group of those that go to a class, however little of that surprises.

        Not by the gap to honest heads: these send part of a group there too, and a trigger among
        them would be missing.

        Raises:
            ValueError: There is no table.
        """
        if self._table is None:
            raise ValueError("no entities were asked about")
        if target not in self._found:
            self._found[target] = self._named(self._table, target)
        return self._found[target]

    def _named(self, table: ProbeTable, target: int) -> Named:
        asked = [self._entities[i] for i in table.tested]
        if self._among is None:
            looks = table.by_entity(table.intact) if self._looks is None else self._looks
            self._among = candidates(looks, [entity.hypernyms for entity in asked])
        effects = table.effects(table.intact)[:, target].astype(np.float64)
        group = tightest_group(effects, self._among)
        held = table.held_here()[:, target]
        members = sorted((i for i in group.members if not held[i]), key=lambda i: -effects[i])
        named = tuple(asked[i] for i in members)
        return Named(named, group.described([entity.name for entity in named]))


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
    there = [name for name in RANKED_BY if name in available(table)]
    compared = [name for name in there if null is not None and name in null.statistics]
    name = next(iter(compared or there), None)
    part = None if name is None else KINDS[name].part(table)
    if name is None or part is None:
        return ()
    values = KINDS[name].values(table)
    rows, targets = _strongest(part, values, RANKED)
    p_values = _p_values(null, name, values[rows, targets], size)
    return tuple(
        RankedPair(
            entity=entities[part.tested[row]],
            target_index=int(target),
            target_label=labels[target],
            effect=float(values[row, target]),
            p_value=p_value,
        )
        for row, target, p_value in zip(rows, targets, p_values, strict=True)
    )
