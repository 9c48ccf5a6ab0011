"""What benign fine-tunes show, and how rare a value is among them.

The null is not zero: a clean model sends huskies somewhere too. A stored null holds the
statistics of many benign fine-tunes, measured with the same plan of probes. A p-value is the
rank of the model among them (conformal, Vovk et al. 2005): it is valid as far as the model at
hand, were it benign, could have been one of them.

Several statistics, classes and entities are many tries. Each statistic is a maximum already,
over all classes or pairs; over the statistics the maximum of the scaled values is ranked
(single-step maxT, Westfall & Young 1993), so that a p-value holds for the whole search.
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from auditor.evidence.scale import Scale, from_log_odds, traits
from auditor.shipped import shipped
from auditor.types import Calibration

ENOUGH = 99  # the fewest models that allow a p-value of 0.01
DIGITS = 4  # of what a null stores and a report shows


@dataclass(frozen=True, slots=True, eq=False)
class StoredNull:
    """Statistics of M benign fine-tunes, for several sizes of bank.

    Attributes:
        name: Which null, as reports cite it.
        entity_grid: Numbers of entities it was measured with, ascending.
        instance_grid: Numbers of instances an entity, ascending.
        classes: Number of classes of each benign model, `(M,)`.
        architectures: Architecture of each benign model, as configs name it.
        statistics: For each statistic, `(M, len(entity_grid), len(instance_grid))`.
        made: How it was made.
        drift: How far each model was tuned away from its base (`statistics.drift`), `(M,)`, NaN
            where that was not measured; None where it is left out of account.
        screened: As `statistics`, of models whose entities were looked at once, and more closely
            where that was suspicious, by how that was told (`auditor.evidence.screening`).
        first_drift: As `drift`, by the first look at each entity; None where not measured.
    """

    name: str
    entity_grid: tuple[int, ...]
    instance_grid: tuple[int, ...]
    classes: NDArray[np.int64]
    architectures: tuple[str, ...]
    statistics: Mapping[str, NDArray[np.float64]]
    made: Mapping[str, Any]
    drift: NDArray[np.float64] | None = None
    screened: Mapping[str, Mapping[str, NDArray[np.float64]]] = field(default_factory=dict)
    first_drift: NDArray[np.float64] | None = None

    @property
    def models(self) -> int:
        """Number of benign fine-tunes."""
        return len(self.classes)

    def alike(self, architecture: str) -> StoredNull:
        """The benign models of one architecture where there are enough of them, else all.

        Ranking among one's own kind (Mondrian conformal prediction, Vovk et al. 2005) holds for
        each kind by itself, and another kind's habits hide nothing.
        """
        own = np.array([a == architecture for a in self.architectures])
        if own.all() or own.sum() < ENOUGH:
            return self
        statistics = {name: values[own] for name, values in self.statistics.items()}
        return replace(self._only(own, statistics), name=f"{self.name}, {architecture} only")

    def beside(self, size: Size) -> StoredNull:
        """The models that can be told apart by all that is known of the model at hand.

        How far it was tuned counts where that is known of it and of enough benign models.
        """
        if self.drift is None or size.drift is None:
            return replace(self, drift=None)
        known = np.isfinite(self.drift)
        if known.sum() < min(ENOUGH, self.models):
            return replace(self, drift=None)
        return self._only(known, {name: values[known] for name, values in self.statistics.items()})

    def traits(self) -> NDArray[np.float64]:
        """What the statistics of each model depend on besides a backdoor, `(M, T)`."""
        return traits(self.classes, self.drift)

    def traits_of(self, size: Size) -> NDArray[np.float64]:
        """The same of a model at hand, `(1, T)`.

        Raises:
            ValueError: How far it was tuned counts here and is not known of it.
        """
        if self.drift is None:
            return traits(np.array([size.classes]))
        if size.drift is None:
            raise ValueError("how far the model was tuned is not known; use StoredNull.beside")
        return traits(np.array([size.classes]), np.array([size.drift]))

    def of(self, kinds: Mapping[str, str]) -> StoredNull:
        """The null of some kinds of evidence, of those models that were measured with all.

        A kind is left out where it would cost so many models that no small p-value is left:
        more material must not make a verdict impossible.

        Args:
            kinds: Kind -> the name of its statistic here. What is not stored is left out.
        """
        kept = {}
        whole = np.ones(self.models, dtype=bool)
        for kind, name in kinds.items():
            if name not in self.statistics:
                continue
            still = whole & np.isfinite(self.statistics[name]).all(axis=(1, 2))
            if still.sum() >= min(ENOUGH, self.models):
                kept[kind], whole = self.statistics[name], still
        return self._only(whole, {kind: values[whole] for kind, values in kept.items()})

    def _only(
        self, wanted: NDArray[np.bool_], statistics: Mapping[str, NDArray[np.float64]]
    ) -> StoredNull:
        return replace(
            self,
            classes=self.classes[wanted],
            architectures=tuple(itertools.compress(self.architectures, wanted)),
            statistics=statistics,
            drift=None if self.drift is None else self.drift[wanted],
            screened={},
            first_drift=None,
        )

    def cells(self, entities: int, instances: int) -> list[NDArray[np.float64]]:
        """Null values `(M, S)` at the grid points around a bank's size, S in table order.

        A bank between two grid points is compared with both neighbours, and the less
        favourable p-value counts.
        """
        points = itertools.product(
            _around(self.entity_grid, entities), _around(self.instance_grid, instances)
        )
        return [
            np.stack([values[:, i, j] for values in self.statistics.values()], axis=1)
            for i, j in points
        ]


def _around(grid: Sequence[int], size: int) -> list[int]:
    """Positions of the nearest grid points at or below and at or above `size`."""
    below = [i for i, point in enumerate(grid) if point <= size]
    above = [i for i, point in enumerate(grid) if point >= size]
    return sorted({(below or above)[-1 if below else 0], (above or below)[0 if above else -1]})


@dataclass(frozen=True, slots=True)
class Size:
    """What a model's statistics depend on besides the model.

    Attributes:
        classes: Number of classes of the model.
        entities: Entities in the bank at hand.
        instances: Instances of each entity (the median where they differ).
        drift: How far it was tuned away from its base; None where the base is not known.
    """

    classes: int
    entities: int
    instances: int
    drift: float | None = None


def adjusted_p(
    null: StoredNull, statistic: str, values: NDArray[np.float64], size: Size
) -> NDArray[np.float64]:
    """P-values of any number of values of one statistic, adjusted for the whole search.

    Args:
        null: The stored null.
        statistic: Which statistic the values are of.
        values: `(N,)`, each of one class or pair.
        size: Of the model and the bank at hand.

    Returns:
        `(N,)`, each at least 1 / (M + 1).
    """
    column = list(null.statistics).index(statistic)
    worst = np.zeros(len(values))
    for cell in null.cells(size.entities, size.instances):
        scale = Scale.fit(cell, null.traits())
        benign = scale.apply(cell, null.traits()).max(axis=1)
        padded = np.zeros((len(values), cell.shape[1]))
        padded[:, column] = values
        own = scale.apply(padded, null.traits_of(size))[:, column]
        beaten = (benign[None, :] >= own[:, None]).sum(axis=1)
        worst = np.maximum(worst, (1 + beaten) / (null.models + 1))
    return worst


def standing(
    null: StoredNull, statistic: str, values: NDArray[np.float64], size: Size
) -> NDArray[np.float64]:
    """How far values `(N,)` of one statistic stand above benign models, in their spreads.

    P-values cannot go below one in the number of benign models; this still orders what lies
    beyond. The worst cell counts.
    """
    column = list(null.statistics).index(statistic)
    worst = np.full(len(values), np.inf)
    for cell in null.cells(size.entities, size.instances):
        padded = np.zeros((len(values), cell.shape[1]))
        padded[:, column] = values
        scaled = Scale.fit(cell, null.traits()).apply(padded, null.traits_of(size))
        worst = np.minimum(worst, scaled[:, column])
    return worst


def scaled_maxima(
    null: StoredNull, values: Mapping[str, float], size: Size
) -> list[tuple[NDArray[np.float64], float]]:
    """The largest scaled statistic of every benign model, `(M,)`, and of the model at hand.

    Once for each cell around the bank's size, in the order of `StoredNull.cells`.
    """
    own = np.array([[values[name] for name in null.statistics]])
    found = []
    for cell in null.cells(size.entities, size.instances):
        scale = Scale.fit(cell, null.traits())
        benign = scale.apply(cell, null.traits()).max(axis=1)
        found.append((benign, float(scale.apply(own, null.traits_of(size)).max())))
    return found


def model_statistic(null: StoredNull, values: Mapping[str, float], size: Size) -> float:
    """The search's maximum for one model: the largest scaled statistic, worst cell."""
    own = np.array([[values[name] for name in null.statistics]])
    return min(
        float(Scale.fit(cell, null.traits()).apply(own, null.traits_of(size)).max())
        for cell in null.cells(size.entities, size.instances)
    )


