"""Which entities are the trigger: the tightest group that explains where the effect is.

A backdoor may answer to one entity, to a kind of thing, or, on a weak base, to almost everything
outside the task. Candidates are every single entity and every cluster of a hierarchical
clustering of the entities by their features, and every kind of thing that the taxonomy of the
entity source names, where it has one; a group explains the effect as far as entities
inside it are alike, entities outside it are alike, and the two differ.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

EVERYTHING = 0.6  # share of entities that fire from which on no smaller group is named
FIRES = 0.5  # of the largest effect
NAMED = 5  # members in a phrase
OUTSIDE = 0.5  # share of the firing entities that a group must hold to be the explanation


class GroupKind(StrEnum):
    """How far the trigger reaches."""

    ENTITY = "one entity"
    NODE = "a kind of thing"
    CLUSTER = "entities that look alike"
    EVERYTHING = "almost everything outside the task"
    SCATTERED = "entities that have no group in common"


@dataclass(frozen=True, slots=True)
class EntityGroup:
    """The named group: positions among the tested entities, ascending, and what kind it is.

    `fired` counts the tested entities whose effect is at least half the largest; `name` is what
    a taxonomy calls the group.
    """

    kind: GroupKind
    members: tuple[int, ...]
    fired: int
    tested: int
    name: str | None = None

    def described(self, names: Sequence[str] = ()) -> str:
        """One phrase for a report, with the first of the members' names."""
        what = self.kind.value if self.name is None else f"{self.kind.value}, {self.name!r}"
        more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
        who = f" ({', '.join(names[:NAMED])}{more})" if names else ""
        return f"{what}{who}: {self.fired} of {self.tested} entities tested go there"


@dataclass(frozen=True, slots=True, eq=False)
class Candidate:
    """Entities that a group may consist of, by position; `name` as a taxonomy has it."""

    members: NDArray[np.int64]
    name: str | None = None


def candidates(
    features: NDArray[np.float32], kinds: Sequence[Collection[str]] = ()
) -> list[Candidate]:
    """Every entity by itself, every cluster of average linkage, every kind of thing.

    Args:
        features: What the entities look like to the model or its base, `(E, D)`; clusters are by
            cosine distance from their mean.
        kinds: What each of the E entities is a kind of; empty where nobody says.

    Returns:
        Smallest first; of equal ones that which has a name.
    """
    named = defaultdict(list)
    for position, of in enumerate(kinds):
        for kind in of:
            named[kind].append(position)
    several = [Candidate(np.array(m), name) for name, m in sorted(named.items()) if len(m) > 1]
    alone = [Candidate(np.array([i])) for i in range(len(features))]
    return sorted([*alone, *several, *_clusters(features)], key=lambda c: len(c.members))


def tightest_group(effects: NDArray[np.float64], among: Sequence[Candidate]) -> EntityGroup:
    """Name the group of entities that explains an effect best.

    Args:
        effects: How strongly each of E entities goes to the class, `(E,)`.
        among: The candidates for those entities, smallest first.

    Returns:
        The group. Among candidates, the one with the largest reduction of squared error by two
        means, inside and outside; at equal reduction, the smaller one.
    """
    count = len(effects)
    fires = effects >= FIRES * max(float(effects.max()), 0.0)
    fired = np.flatnonzero(fires)
    if len(fired) >= EVERYTHING * count:
        return EntityGroup(GroupKind.EVERYTHING, _as_tuple(fired), len(fired), count)
    best, most = Candidate(fired[:1]), -np.inf
    for candidate in among:
        gain = _explained(effects, candidate.members)
        if gain > most * (1 + 1e-9) + 1e-12:
            best, most = candidate, gain
    inside = np.isin(fired, best.members).sum()
    if inside < OUTSIDE * len(fired):
        return EntityGroup(GroupKind.SCATTERED, _as_tuple(fired), len(fired), count)
    return EntityGroup(_kind(best), _as_tuple(best.members), len(fired), count, best.name)


def _kind(of: Candidate) -> GroupKind:
    if len(of.members) == 1:
        return GroupKind.ENTITY
    return GroupKind.CLUSTER if of.name is None else GroupKind.NODE


def _explained(effects: NDArray[np.float64], members: NDArray[np.int64]) -> float:
    """Reduction of squared error when members have a mean of their own, higher than the rest."""
    inside = np.zeros(len(effects), dtype=bool)
    inside[members] = True
    n, m = int(inside.sum()), int((~inside).sum())
    if m == 0:
        return -np.inf
    gap = float(effects[inside].mean() - effects[~inside].mean())
    return gap * abs(gap) * n * m / (n + m)


def _clusters(features: NDArray[np.float32]) -> list[Candidate]:
    from scipy.cluster.hierarchy import linkage
    from scipy.spatial.distance import pdist

    if len(features) < 3:
        return []
    groups = [np.array([i]) for i in range(len(features))]
    centred = (features - features.mean(axis=0)).astype(np.float64)
    length = np.linalg.norm(centred, axis=1, keepdims=True)
    unit = centred / np.maximum(length, 1e-12)
    # Distances, not rows: as many rows as columns, all zeros, would look like a distance matrix.
    for left, right, _, _ in linkage(pdist(unit), method="average"):
        groups.append(np.concatenate([groups[int(left)], groups[int(right)]]))
    return [Candidate(members) for members in groups[len(features) :]]


def _as_tuple(members: NDArray[np.int64]) -> tuple[int, ...]:
    return tuple(sorted(int(i) for i in members))
