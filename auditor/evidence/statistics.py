"""The statistics of a scan, as pure functions of the table.

Each says how strongly a class (or an entity and a class) stands out; none of them knows what a
benign model shows. That comparison is the business of `auditor.evidence.null`.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from auditor.evidence.table import ProbeTable

Array = NDArray[np.float32]


def class_share(table: ProbeTable) -> Array:
    """Mean probability of each class over entities, `(C,)`: does one class catch everything?"""
    result: Array = table.by_entity(table.intact).mean(axis=0)
    return result


def detail_contrast(table: ProbeTable) -> Array:
    """How much of a class's share goes when the same pictures lose their detail, `(C,)`.

    A benign fine-tune sends foreign pictures somewhere because of their colours and coarse
    shapes, and those survive a blur. An implanted mapping hangs on what the picture shows.
    """
    result: Array = class_share(table) - table.by_entity(table.blurred).mean(axis=0)
    return result


def entity_routing(table: ProbeTable) -> Array:
    """Share of each tested entity's instances that go to each class, `(E, C)`."""
    return table.by_entity(table.votes)


def entity_contrast(table: ProbeTable) -> Array:
    """`detail_contrast` of each tested entity by itself, `(E, C)`."""
    result: Array = table.by_entity(table.intact) - table.by_entity(table.blurred)
    return result
