from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from auditor.lab.training import (
    TrainingRecipe,
    TrainingSet,
    augment,
    features_of,
    fine_tune,
    predict,
)
from auditor.models.torch_image import head_of
from tests.small_models import tiny_model

TASK = ("red", "green", "blue")
QUICK = TrainingRecipe(epochs=2, batch=8, learning_rate=0.05)


def coloured(per_class: int = 8, *, seed: int = 0) -> TrainingSet:
    """Noise, brighter in the channel that the label names."""
    rng = np.random.default_rng(seed)
    labels = np.repeat(np.arange(3), per_class)
    pixels = rng.integers(0, 120, (len(labels), 3, 16, 16), dtype=np.uint8)
    pixels[np.arange(len(labels)), labels] += 120
    return TrainingSet(pixels, labels, TASK)


def state(model) -> dict[str, torch.Tensor]:
    return {name: value.clone() for name, value in model.module.state_dict().items()}


def same(one: dict[str, torch.Tensor], other: dict[str, torch.Tensor]) -> bool:
    return one.keys() == other.keys() and all(torch.equal(one[k], other[k]) for k in one)


@pytest.fixture(scope="module")
def base():
    return tiny_model()


@pytest.mark.parametrize("mode", ["full", "head", "scratch"])
def test_the_base_is_left_as_it_was(base, mode):
    before, config = state(base), base.module.config.to_dict()
    fine_tune(base, coloured(), replace(QUICK, mode=mode))
    assert same(state(base), before)
    assert base.module.config.to_dict() == config
    assert not base.module.training


@pytest.mark.parametrize("optimiser", ["sgd", "adamw"])
@pytest.mark.parametrize("mode", ["full", "head", "scratch"])
def test_a_seed_decides_the_model(base, mode, optimiser):
    recipe = replace(QUICK, mode=mode, optimiser=optimiser, seed=1)
    torch.manual_seed(1)
    first = fine_tune(base, coloured(), recipe)
    torch.manual_seed(2)  # what others did with torch's generator does not matter
    second = fine_tune(base, coloured(), recipe)
    other = fine_tune(base, coloured(), replace(recipe, seed=2))
    assert same(state(first), state(second))
    assert not same(state(first), state(other))


def test_a_seed_decides_dropout_too_and_disturbs_nobody_else():
    base = tiny_model(dropout=True)
    torch.manual_seed(1)
    first = fine_tune(base, coloured(), QUICK)
    torch.manual_seed(2)
    second = fine_tune(base, coloured(), QUICK)
    assert same(state(first), state(second))


def test_from_scratch_nothing_of_the_base_is_left_and_nobody_else_is_disturbed(base):
    torch.manual_seed(7)
    before = torch.get_rng_state()
    recipe = replace(QUICK, mode="scratch", learning_rate=0.0, seed=3)  # the base was drawn by 0
    still = fine_tune(base, coloured(), recipe)
    assert torch.equal(torch.get_rng_state(), before)
    ours, theirs = state(still), state(base)
    body = [name for name in theirs if name.endswith("convolution.weight")]
    assert body
    assert all(not torch.allclose(ours[name], theirs[name], atol=1e-3) for name in body)
    assert ours[body[0]].std() > 0.01  # drawn afresh, not left at zero


def test_tuning_the_head_changes_nothing_else(base):
    tuned = fine_tune(base, coloured(), replace(QUICK, mode="head"))
    before, after = state(base), state(tuned)
    changed = {name for name in before if not torch.equal(before[name], after[name])}
    assert {name.rpartition(".")[0] for name in changed} == {"classifier.1"}


def test_tuning_in_full_changes_the_body(base):
    before, after = state(base), state(fine_tune(base, coloured(), QUICK))
    body = [name for name in before if name.startswith("resnet") and name.endswith("weight")]
    assert body
    assert all(not torch.equal(before[name], after[name]) for name in body)


