"""The statistics of a scan, as pure functions of the table.

Each says of every instance how strongly a class stands out, `(I, C)`; means over instances and
entities follow from it. None of them knows what a benign model shows: that comparison is the
business of `auditor.evidence.null`.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from auditor.evidence.table import ProbeTable

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
