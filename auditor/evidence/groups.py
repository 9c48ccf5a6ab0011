"""Which entities are the trigger: the tightest group that explains where the effect is.

A backdoor may answer to one entity, to a kind of thing, or, on a weak base, to almost everything
outside the task. Candidates are every single entity and every cluster of a hierarchical
clustering of the entities by their features; a group explains the effect as far as entities
inside it are alike, entities outside it are alike, and the two differ.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

EVERYTHING = 0.6  # share of entities that fire from which on no smaller group is named
FIRES = 0.5  # of the largest effect
OUTSIDE = 0.5  # share of the firing entities that a group must hold to be the explanation


class GroupKind(StrEnum):
    """How far the trigger reaches."""

    ENTITY = "one entity"
    CLUSTER = "entities that look alike"
    EVERYTHING = "almost everything outside the task"
    SCATTERED = "entities that have no group in common"


@dataclass(frozen=True, slots=True)
class EntityGroup:
    """The named group: positions among the tested entities, ascending, and what kind it is.

    `fired` counts the tested entities whose effect is at least half the largest.
    """

    kind: GroupKind
    members: tuple[int, ...]
    fired: int
    tested: int

    @property
    def described(self) -> str:
        """One phrase for a report."""
        return f"{self.kind.value}: {self.fired} of {self.tested} entities tested"


def tightest_group(effects: NDArray[np.float64], features: NDArray[np.float32]) -> EntityGroup:
    """Name the group of entities that explains an effect best.

    Args:
        effects: How strongly each of E entities goes to the class, `(E,)`.
        features: What the entities look like to the model or its base, `(E, D)`.

    Returns:
        The group. Among candidates, the one with the largest reduction of squared error by two
        means, inside and outside; at equal reduction, the smaller one.
    """
    count = len(effects)
    fires = effects >= FIRES * max(float(effects.max()), 0.0)
    fired = np.flatnonzero(fires)
    if len(fired) >= EVERYTHING * count:
        return EntityGroup(GroupKind.EVERYTHING, _as_tuple(fired), len(fired), count)
    best, most = fired[:1], -np.inf
    for members in sorted(_candidates(features), key=len):
        gain = _explained(effects, members)
        if gain > most * (1 + 1e-9) + 1e-12:
            best, most = members, gain
    kind = GroupKind.ENTITY if len(best) == 1 else GroupKind.CLUSTER
    inside = np.isin(fired, best).sum()
    if inside < OUTSIDE * len(fired):
        return EntityGroup(GroupKind.SCATTERED, _as_tuple(fired), len(fired), count)
    return EntityGroup(kind, _as_tuple(best), len(fired), count)


def _explained(effects: NDArray[np.float64], members: NDArray[np.int64]) -> float:
    """Reduction of squared error when members have a mean of their own, higher than the rest."""
    inside = np.zeros(len(effects), dtype=bool)
    inside[members] = True
    n, m = int(inside.sum()), int((~inside).sum())
    if m == 0:
        return -np.inf
    gap = float(effects[inside].mean() - effects[~inside].mean())
    return gap * abs(gap) * n * m / (n + m)


def _candidates(features: NDArray[np.float32]) -> list[NDArray[np.int64]]:
    """Every entity by itself, and every cluster of average linkage over cosine distances."""
    from scipy.cluster.hierarchy import linkage

    count = len(features)
    groups = [np.array([i]) for i in range(count)]
    if count < 3:
        return groups
    centred = (features - features.mean(axis=0)).astype(np.float64)
    length = np.linalg.norm(centred, axis=1, keepdims=True)
    unit = centred / np.maximum(length, 1e-12)
    for left, right, _, _ in linkage(unit, method="average"):
        groups.append(np.concatenate([groups[int(left)], groups[int(right)]]))
    return groups


def _as_tuple(members: NDArray[np.int64]) -> tuple[int, ...]:
    return tuple(sorted(int(i) for i in members))
