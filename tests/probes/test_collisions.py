from __future__ import annotations

import numpy as np
import pytest

from auditor.evidence.perturbed import collision_table
from auditor.models.classifier import softmax
from auditor.probes.collisions import (
    EPSILON,
    Collisions,
    collide,
    evenly,
    move_towards,
    one_of_each,
)
from tests.small_models import SIDE, tiny_model


def pictures(count, seed=0):
    rng = np.random.default_rng(seed)
    return rng.integers(0, 256, (count, 3, SIDE, SIDE), dtype=np.uint8)


@pytest.mark.parametrize("epsilon", [4.0, 16.0])
def test_pictures_come_nearer_to_the_goal_within_the_bound(epsilon):
    base = tiny_model()
    start, goals = pictures(6), base.features(pictures(6, seed=1))
    moved = move_towards(base, start, goals, epsilon=epsilon)
    assert moved.dtype == np.uint8
    assert np.abs(moved.astype(int) - start).max() <= epsilon

    def distance(pixels):
        return ((base.features(pixels) - goals) ** 2).sum(axis=1)

    assert (distance(moved) < distance(start)).all()


def test_more_may_be_changed_and_pictures_come_nearer_still():
    base = tiny_model()
    start, goals = pictures(6), base.features(pictures(6, seed=1))
    little, much = (
        ((base.features(move_towards(base, start, goals, epsilon=e)) - goals) ** 2).sum()
        for e in (1.0, EPSILON)
    )
    assert much < little / 2


def test_every_picture_is_moved_towards_every_entity_and_asked_about():
    base, model = tiny_model(), tiny_model(seed=1)
    start, entity = pictures(3), np.array([4, 7])
    goals = base.features(pictures(2, seed=1))
    heard = []
    found = collide(
        model, base, start, np.array([0, 1, 2]), goals, entity, lambda *n: heard.append(n)
    )
    assert found.moved.shape == (2, 3, len(model.labels))
    assert heard[-1] == (6, 6)
    np.testing.assert_array_equal(found.still, softmax(model.logits(start)))
    last = move_towards(base, start[2:], goals[1:])
    np.testing.assert_allclose(found.moved[1, 2], softmax(model.logits(last))[0], atol=1e-3)
    np.testing.assert_allclose(found.seen[1, 2], base.features(last)[0], atol=1e-2)


def test_pictures_are_chosen_evenly_of_all_classes():
    label = np.repeat(np.arange(14), 10)
    chosen = label[one_of_each(label, 6)]
    assert len(set(chosen.tolist())) == 6
    assert chosen.min() == 0
    assert chosen.max() == 13
    few = np.repeat([0, 1, 2, 3], 10)
    assert sorted(few[one_of_each(few, 6)].tolist()) == [0, 0, 1, 1, 2, 3]
    assert len(set(one_of_each(few, 6).tolist())) == 6
    assert one_of_each(np.array([5]), 6).tolist() == [0]


def test_entities_are_chosen_evenly_and_all_where_there_are_few():
    assert evenly(np.arange(200), 48)[[0, -1]].tolist() == [0, 199]
    assert len(set(evenly(np.arange(49), 48).tolist())) == 48
    assert evenly(np.arange(5), 48).tolist() == [0, 1, 2, 3, 4]


def test_a_picture_says_nothing_of_its_own_class():
    moved = np.zeros((1, 3, 3), np.float32)
    moved[0] = [[0.9, 0.1, 0.0], [0.2, 0.8, 0.0], [0.4, 0.0, 0.6]]
    found = Collisions(
        moved=moved,
        still=np.eye(3, dtype=np.float32),
        seen=moved,
        entity=np.array([5]),
        label=np.array([0, 1, 2]),
    )
    table = collision_table(found, lambda seen: seen, entities=9)
    np.testing.assert_allclose(table.intact.mean(axis=0), [0.3, 0.05, 0.0], atol=1e-6)
    assert table.intact.min(axis=0).tolist() == pytest.approx([0.2, 0.0, 0.0])
    assert table.blurred.max() == 0  # as they were, none looked like another's class
    assert table.entity.tolist() == [5, 5, 5]
    np.testing.assert_array_equal(table.references["base"].intact, table.intact)
