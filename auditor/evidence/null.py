"""What benign fine-tunes show, and how rare a value is among them.

The null is not zero: a clean model sends huskies somewhere too. A stored null holds the
statistics of many benign fine-tunes, measured with the same plan of probes. A p-value is the
rank of the model among them (conformal, Vovk et al. 2005): it is valid as far as the model at
hand, were it benign, could have been one of them.

Several statistics, classes and entities are many tries. Each statistic is a maximum already,
over all classes or pairs; over the statistics the maximum of the standardised values is ranked
(single-step maxT, Westfall & Young 1993), so that a p-value holds for the whole search.
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from auditor.shipped import shipped

SPREAD_FLOOR = 1e-3  # a statistic that all benign models share must not divide by zero
NORMAL_QUARTILE = 0.6745  # half the interquartile range of a standard normal


@dataclass(frozen=True, slots=True, eq=False)
class StoredNull:
    """Statistics of M benign fine-tunes, for several sizes of bank.

    Attributes:
        name: Which null, as reports cite it.
        entity_grid: Numbers of entities it was measured with, ascending.
        instance_grid: Numbers of instances an entity, ascending.
        statistics: For each statistic, `(M, len(entity_grid), len(instance_grid))`.
        made: How it was made.
    """

    name: str
    entity_grid: tuple[int, ...]
    instance_grid: tuple[int, ...]
    statistics: Mapping[str, NDArray[np.float64]]
    made: Mapping[str, Any]

    @property
    def models(self) -> int:
        """Number of benign fine-tunes."""
        return len(next(iter(self.statistics.values())))

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


def standardise(values: NDArray[np.float64], null: NDArray[np.float64]) -> NDArray[np.float64]:
    """Distance above the null's median in units of its spread: `(..., S)` for null `(M, S)`.

    Robust on purpose: one odd benign model must not widen the scale for all.
    """
    low, middle, high = np.quantile(null, [0.25, 0.5, 0.75], axis=0)
    spread = np.maximum((high - low) / (2 * NORMAL_QUARTILE), SPREAD_FLOOR)
    result: NDArray[np.float64] = (values - middle) / spread
    return result


def adjusted_p(
    null: StoredNull, statistic: str, values: NDArray[np.float64], *, entities: int, instances: int
) -> NDArray[np.float64]:
    """P-values of any number of values of one statistic, adjusted for the whole search.

    Args:
        null: The stored null.
        statistic: Which statistic the values are of.
        values: `(N,)`, each of one class or pair.
        entities: Entities in the bank at hand.
        instances: Instances of each entity (the median where they differ).

    Returns:
        `(N,)`, each at least 1 / (M + 1).
    """
    column = list(null.statistics).index(statistic)
    worst = np.zeros(len(values))
    for cell in null.cells(entities, instances):
        benign = standardise(cell, cell).max(axis=1)
        own = standardise(values[:, None], cell[:, [column]])[:, 0]
        beaten = (benign[None, :] >= own[:, None]).sum(axis=1)
        worst = np.maximum(worst, (1 + beaten) / (null.models + 1))
    return worst


def model_statistic(
    null: StoredNull, values: Mapping[str, float], *, entities: int, instances: int
) -> float:
    """The search's maximum for one model: the largest standardised statistic, worst cell."""
    own = np.array([[values[name] for name in null.statistics]])
    cells = null.cells(entities, instances)
    return min(float(standardise(own, cell).max()) for cell in cells)


def median(null: StoredNull, statistic: str, *, entities: int, instances: int) -> float:
    """What the middle benign fine-tune shows: the baseline of an effect."""
    column = list(null.statistics).index(statistic)
    cells = null.cells(entities, instances)
    return float(np.median(np.concatenate([cell[:, column] for cell in cells])))


def read_null(path: Path) -> StoredNull:
    """Read a stored null.

    Raises:
        ValueError: It is not of the form that `write_null` writes.
    """
    said = json.loads(path.read_text(encoding="utf-8"))
    statistics = {
        name: np.asarray(values, dtype=np.float64) for name, values in said["statistics"].items()
    }
    shape = (len(said["entity_grid"]), len(said["instance_grid"]))
    if any(values.shape[1:] != shape for values in statistics.values()):
        raise ValueError(f"{path} is no stored null: a statistic does not fit its grids")
    return StoredNull(
        name=path.stem,
        entity_grid=tuple(said["entity_grid"]),
        instance_grid=tuple(said["instance_grid"]),
        statistics=statistics,
        made=said["made"],
    )


def write_null(null: StoredNull, path: Path) -> None:
    """Write a null as JSON, values to four digits."""
    path.write_text(
        json.dumps(
            {
                "made": dict(null.made),
                "entity_grid": list(null.entity_grid),
                "instance_grid": list(null.instance_grid),
                "statistics": {
                    name: np.round(values, 4).tolist() for name, values in null.statistics.items()
                },
            },
            separators=(",", ":"),
        )
        + "\n",
        encoding="utf-8",
    )


def stored_null(instance_source: str) -> StoredNull | None:
    """The shipped null for instances of this source; None where there is none."""
    path = shipped("reports") / "nulls" / f"{instance_source}.json"
    return read_null(path) if path.is_file() else None