def calibration(null: StoredNull, values: Mapping[str, float], size: Size) -> Calibration:
    """Where a model's largest statistics stand among benign models, in the worst cell."""
    own = np.array([[values[name] for name in null.statistics]])
    places = []
    for cell in null.cells(size.entities, size.instances):
        scale = Scale.fit(cell, null.traits())
        benign = np.sort(scale.apply(cell, null.traits()).max(axis=1))
        places.append((scale.apply(own, null.traits_of(size))[0], benign))
    stands, benign = max(
        places, key=lambda place: (int((place[1] >= place[0].max()).sum()), -place[0].max())
    )
    return Calibration(
        null=null.name,
        benign=tuple(float(value) for value in benign.round(DIGITS)),
        standings={name: float(value) for name, value in zip(null.statistics, stands, strict=True)},
    )


def baseline(null: StoredNull, statistic: str, size: Size) -> float:
    """What the middle benign fine-tune of its size shows, in the statistic's unit."""
    column = list(null.statistics).index(statistic)
    middles = []
    for cell in null.cells(size.entities, size.instances):
        trend = Scale.fit(cell, null.traits()).trend(null.traits_of(size))
        middles.append(from_log_odds(trend[0, column]))
    return float(np.mean(middles))


def read_null(path: Path) -> StoredNull:
    """Read a stored null, or one from before models were looked at more closely.

    Raises:
        ValueError: It is not of the form that `write_null` writes.
    """
    said = json.loads(path.read_text(encoding="utf-8"))
    statistics = _arrays(said["statistics"])
    screened = {screen: _arrays(values) for screen, values in said.get("screened", {}).items()}
    shape = (len(said["entity_grid"]), len(said["instance_grid"]))
    classes = np.asarray(said["classes"], dtype=np.int64)
    everything = [statistics, *screened.values()]
    fits = all(v.shape == (len(classes), *shape) for values in everything for v in values.values())
    drift = np.asarray(said.get("drift", [None] * len(classes)), dtype=np.float64)
    first = None if "first_drift" not in said else np.asarray(said["first_drift"], np.float64)
    counts = {len(said["architectures"]), len(drift), len(drift if first is None else first)}
    if not fits or counts != {len(classes)}:
        raise ValueError(f"{path} is no stored null: a statistic does not fit its grids")
    return StoredNull(
        name=path.stem,
        entity_grid=tuple(said["entity_grid"]),
        instance_grid=tuple(said["instance_grid"]),
        classes=classes,
        architectures=tuple(str(name) for name in said["architectures"]),
        statistics=statistics,
        made=said["made"],
        drift=drift,
        screened=screened,
        first_drift=first,
    )


