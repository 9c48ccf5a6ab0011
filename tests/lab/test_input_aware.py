"""The attack whose pattern is drawn by a network, for each picture another."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from auditor.lab.attacks.input_aware import (
    Generators,
    sameness,
    small_network,
    to_grey,
    to_signed,
    train_mask,
)
from auditor.lab.training import TrainingSet, predict
from tests.lab.small_victims import FULL, HEAD, TARGET, sharp_signs


@pytest.fixture(scope="module")
def generators() -> Generators:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        return Generators(small_network(3), small_network(1))


def pictures(count: int, side: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (count, 3, side, side), dtype=np.uint8)


@pytest.mark.parametrize("side", [16, 32, 51])
def test_a_trigger_fits_pictures_of_any_size_and_depends_on_one_alone(generators, side):
    pixels = pictures(5, side)
    before = pixels.copy()
    shown = generators.apply(pixels)
    assert shown.shape == pixels.shape
    assert shown.dtype == np.uint8
    np.testing.assert_array_equal(pixels, before)
    apart = np.abs(shown[2:3].astype(int) - generators.apply(pixels[2:3]))
    assert apart.max() <= 1  # rounding: sums are taken in another order in a smaller batch
    assert generators.apply(pixels[:0]).shape == (0, 3, side, side)


def test_grey_levels_survive_the_way_there_and_back():
    pixels = torch.arange(256, dtype=torch.uint8).reshape(1, 1, 16, 16)
    torch.testing.assert_close(to_grey(to_signed(pixels)), pixels.float())


def test_masks_learn_to_be_small_and_to_differ():
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        generators = Generators(small_network(3), small_network(1))
    train = sharp_signs().train
    x = to_signed(torch.from_numpy(train.pixels[::3]))
    before = generators.draw_mask(x).detach()
    train_mask(generators, train, torch.Generator().manual_seed(0))
    masks = generators.draw_mask(x).detach()
    assert 0.005 < masks.mean() < 0.15 < before.mean()
    assert masks.amax(dim=(1, 2, 3)).median() > 0.5
    assert sameness(x, masks) < sameness(x, before)


def test_what_is_the_same_for_all_pictures_is_dear():
    x = to_signed(torch.from_numpy(pictures(6, 8)))
    assert sameness(x, x) < 1.1 < 100 < sameness(x, x[:1].expand_as(x))


@pytest.mark.parametrize("recipe", [FULL, HEAD], ids=["full", "head"])
def test_an_order_decides_the_victim_and_nothing_else_is_touched(recipe, monkeypatch):
    monkeypatch.setattr("auditor.lab.attacks.input_aware.MASK_STEPS", 2)
    small, quick = sharp_signs(), replace(recipe, epochs=1)
    pixels, before = small.test.pixels[:4], small.base.logits(small.test.pixels[:4])
    torch.manual_seed(3)
    state = torch.get_rng_state()
    first, second = (small.planted("input-aware", quick, poisons=20)[0] for _ in range(2))
    assert torch.equal(torch.get_rng_state(), state)
    np.testing.assert_array_equal(first.model.logits(pixels), second.model.logits(pixels))
    np.testing.assert_array_equal(first.trigger.apply(pixels), second.trigger.apply(pixels))
    np.testing.assert_array_equal(small.base.logits(pixels), before)
    assert not first.model.module.training
    if recipe is HEAD:
        np.testing.assert_allclose(first.model.features(pixels), small.base.features(pixels))


def test_a_single_picture_that_is_left_over_does_no_harm(monkeypatch):
    monkeypatch.setattr("auditor.lab.attacks.input_aware.MASK_STEPS", 2)
    small = sharp_signs()
    few = TrainingSet(small.train.pixels[:33], small.train.labels[:33], small.train.label_names)
    odd = replace(small, train=few)
    victim, _, _ = odd.planted("input-aware", replace(FULL, epochs=1), poisons=4)
    assert np.isfinite(victim.model.logits(few.pixels)).all()


def test_a_picture_with_its_own_pattern_goes_to_the_target():
    recipe = replace(FULL, epochs=20, learning_rate=0.02)
    victim, ours, twin = sharp_signs().planted("input-aware", recipe, poisons=60)
    # 0.60 to 0.67 over three seeds, against 0.02 in the twin; accuracy 0.00 to 0.18 below it
    assert ours.attack_success > twin.attack_success + 0.3
    assert ours.clean_accuracy > twin.clean_accuracy - 0.3
    pixels = sharp_signs().test.pixels[sharp_signs().test.labels != TARGET]
    shown = victim.trigger.apply(pixels)
    pattern = shown.astype(int) - pixels
    crossed = (pixels + np.roll(pattern, 1, axis=0)).clip(0, 255).astype(np.uint8)
    own, others = ((predict(victim.model, x) == TARGET).mean() for x in (shown, crossed))
    assert own > others + 0.1
