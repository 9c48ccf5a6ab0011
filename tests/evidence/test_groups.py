from __future__ import annotations

import numpy as np
import pytest

from auditor.evidence.groups import GroupKind, tightest_group

KINDS, EACH = 5, 8  # kinds of things, entities of each


def looks(seed: int = 0) -> np.ndarray:
    """Entities of a kind look alike."""
    rng = np.random.default_rng(seed)
    kinds = rng.normal(0, 1, (KINDS, 16))
    return (np.repeat(kinds, EACH, axis=0) + rng.normal(0, 0.15, (KINDS * EACH, 16))).astype(
        np.float32
    )


def effects(fires: list[int], seed: int = 0) -> np.ndarray:
    rng = np.random.default_rng([seed, 1])
    values = rng.uniform(0, 0.15, KINDS * EACH)
    values[fires] = rng.uniform(0.7, 0.9, len(fires))
    return values


@pytest.mark.parametrize("seed", range(5))
def test_one_entity_that_fires_alone_is_named_alone(seed):
    group = tightest_group(effects([13], seed), looks(seed))
    assert group.kind is GroupKind.ENTITY
    assert group.members == (13,)
    assert (group.fired, group.tested) == (1, KINDS * EACH)


@pytest.mark.parametrize("seed", range(5))
def test_a_kind_of_thing_is_named_as_a_whole(seed):
    dogs = list(range(2 * EACH, 3 * EACH))
    group = tightest_group(effects(dogs, seed), looks(seed))
    assert group.kind is GroupKind.CLUSTER
    assert group.members == tuple(dogs)


def test_an_entity_of_the_kind_that_fires_weakly_still_belongs_to_it():
    dogs = list(range(EACH))
    values = effects(dogs)
    values[3] = 0.3
    group = tightest_group(values, looks())
    assert group.members == tuple(dogs)
    assert group.fired == EACH - 1


def test_almost_everything_is_said_where_almost_everything_fires():
    most = list(range(KINDS * EACH - 3))
    group = tightest_group(effects(most), looks())
    assert group.kind is GroupKind.EVERYTHING
    assert group.members == tuple(most)
    assert "37 of 40" in group.described


def test_entities_without_anything_in_common_are_listed_as_they_are():
    some = list(range(0, KINDS * EACH, 3))
    group = tightest_group(effects(some), looks())
    assert group.kind is GroupKind.SCATTERED
    assert group.members == tuple(some)


def test_two_entities_are_enough_to_ask_about():
    group = tightest_group(np.array([0.9, 0.1]), np.eye(2, dtype=np.float32))
    assert group.members == (0,)
