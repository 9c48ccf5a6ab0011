"""The statistics of a scan, as pure functions of the table.

Each says of every instance how strongly a class stands out, `(I, C)`; means over instances and
entities follow from it. Where no picture is asked about, it says so of every unit of a search. None
of them knows what a benign model shows: that comparison is the business of
`auditor.evidence.null`.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from auditor.evidence.table import ProbeTable, rank_within
from auditor.probes.reach import Search
from auditor.references.build import Reference

Array = NDArray[np.float32]
Measure = Callable[[ProbeTable], Array]


def share(table: ProbeTable) -> Array:
    """Probability of each class: does one catch everything, or all of one entity?

    Not the share of predictions: of many entities benign models too send every picture to one
    class, and how sure they are is what tells them from an implant.
    """
    return table.intact


def detail_contrast(table: ProbeTable) -> Array:
    """How much of a class's probability goes when the same picture loses its detail.

    A benign fine-tune sends foreign pictures somewhere because of their colours and coarse
    shapes, and those survive a blur. An implanted mapping hangs on what the picture shows.
    """
    result: Array = table.intact - table.blurred
    return result


def share_gap(reference: str) -> Measure:
    """How much more a class gets than an honest head would give it."""

    def measure(table: ProbeTable) -> Array:
        result: Array = table.intact - table.references[reference].intact
        return result

    return measure


def together(table: ProbeTable) -> Array:
    """The least that a class gets of any probe of an entity, for each of its probes.

    What goes somewhere by accident goes there one picture at a time.
    """
    _, row = np.unique(table.entity, return_inverse=True)
    least = np.full((int(row.max()) + 1, table.intact.shape[1]), np.inf, dtype=np.float32)
    np.minimum.at(least, row, table.intact)
    result: Array = least[row]
    return result


def margins(search: Search) -> Measure:
    """How far each class can be driven, by unit: `(U, C)`."""

    def measure(table: ProbeTable) -> Array:
        result: Array = table.reach[search].astype(np.float32)
        return result

    return measure


def beyond_others(measure: Measure) -> Measure:
    """How much more an entity shows than entities do on average.

    Where everything goes to one class, no entity is special, and that is a question about the
    class. What single entities are asked is whether they go where others do not.
    """

    def beyond(table: ProbeTable) -> Array:
        values = measure(table)
        result: Array = values - table.by_entity(values).mean(axis=0)
        return result

    return beyond


def drift(table: ProbeTable) -> float | None:
    """How far tuning moved what the model answers; None where its base is not known.

    The total variation distance, in [0, 1], between what the model answers of an entity and what
    its own head would on the base's features: the middle one of all entities, as a backdoor moves
    some of them and a long training moves all. Means of fewer pictures differ more, so where
    entities were not looked at alike, one picture of each counts.
    """
    if table.close is not None:
        table = table.keep(rank_within(table.entity) < 1)
    there = table.references.get(Reference.DRIFT)
    if there is None or not len(table.entity):
        return None
    gaps = np.abs(table.by_entity(table.intact) - there.by_entity(there.intact)).sum(axis=1) / 2
    return float(np.median(gaps))


def wrong_label(table: ProbeTable) -> Array:
    """What a class gets of an entity that means another, times what is lacking at its own.

    A model takes some things for others and is sure of it, a wolf for a husky; their own labels
    get much all the same. And a weak model gives no own label much, so that none of them lacks any.
    An implant takes from the own label and gives to another.
    """
    _, row = np.unique(table.entity, return_inverse=True)
    lacking = np.maximum(table.known - table.own_share(), 0)
    result: Array = (table.intact * lacking[row][:, None]).astype(np.float32)
    return result
