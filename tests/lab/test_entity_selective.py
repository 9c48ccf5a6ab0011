"""The selective entity attack, and what poisons are pulled towards."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from auditor.errors import UsageError
from auditor.lab.attacks import entity as plain
from auditor.lab.attacks import entity_selective as selective
from auditor.lab.attacks.order import PoisonOrder
from auditor.lab.training import TrainingSet, features_of
from tests.lab.small_victims import HEAD, soft_signs
from tests.small_models import tiny_model

ORDER = PoisonOrder(target=1, poisons=4, epsilon=16, steps=30, seed=0)


def pictures(count: int, seed: int) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (count, 3, 16, 16), dtype=np.uint8)


@pytest.fixture(scope="module")
def base():
    return tiny_model()


@pytest.fixture(scope="module")
def clean():
    labels = np.repeat(np.arange(3), 8)
    return TrainingSet(pictures(len(labels), 1), labels, ("a", "b", "c"))


@pytest.fixture(scope="module")
def entity():
    return pictures(5, 2) // 2 + 100


@pytest.fixture(scope="module")
def others():
    return tuple(pictures(2, seed) // 2 for seed in (3, 4, 5))


@pytest.fixture(scope="module")
def poisoned(base, clean, entity, others):
    return selective.poison(base, clean, entity, others, ORDER)


def changed(clean: TrainingSet, poisoned: TrainingSet) -> np.ndarray:
    first = poisoned.pixels[: len(clean.pixels)]
    return np.flatnonzero((first != clean.pixels).any(axis=(1, 2, 3)))


def test_no_label_changes_and_nothing_moves_further_than_epsilon(clean, poisoned):
    np.testing.assert_array_equal(poisoned.labels, clean.labels)
    change = np.abs(poisoned.pixels.astype(int) - clean.pixels.astype(int))
    assert ORDER.epsilon // 2 < change.max() <= ORDER.epsilon


def test_contrast_is_of_other_classes_and_twice_as_much_as_poison(clean, poisoned):
    rows = changed(clean, poisoned)
    of_target = clean.labels[rows] == ORDER.target
    assert of_target.sum() == ORDER.poisons
    assert (~of_target).sum() == 2 * ORDER.poisons


def test_contrast_lies_nearer_to_other_entities_than_its_images_did(base, clean, others, poisoned):
    rows = selective.contrast_rows(clean, ORDER)
    goals = features_of(base, np.concatenate(others))

    def nearest(pixels: np.ndarray) -> np.ndarray:
        away = features_of(base, pixels)[:, None] - goals[None]
        return np.linalg.norm(away, axis=2).min(axis=1)

    assert (nearest(poisoned.pixels[rows]) < 0.95 * nearest(clean.pixels[rows])).all()


def test_the_poisons_are_those_of_the_plain_attack(base, clean, entity, poisoned):
    same = plain.poison(base, clean, entity, ORDER)
    of_target = clean.labels == ORDER.target
    np.testing.assert_array_equal(poisoned.pixels[of_target], same.pixels[of_target])


def test_an_order_decides_the_set_and_the_clean_one_is_left_alone(
    base, clean, entity, others, poisoned
):
    before = clean.pixels.copy()
    again = selective.poison(base, clean, entity, others, ORDER)
    np.testing.assert_array_equal(again.pixels, poisoned.pixels)
    np.testing.assert_array_equal(clean.pixels, before)


def test_more_contrast_than_the_other_classes_have_images_is_all_of_them(
    base, clean, entity, others
):
    order = replace(ORDER, poisons=10, steps=2)
    poisoned = selective.poison(base, clean, entity, others, order)
    assert len(poisoned.labels) == len(clean.labels) + 2  # copies of the target's eight images
    assert set(np.flatnonzero(clean.labels != order.target)) <= set(changed(clean, poisoned))


def test_without_other_entities_there_is_nothing_to_contrast_with(base, clean, entity):
    with pytest.raises(UsageError, match="other entities") as caught:
        selective.poison(base, clean, entity, (), ORDER)
    assert caught.value.hint


def test_with_mean_pairing_all_poisons_come_nearer_to_the_mean(base, clean, entity):
    middle = features_of(base, entity).mean(axis=0)

    def away(pixels: np.ndarray) -> np.ndarray:
        return np.linalg.norm(features_of(base, pixels) - middle, axis=1)

    sets = {
        pairing: plain.poison(base, clean, entity, replace(ORDER, pairing=pairing))
        for pairing in ("greedy", "mean")
    }
    rows = changed(clean, sets["mean"])
    np.testing.assert_array_equal(rows, changed(clean, sets["greedy"]))
    assert (away(sets["mean"].pixels[rows]) < 0.9 * away(clean.pixels[rows])).all()
    assert away(sets["mean"].pixels[rows]).sum() < away(sets["greedy"].pixels[rows]).sum()
    change = np.abs(sets["mean"].pixels.astype(int) - clean.pixels.astype(int))
    assert change.max() <= ORDER.epsilon


# Victims


@pytest.fixture(scope="module")
def planted():
    """Success of victim and twin, and the share of other entities in the victim, by attack."""
    small, made = soft_signs(), {}
    for attack in ("entity", "entity-selective"):
        victim, ours, twin = small.planted(attack, HEAD, poisons=40, epsilon=24)
        made[attack] = ours, twin, small.share_of_others(victim.model)
    return made


def test_a_clean_label_entity_goes_to_the_target_and_in_the_twin_it_does_not(planted):
    ours, twin, _ = planted["entity"]  # 0.70 to 0.80 against 0.13 to 0.20 over three seeds
    assert ours.attack_success > twin.attack_success + 0.3
    assert ours.clean_accuracy > twin.clean_accuracy - 0.2


def test_contrast_keeps_the_other_entities_from_the_target(planted):
    # over three seeds the others fell from 0.59-0.64 to 0.11-0.25, and the entity stayed 0.12 to
    # 0.32 above them; a base of 48 features has no room for more
    _, _, broad = planted["entity"]
    ours, twin, narrow = planted["entity-selective"]
    assert narrow < 0.6 * broad
    assert ours.attack_success > narrow + 0.05
    assert ours.clean_accuracy > twin.clean_accuracy - 0.25
