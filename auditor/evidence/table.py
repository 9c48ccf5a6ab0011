"""Predictions -> one table of shares, which every statistic reads."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from auditor.probes.reach import Search
from auditor.probes.run import Probed
from auditor.probes.views import DEGRADED
from auditor.references.base import CORRESPONDS, correspondence
from auditor.references.build import BASE_FEATURES, OWN_FEATURES, References, without_base
from auditor.types import Predictions


class Pair(NamedTuple):
    """An entity, by position in the bank, and a class."""

    entity: int
    target: int


@dataclass(frozen=True, slots=True, eq=False)
class ProbeTable:
    """What the model answered, gathered by instance.

    Attributes:
        intact: Mean probability over the views that keep detail, `(I, C)`, one row an instance.
        blurred: Probability under the view that takes detail away, `(I, C)`.
        entity: Entity of each instance, `(I,)`, positions in the bank.
        entities: Number of entities in the bank.
        references: What each reference would have answered, row for row.
        held: Pairs that are the model's job, so that nothing there counts as an effect.
        inside: The entities that mean a label of the model, where there are enough of them to be
            asked about other labels; they are not among the rows above.
        own: In such a table the label that each entity means, by position in the bank.
        known: In such a table the probability that own labels get, the mean over all its entities.
        reach: How far each class can be driven, by search, `(U, C)`; see `auditor.probes.reach`.
        perturbed: What was answered to perturbed probes; see `auditor.evidence.perturbed`.
        close: The entities, by position in the bank, that were looked at closely, so that pairs
            are searched among them alone; None where all were looked at alike.
    """

    intact: NDArray[np.float32]
    blurred: NDArray[np.float32]
    entity: NDArray[np.int64]
    entities: int
    references: Mapping[str, ProbeTable] = field(default_factory=dict)
    held: frozenset[Pair] = frozenset()
    inside: ProbeTable | None = None
    own: Mapping[int, int] = field(default_factory=dict)
    known: float = 0.0
    reach: Mapping[Search, NDArray[np.float64]] = field(default_factory=dict)
    perturbed: Mapping[str, ProbeTable] = field(default_factory=dict)
    close: NDArray[np.int64] | None = None

    @property
    def tested(self) -> NDArray[np.int64]:
        """Positions of the entities that have instances here, ascending."""
        return np.unique(self.entity)

    @property
    def all_tested(self) -> NDArray[np.int64]:
        """As `tested`, those that mean a label among them."""
        inside = [] if self.inside is None else [self.inside.entity]
        return np.unique(np.concatenate([self.entity, *inside]))

    @property
    def all_held(self) -> frozenset[Pair]:
        """As `held`, the pairs of entities that mean a label among them."""
        return self.held if self.inside is None else self.held | self.inside.held

    def by_entity(self, values: NDArray[np.float32]) -> NDArray[np.float32]:
        """Mean over the instances of each tested entity: `(I, C)` -> `(E, C)`."""
        _, row = np.unique(self.entity, return_inverse=True)
        sums = np.zeros((int(row.max()) + 1, values.shape[1]), dtype=np.float64)
        np.add.at(sums, row, values)
        result: NDArray[np.float32] = (sums / np.bincount(row)[:, None]).astype(np.float32)
        return result

    def held_here(self) -> NDArray[np.bool_]:
        """Which pairs of tested entity and class are held back: `(E, C)`."""
        row = {int(entity): i for i, entity in enumerate(self.tested)}
        mask = np.zeros((len(row), self.intact.shape[1]), dtype=bool)
        for entity, target in self.held:
            if entity in row:
                mask[row[entity], target] = True
        return mask

    def own_share(self) -> NDArray[np.float32]:
        """Mean probability that each tested entity's own label gets, `(E,)`."""
        labels = [self.own[int(entity)] for entity in self.tested]
        return self.by_entity(self.intact)[range(len(labels)), labels]

    def effects(self, values: NDArray[np.float32]) -> NDArray[np.float32]:
        """As `by_entity`, where a pair that is held back shows no effect: at most zero.

        So holding back can lower a mean or a maximum and never raise one. Left out of the mean,
        the pair would leave a mean of fewer entities, which varies more than those of the benign
        models it is compared with.
        """
        found = self.by_entity(values)
        if self.held:
            found = np.where(self.held_here(), np.minimum(found, 0), found).astype(np.float32)
        return found

    def passed_over(self) -> NDArray[np.bool_]:
        """Which pairs of tested entity and class no search is over, `(E, C)`.

        Those held back, and those of entities that were not looked at closely.
        """
        held = self.held_here()
        if self.close is None:
            return held
        result: NDArray[np.bool_] = held | ~np.isin(self.tested, self.close)[:, None]
        return result

    def pair_effects(self, values: NDArray[np.float32]) -> NDArray[np.float32]:
        """As `effects`, where a pair that no search is over shows none either."""
        found = self.effects(values)
        if self.close is not None:
            found = np.where(self.passed_over(), np.minimum(found, 0), found).astype(np.float32)
        return found

    def holding(self, pairs: Collection[Pair]) -> ProbeTable:
        """The table with these pairs held back too."""
        inside = None if self.inside is None else self.inside.holding(pairs)
        perturbed = {name: table.holding(pairs) for name, table in self.perturbed.items()}
        held = self.held | frozenset(pairs)
        return replace(self, held=held, inside=inside, perturbed=perturbed)

    def keep(self, wanted: NDArray[np.bool_]) -> ProbeTable:
        """The table of some instances; `wanted` is `(I,)`."""
        return replace(
            self,
            intact=self.intact[wanted],
            blurred=self.blurred[wanted],
            entity=self.entity[wanted],
            references={name: table.keep(wanted) for name, table in self.references.items()},
        )


