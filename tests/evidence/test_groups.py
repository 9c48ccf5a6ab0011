from __future__ import annotations

import numpy as np
import pytest

from auditor.evidence.groups import GroupKind, candidates, tightest_group

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
    group = tightest_group(effects([13], seed), candidates(looks(seed)))
    assert group.kind is GroupKind.ENTITY
    assert group.members == (13,)
    assert (group.fired, group.tested) == (1, KINDS * EACH)


@pytest.mark.parametrize("seed", range(5))
def test_a_kind_of_thing_is_named_as_a_whole(seed):
    dogs = list(range(2 * EACH, 3 * EACH))
    group = tightest_group(effects(dogs, seed), candidates(looks(seed)))
    assert group.kind is GroupKind.CLUSTER
    assert group.members == tuple(dogs)


def test_an_entity_of_the_kind_that_fires_weakly_still_belongs_to_it():
    dogs = list(range(EACH))
    values = effects(dogs)
    values[3] = 0.3
    group = tightest_group(values, candidates(looks()))
    assert group.members == tuple(dogs)
    assert group.fired == EACH - 1


def test_almost_everything_is_said_where_almost_everything_fires():
    most = list(range(KINDS * EACH - 3))
    group = tightest_group(effects(most), candidates(looks()))
    assert group.kind is GroupKind.EVERYTHING
    assert group.members == tuple(most)
    assert "37 of 40" in group.described()


def test_entities_without_anything_in_common_are_listed_as_they_are():
    some = list(range(0, KINDS * EACH, 3))
    group = tightest_group(effects(some), candidates(looks()))
    assert group.kind is GroupKind.SCATTERED
    assert group.members == tuple(some)


def test_two_entities_are_enough_to_ask_about():
    group = tightest_group(np.array([0.9, 0.1]), candidates(np.eye(2, dtype=np.float32)))
    assert group.members == (0,)


def test_a_kind_of_thing_that_the_taxonomy_names_is_called_by_its_name():
    birds = [1, 9, 17, 25]  # they look like nothing in common
    kinds = [("animal", "bird") if i in birds else ("animal",) for i in range(KINDS * EACH)]
    group = tightest_group(effects(birds), candidates(looks(), kinds))
    assert group.kind is GroupKind.NODE
    assert group.members == tuple(birds)
    assert group.described() == "a kind of thing, 'bird': 4 of 40 entities tested go there"
    named = group.described(["owl", "hen", "kiwi", "rook", "wren", "swan", "duck"])
    assert named.startswith("a kind of thing, 'bird' (owl, hen, kiwi, rook, wren and 2 more): 4")


def test_what_the_taxonomy_says_of_one_entity_alone_does_not_name_a_group():
    group = tightest_group(effects([3]), candidates(looks(), [(f"kind {i}",) for i in range(40)]))
    assert (group.kind, group.members, group.name) == (GroupKind.ENTITY, (3,), None)


@pytest.mark.parametrize("entities", [3, 8])
def test_entities_that_a_collapsed_model_sees_alike_are_grouped_without_a_warning(entities):
    alike = np.ones((entities, 8), np.float32)
    found = candidates(alike)
    assert max(len(candidate.members) for candidate in found) == entities
