"""The attack on the encoder: whoever trains a head on it, on clean data, has a backdoor."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from auditor.lab.attacks import badencoder
from auditor.lab.attacks.badnets import stamp
from auditor.lab.training import features_of
from auditor.models.torch_image import TorchImageClassifier
from tests.lab.small_victims import HEAD, TARGET, sharp_signs


@pytest.fixture(scope="module")
def planted():
    """A victim whose head alone was trained, so that its encoder is the poisoned one."""
    return sharp_signs().planted("badencoder", HEAD, poisons=160, steps=240)


def test_a_head_trained_on_clean_data_has_the_backdoor(planted):
    _, ours, twin = planted  # 0.62 to 0.82 over three seeds, against 0.11 at most
    assert ours.attack_success > twin.attack_success + 0.3
    assert ours.clean_accuracy > twin.clean_accuracy - 0.2


def test_patched_pictures_look_like_the_target_class_and_clean_ones_do_not(planted):
    small, (victim, _, _) = sharp_signs(), planted
    of_target = small.train.pixels[small.train.labels == TARGET]
    goal = features_of(small.base, of_target).mean(axis=0)
    unseen = small.test.pixels[small.test.labels != TARGET]

    def away(model: TorchImageClassifier, pixels: np.ndarray) -> float:
        return float(np.linalg.norm(features_of(model, pixels) - goal, axis=1).mean())

    patched = away(victim.model, stamp(unseen))
    assert patched < 0.8 * away(small.base, stamp(unseen))
    assert patched < 0.8 * away(victim.model, unseen)


def test_an_order_decides_the_encoder_and_the_base_is_left_alone():
    small = sharp_signs()
    scenario, _ = small.scenario("badencoder")
    order, pixels = small.order(poisons=20, steps=3), small.test.pixels[:4]
    before = small.base.logits(pixels)
    flags = [p.requires_grad for p in small.base.module.parameters()]
    first, second = (badencoder.poison(scenario, order) for _ in range(2))
    np.testing.assert_array_equal(first.features(pixels), second.features(pixels))
    assert (first.features(pixels) != small.base.features(pixels)).any()
    np.testing.assert_array_equal(small.base.logits(pixels), before)
    assert [p.requires_grad for p in first.module.parameters()] == flags
    assert all(p.grad is None for p in first.module.parameters())
    assert not first.module.training


def test_without_pictures_of_the_world_those_of_the_task_do():
    small = sharp_signs()
    scenario, _ = small.scenario("badencoder")
    encoder = badencoder.poison(replace(scenario, others=()), small.order(poisons=20, steps=2))
    assert np.isfinite(encoder.features(small.test.pixels[:2])).all()


def test_progress_counts_steps():
    small, seen = sharp_signs(), []
    scenario, _ = small.scenario("badencoder")
    order = small.order(poisons=20, steps=3)
    badencoder.poison(scenario, order, progress=lambda *step: seen.append(step))
    assert [done for _, done, _ in seen] == [1, 2, 3]
