from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from auditor.models.torch_image import TorchImageClassifier
from auditor.references.base import CORRESPONDS, correspondence, shape_objection
from tests.small_models import coloured, noise, tiny_model


@pytest.fixture(scope="module")
def probes(base: TorchImageClassifier) -> np.ndarray:
    return base.pixels([noise(i) for i in range(60)] + [coloured(i % 4, i) for i in range(12)])


def test_a_fine_tune_still_has_the_features_of_its_base(base, tuned, probes):
    alike = correspondence(tuned.features(probes), base.features(probes))
    assert CORRESPONDS < alike < 1


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_another_network_has_features_of_its_own(tuned, probes, seed: int):
    other = tiny_model(seed=seed)
    assert correspondence(tuned.features(probes), other.features(probes)) < CORRESPONDS


def random_features(seed: int, shape: tuple[int, int] = (50, 16)) -> np.ndarray:
    return np.random.default_rng(seed).normal(0, 1, shape).astype(np.float32)


def test_the_same_features_correspond_wholly_whatever_their_unit():
    made = random_features(0)
    assert correspondence(made, made) == pytest.approx(1)
    assert correspondence(made, 30 * made + 5) == pytest.approx(1)


def test_shuffled_features_do_not_correspond():
    made = random_features(0)
    assert abs(correspondence(made, np.roll(made, 1, axis=1))) < CORRESPONDS


def test_features_that_never_move_do_not_count():
    own, base = random_features(0), random_features(0)
    own[:, 3], base[:, 7] = 1.0, 0.0
    assert correspondence(own, base) == pytest.approx(1)


@pytest.mark.parametrize(
    "base",
    [np.zeros((50, 16)), np.full((50, 16), np.nan), np.full((50, 16), np.inf)],
    ids=["dead", "no numbers", "infinite"],
)
@pytest.mark.filterwarnings("ignore:invalid value:RuntimeWarning")
def test_features_that_say_nothing_do_not_correspond(base: np.ndarray):
    assert correspondence(random_features(0), base.astype(np.float32)) == 0


def test_one_picture_says_nothing():
    assert correspondence(random_features(0)[:1], random_features(0)[:1]) == 0


def test_a_base_of_another_width_is_none(tuned: TorchImageClassifier):
    assert shape_objection(tuned, tiny_model(labels=("a", "b", "c"))) is None
    wide = replace(tuned, module=wider(tuned))
    assert shape_objection(tuned, wide) == "it has 12 features where the model has 8"


def wider(model: TorchImageClassifier):
    import torch
    from transformers import ResNetConfig, ResNetForImageClassification

    config = ResNetConfig(**{**model.module.config.to_dict(), "hidden_sizes": [4, 12]})
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        return ResNetForImageClassification(config).eval()
