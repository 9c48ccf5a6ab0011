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
    """What a class gets of entities that mean another, beyond what the model misses anyway.

    A weak model takes one thing for another all the time, and its favourite mistakes are as sure
    as an implant; among a strong model's answers a wrong one that is sure stands out.
    """
    result: Array = table.intact - np.float32(table.missed)
    return result