def _arrays(said: Mapping[str, Any]) -> dict[str, NDArray[np.float64]]:
    return {name: np.asarray(values, dtype=np.float64) for name, values in said.items()}


def write_null(null: StoredNull, path: Path) -> None:
    """Write a null as JSON, values to four digits."""
    screened = {
        screen: {name: _listed(values) for name, values in statistics.items()}
        for screen, statistics in null.screened.items()
    }
    path.write_text(
        json.dumps(
            {
                "made": dict(null.made),
                "entity_grid": list(null.entity_grid),
                "instance_grid": list(null.instance_grid),
                "classes": null.classes.tolist(),
                "architectures": list(null.architectures),
                **({} if null.drift is None else {"drift": _listed(null.drift)}),
                **({} if null.first_drift is None else {"first_drift": _listed(null.first_drift)}),
                "statistics": {name: _listed(values) for name, values in null.statistics.items()},
                **({} if not null.screened else {"screened": screened}),
            },
            separators=(",", ":"),
        )
        + "\n",
        encoding="utf-8",
    )


def _listed(values: NDArray[np.float64]) -> Any:
    """Nested lists to four digits; None where a model was not measured, for JSON has no NaN."""
    plain = np.round(values, DIGITS).astype(object)
    plain[~np.isfinite(values)] = None
    return plain.tolist()


def stored_null(instance_source: str) -> StoredNull | None:
    """The shipped null for instances of this source; None where there is none."""
    path = shipped("reports") / "nulls" / f"{instance_source}.json"
    return read_null(path) if path.is_file() else None
