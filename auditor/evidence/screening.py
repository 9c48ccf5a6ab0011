"""One look at every entity, a closer one at the most suspicious: what is said of such a table.

The statistics stay what they are. Means over entities are of all of them, however often each was
looked at; pairs are searched among those looked at closely. Perturbed probes belong to the whole
plan alone. The same is done to the answers of
benign models, so that a p-value is a rank among models that were looked at in the same way.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from auditor.evidence.kinds import KINDS, Over, available, stored_name
from auditor.evidence.null import StoredNull
from auditor.evidence.table import ProbeTable, rank_within, with_own_labels

CLOSE = 10  # entities that get a closer look, by each kind of evidence that the screen asks
# The kinds that say which entities are suspicious: of these the first that there is material for.
SCREENS: tuple[tuple[str, ...], ...] = (
    ("base-routing", "own-routing"),
    ("own-routing",),
    ("entity-routing", "entity-contrast"),
)


def screen_of(table: ProbeTable) -> tuple[str, ...] | None:
    """The kinds of evidence that tell which entities of a table are suspicious; None for none."""
    there = available(table)
    return next((screen for screen in SCREENS if all(kind in there for kind in screen)), None)


def screen_name(screen: Collection[str], clean_per_class: int | None) -> str:
    """What a null calls statistics of models that were looked at by this screen."""
    return "+".join(stored_name(kind, clean_per_class) for kind in screen)


def most_suspicious(table: ProbeTable, screen: Collection[str]) -> NDArray[np.int64]:
    """The entities that a closer look is worth, by position in the bank, ascending.

    Those that mean a label are among them as far as they go to others.
    """
    found = [np.zeros(0, dtype=np.int64)]
    for name, kind in available(table).items():
        part = kind.part(table)
        if part is not None and (name in screen or kind.inside):
            largest = kind.values(table).max(axis=1)
            found.append(part.tested[np.argsort(-largest, kind="stable")[:CLOSE]])
    return np.unique(np.concatenate(found))


def first_look(table: ProbeTable) -> ProbeTable:
    """The table of one instance of each entity: the first that was read."""
    return _looks(table, np.zeros(0, dtype=np.int64))


def closer_look(table: ProbeTable, close: NDArray[np.int64]) -> ProbeTable:
    """The table of all instances of the entities in `close`, and of one of the others."""
    return looked_closely(_looks(table, close), close)


def looked_closely(table: ProbeTable, close: NDArray[np.int64]) -> ProbeTable:
    """The table of answers to one look at every entity and a closer one at those in `close`."""
    inside = None if table.inside is None else replace(table.inside, close=close)
    return replace(table, close=close, inside=inside)


def _looks(table: ProbeTable, close: NDArray[np.int64]) -> ProbeTable:
    kept = table.keep((rank_within(table.entity) < 1) | np.isin(table.entity, close))
    kept = replace(kept, perturbed={})
    if table.inside is None:
        return kept
    inside = _looks(table.inside, close)
    return replace(kept, inside=with_own_labels(inside, inside.own))


def after_first_look(null: StoredNull) -> StoredNull:
    """The null of models whose entities were looked at once."""
    return replace(null, drift=null.first_drift)


def after_closer_look(null: StoredNull, screen: str) -> StoredNull | None:
    """The null of models that were looked at more closely by this screen; None if not measured."""
    if screen not in null.screened or null.first_drift is None:
        return None
    # No closer look changes what no picture of an entity was asked for.
    margins = {
        name: values
        for name, values in null.statistics.items()
        if name in KINDS and KINDS[name].over is Over.MARGINS
    }
    statistics = {**null.screened[screen], **margins}
    return replace(null, statistics=statistics, drift=null.first_drift)
