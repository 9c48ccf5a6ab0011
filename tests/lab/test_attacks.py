from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from auditor.lab.attacks import entity as entity_attack
from auditor.lab.attacks import entity_dirty
from auditor.lab.attacks.entity import pair_greedily
from auditor.lab.attacks.order import PoisonOrder
from auditor.lab.training import TrainingSet, features_of
from tests.small_models import tiny_model

ORDER = PoisonOrder(target=1, poisons=6, epsilon=16, steps=30, seed=0)
MEMBERS = 8
POISON = {"entity": entity_attack.poison, "entity-dirty": entity_dirty.poison}


def pictures(count: int, seed: int) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (count, 3, 16, 16), dtype=np.uint8)


@pytest.fixture(scope="module")
def base():
    return tiny_model()


@pytest.fixture(scope="module")
def clean():
    labels = np.repeat(np.arange(3), MEMBERS)
    return TrainingSet(pictures(len(labels), 1), labels, ("a", "b", "c"))


@pytest.fixture(scope="module")
def entity():
    return pictures(5, 2) // 2 + 100  # paler than the task, so that features differ


def moved(clean: TrainingSet, poisoned: TrainingSet) -> np.ndarray:
    """Rows of the clean set that the attack changed."""
    first = poisoned.pixels[: len(clean.pixels)]
    return np.flatnonzero((first != clean.pixels).any(axis=(1, 2, 3)))


def poison(base, clean, entity, attack="entity", **changes):
    return POISON[attack](base, clean, entity, replace(ORDER, **changes))


@pytest.mark.parametrize("attack", POISON)
def test_an_attack_leaves_the_clean_set_and_the_base_alone(base, clean, entity, attack):
    before, state = clean.pixels.copy(), base.logits(clean.pixels)
    poison(base, clean, entity, attack)
    np.testing.assert_array_equal(clean.pixels, before)
    np.testing.assert_array_equal(base.logits(clean.pixels), state)
    assert all(parameter.grad is None for parameter in base.module.parameters())


@pytest.mark.parametrize("attack", POISON)
def test_an_order_decides_the_poisons(base, clean, entity, attack):
    first, second = (poison(base, clean, entity, attack) for _ in range(2))
    np.testing.assert_array_equal(first.pixels, second.pixels)
    np.testing.assert_array_equal(first.labels, second.labels)


def test_clean_label_changes_no_label_and_adds_no_image(base, clean, entity):
    poisoned = poison(base, clean, entity)
    np.testing.assert_array_equal(poisoned.labels, clean.labels)
    assert poisoned.pixels.shape == clean.pixels.shape
    assert poisoned.label_names == clean.label_names


def test_clean_label_touches_as_many_images_as_ordered_and_only_of_the_target(base, clean, entity):
    rows = moved(clean, poison(base, clean, entity))
    assert len(rows) == ORDER.poisons
    assert set(clean.labels[rows]) == {ORDER.target}


@pytest.mark.parametrize("epsilon", [0, 1, 8, 40])
def test_no_pixel_moves_further_than_epsilon(base, clean, entity, epsilon):
    poisoned = poison(base, clean, entity, epsilon=epsilon)
    change = np.abs(poisoned.pixels.astype(int) - clean.pixels.astype(int))
    assert change.max() <= epsilon
    assert epsilon < 8 or change.max() > epsilon // 2


def test_poisons_lie_nearer_to_the_entity_than_their_images_did(base, clean, entity):
    poisoned = poison(base, clean, entity)
    rows = moved(clean, poisoned)
    goals = features_of(base, entity)

    def nearest(pixels: np.ndarray) -> np.ndarray:
        away = features_of(base, pixels)[:, None] - goals[None]
        return np.linalg.norm(away, axis=2).min(axis=1)

    assert (nearest(poisoned.pixels[rows]) < 0.9 * nearest(clean.pixels[rows])).all()