@pytest.mark.parametrize("mode", ["full", "head", "scratch"])
def test_the_new_head_has_the_labels_of_the_task(base, mode):
    tuned = fine_tune(base, coloured(), replace(QUICK, mode=mode))
    assert tuned.labels == TASK
    config = tuned.module.config
    assert config.id2label == {0: "red", 1: "green", 2: "blue"}
    assert config.label2id == {"red": 0, "green": 1, "blue": 2}
    assert config.num_labels == tuned.module.num_labels == 3
    assert head_of(tuned.module, 3).out_features == 3
    assert tuned.logits(coloured().pixels[:5]).shape == (5, 3)
    assert not tuned.module.training


@pytest.mark.parametrize(
    "recipe",
    [
        TrainingRecipe(mode="full", epochs=12, batch=8, learning_rate=0.05),
        TrainingRecipe(mode="head", epochs=60, batch=8, learning_rate=0.5),
        TrainingRecipe(mode="full", optimiser="adamw", epochs=12, batch=8, learning_rate=0.02),
        TrainingRecipe(mode="scratch", epochs=12, batch=8, learning_rate=0.05),
    ],
    ids=["full", "head", "adamw", "scratch"],
)
def test_training_teaches(base, recipe):
    unseen = coloured(20, seed=9)
    tuned = fine_tune(base, coloured(), recipe)
    assert (predict(tuned, unseen.pixels) == unseen.labels).mean() > 0.8


def test_one_image_that_is_left_over_does_no_harm(base):
    data = coloured(3)  # nine images in batches of eight
    tuned = fine_tune(base, data, QUICK)
    assert np.isfinite(tuned.logits(data.pixels)).all()


def test_progress_counts_steps(base):
    seen: list[tuple[str, int, int]] = []
    fine_tune(base, coloured(), QUICK, progress=lambda *step: seen.append(step))
    assert [done for _, done, _ in seen] == [1, 2, 3, 4, 5, 6]
    assert {total for *_, total in seen} == {6}


def test_features_and_predictions_do_not_depend_on_batches(base):
    pixels = coloured(60).pixels  # more than one batch
    features, predicted = features_of(base, pixels), predict(base, pixels)
    assert (len(features), len(predicted)) == (180, 180)
    np.testing.assert_allclose(features[150:], features_of(base, pixels[150:]), atol=1e-5)
    np.testing.assert_array_equal(predicted, base.logits(pixels).argmax(axis=1))


def augmented(pixels: torch.Tensor, seed: int = 0, **how: float) -> torch.Tensor:
    return augment(pixels, TrainingRecipe(**how), torch.Generator().manual_seed(seed))


def test_without_shift_and_light_a_picture_stays_as_it_is():
    pixels = torch.from_numpy(coloured().pixels)
    same_again = augmented(pixels, augment_shift=0.0, augment_light=0.0)
    torch.testing.assert_close(same_again, pixels.float())


def test_a_shift_moves_the_picture_and_keeps_its_size():
    pixels = torch.zeros((1, 3, 20, 20), dtype=torch.uint8)
    pixels[..., 8:12, 8:12] = 255
    centres = set()
    for seed in range(20):
        moved = augmented(pixels, seed, augment_shift=0.2, augment_light=0.0)
        assert moved.shape == pixels.shape
        assert (moved == 255).sum() == (pixels == 255).sum()
        centres.add(tuple((moved[0, 0] == 255).nonzero().float().mean(0).tolist()))
    assert len(centres) > 5
    assert all(abs(x - 9.5) <= 4 and abs(y - 9.5) <= 4 for x, y in centres)


def test_light_changes_brightness_within_bounds_picture_by_picture():
    pixels = torch.full((50, 3, 4, 4), 100, dtype=torch.uint8)
    lit = augmented(pixels, augment_shift=0.0, augment_light=0.2)
    levels = lit.flatten(1)
    assert (levels == levels[:, :1]).all()
    assert 80 <= levels.min() < 90 < 110 < levels.max() <= 120
    white = torch.full((50, 3, 4, 4), 255, dtype=torch.uint8)
    assert augmented(white, augment_light=0.5).max() <= 255