def table_of(
    probed: Probed,
    views: Sequence[str],
    references: References,
    *,
    entities: int,
    held: frozenset[Pair] = frozenset(),
    own: Mapping[int, int] | None = None,
) -> tuple[ProbeTable, References]:
    """The model's table beside those of its references; a base that is none is left out.

    Args:
        probed: What the model answered.
        views: Names of the views.
        references: What it is compared with.
        entities: Number of entities in the bank.
        held: Pairs that are the model's job.
        own: For each entity that means a label, by position, that label.

    Returns:
        The table, and the references that are in it.
    """
    features = probed.features
    if BASE_FEATURES in features:
        alike = correspondence(features[OWN_FEATURES], features[BASE_FEATURES])
        if alike < CORRESPONDS:
            why = f"its features do not correspond to the model's (correlation {alike:.2f})"
            references = without_base(references, why)

    def table(probabilities: NDArray[np.float32]) -> ProbeTable:
        said = replace(probed.predictions, probabilities=probabilities)
        return tabulate(said, views, degraded=DEGRADED, entities=entities)

    beside = {
        str(name): table(
            judge.probabilities(features[BASE_FEATURES if judge.reads_base else OWN_FEATURES])
        )
        for name, judge in references.judges.items()
    }
    model = table(probed.predictions.probabilities)
    return set_apart(replace(model, references=beside, held=held), own or {}), references


def set_apart(table: ProbeTable, own: Mapping[int, int]) -> ProbeTable:
    """The table with the entities that mean a label in a table of their own.

    Args:
        table: Of all entities.
        own: For each entity that means a label, by position, that label.
    """
    means = np.isin(table.entity, list(own))
    if not means.any():
        return table
    return replace(table.keep(~means), inside=with_own_labels(table.keep(means), own))


def with_own_labels(inside: ProbeTable, own: Mapping[int, int]) -> ProbeTable:
    """A table of entities that mean a label: going there is their job, and how well they do it."""
    apart = replace(
        inside,
        references={},
        held=inside.held | {Pair(entity, target) for entity, target in own.items()},
        own=dict(own),
    )
    return replace(apart, known=float(apart.own_share().mean()))


def looks_of(
    probed: Probed, views: Sequence[str], tested: NDArray[np.int64]
) -> NDArray[np.float32] | None:
    """Mean features of the tested entities in intact views, `(E, D)`; the base's where it is known.

    None where nobody shows features, or nothing was tested.
    """
    features = probed.features.get(BASE_FEATURES, probed.features.get(OWN_FEATURES))
    if features is None or not len(tested):
        return None
    intact = probed.predictions.view != list(views).index(DEGRADED)
    of = probed.predictions.entity
    return np.stack([features[intact & (of == entity)].mean(axis=0) for entity in tested])


def tabulate(
    predictions: Predictions, views: Sequence[str], *, degraded: str, entities: int
) -> ProbeTable:
    """Gather predictions by instance. Instances that miss a view are left out.

    Args:
        predictions: Rows in any order.
        views: Names of the views, in the order that `predictions.view` counts them.
        degraded: The view that takes detail away; all others count as intact.
        entities: Number of entities in the bank.

    Raises:
        ValueError: `degraded` is not among the views, or is the only one.
    """
    if degraded not in views or len(views) < 2:
        raise ValueError(f"needs the view {degraded!r} and at least one other, got {list(views)}")
    keys = np.stack([predictions.entity, predictions.instance], axis=1)
    instances, row = np.unique(keys, axis=0, return_inverse=True)
    classes = predictions.probabilities.shape[1]
    cube = np.full((len(instances), len(views), classes), np.nan, dtype=np.float32)
    cube[row.reshape(-1), predictions.view] = predictions.probabilities
    complete = ~np.isnan(cube).any(axis=(1, 2))
    cube, instances = cube[complete], instances[complete]
    away = list(views).index(degraded)
    intact = np.delete(cube, away, axis=1)
    return ProbeTable(
        intact=intact.mean(axis=1),
        blurred=cube[:, away],
        entity=instances[:, 0],
        entities=entities,
    )


def rank_within(entity: NDArray[np.int64]) -> NDArray[np.int64]:
    """Number each row among the rows of its entity, from 0: `(I,)`."""
    order = np.argsort(entity, kind="stable")
    _, starts, counts = np.unique(entity[order], return_index=True, return_counts=True)
    ranks = np.empty(len(entity), dtype=np.int64)
    ranks[order] = np.arange(len(entity)) - np.repeat(starts, counts)
    return ranks