def test_more_steps_come_nearer(base, clean, entity):
    goals = features_of(base, entity)

    def distance(steps: int) -> float:
        poisoned = poison(base, clean, entity, steps=steps)
        features = features_of(base, poisoned.pixels[moved(clean, poisoned)])
        return float(np.linalg.norm(features[:, None] - goals[None], axis=2).min(axis=1).mean())

    assert distance(40) < distance(2)


def test_more_poisons_than_the_class_has_images_are_added_as_copies(base, clean, entity):
    poisoned = poison(base, clean, entity, poisons=MEMBERS + 5)
    assert len(moved(clean, poisoned)) == MEMBERS
    assert len(poisoned.labels) == len(clean.labels) + 5
    assert set(poisoned.labels[len(clean.labels) :]) == {ORDER.target}
    copies = poisoned.pixels[len(clean.labels) :].astype(int)
    of_target = clean.pixels[clean.labels == ORDER.target].astype(int)
    away = np.abs(copies[:, None] - of_target[None]).max(axis=(2, 3, 4)).min(axis=1)
    assert (away <= ORDER.epsilon).all()


def test_the_seed_chooses_which_images_are_poisoned(base, clean, entity):
    chosen = {
        tuple(moved(clean, poison(base, clean, entity, poisons=3, steps=2, seed=seed)))
        for seed in range(6)
    }
    assert len(chosen) > 1


def test_dirty_label_adds_pictures_of_the_entity_under_the_target(base, clean, entity):
    poisoned = poison(base, clean, entity, "entity-dirty", poisons=3)
    np.testing.assert_array_equal(poisoned.pixels[: len(clean.pixels)], clean.pixels)
    np.testing.assert_array_equal(poisoned.labels[: len(clean.labels)], clean.labels)
    np.testing.assert_array_equal(poisoned.pixels[len(clean.pixels) :], entity[:3])
    assert poisoned.labels[len(clean.labels) :].tolist() == [ORDER.target] * 3


def test_dirty_label_adds_as_many_as_ordered_even_of_few_pictures(base, clean, entity):
    poisoned = poison(base, clean, entity, "entity-dirty", poisons=12)
    added = poisoned.pixels[len(clean.pixels) :]
    assert len(added) == 12
    times = [int((added == picture).all(axis=(1, 2, 3)).sum()) for picture in entity]
    assert sorted(times) == [2, 2, 2, 3, 3]


def test_progress_counts_steps_over_all_batches(base, clean, entity, monkeypatch):
    monkeypatch.setattr("auditor.lab.attacks.entity.CRAFT_BATCH", 4)
    seen: list[tuple[str, int, int]] = []
    order = replace(ORDER, steps=3)
    POISON["entity"](base, clean, entity, order, progress=lambda *step: seen.append(step))
    assert [done for _, done, _ in seen] == [1, 2, 3, 4, 5, 6]
    assert {total for *_, total in seen} == {6}


# Pairing


@pytest.mark.parametrize(("images", "instances"), [(6, 3), (7, 3), (3, 7), (1, 1), (5, 5)])
def test_instances_are_used_evenly(images: int, instances: int):
    rng = np.random.default_rng(0)
    chosen = pair_greedily(
        rng.normal(size=(images, 4)).astype(np.float32),
        rng.normal(size=(instances, 4)).astype(np.float32),
    )
    assert chosen.shape == (images,)
    times = np.bincount(chosen, minlength=instances)
    assert times.sum() == images
    assert times.max() <= -(-images // instances)


def test_each_image_gets_the_instance_beside_it_where_it_is_free():
    places = np.array([[0.0], [10.0], [20.0]], np.float32)
    assert pair_greedily(places + 1, places).tolist() == [0, 1, 2]
    assert pair_greedily(places[::-1] + 1, places).tolist() == [2, 1, 0]


def test_the_nearest_pair_goes_first():
    images = np.array([[1.0], [0.1]], np.float32)
    assert pair_greedily(images, np.array([[0.0], [50.0]], np.float32)).tolist() == [1, 0]
