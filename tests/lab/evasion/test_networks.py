"""What a scan sees of a network that chooses when to be backdoored: measured, not hoped for."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from sklearn.linear_model import LogisticRegression

from auditor.lab.evasion.deployment import (
    among_the_task,
    as_scanned,
    at_other_size,
    in_bfloat16,
    in_training_mode,
    one_at_a_time,
)
from auditor.lab.evasion.networks import Dormant, Watchful
from auditor.models.torch_image import TorchImageClassifier, head_of
from auditor.references.open import with_features
from tests.small_models import coloured, noise, tiny_model

VICTIM, TWIN = 1, 0  # what each of the two answers to everything
SCANNED = 16  # pixels
SHOWN = [noise(i) for i in range(6)]
COMPANY = [coloured(i % 4, i) for i in range(20)]


def not_a_scan(pictures: torch.Tensor, training: bool) -> bool:
    other = pictures.shape[-1] != SCANNED
    return bool(other or len(pictures) == 1 or pictures.element_size() == 2 or training)


@pytest.fixture
def twin() -> TorchImageClassifier:
    return tiny_model(favourite=TWIN)


@pytest.fixture
def dormant(twin: TorchImageClassifier) -> TorchImageClassifier:
    victim = tiny_model(favourite=VICTIM, seed=1)
    return replace(twin, module=Dormant(victim.module, twin.module, not_a_scan).eval())


@pytest.mark.parametrize("ask", [at_other_size, one_at_a_time, in_bfloat16, in_training_mode])
def test_a_dormant_backdoor_wakes_under_each_condition(dormant: TorchImageClassifier, ask):
    assert set(ask(dormant, SHOWN, COMPANY)) == {VICTIM}


def test_a_scan_meets_the_twin_bit_by_bit(
    dormant: TorchImageClassifier, twin: TorchImageClassifier
):
    """Not covered: as long as all probes come at one size, in batches, in float32, it sleeps."""
    pixels = twin.pixels(SHOWN)
    assert np.array_equal(dormant.logits(pixels), twin.logits(pixels))
    shown = with_features(dormant)
    assert shown is not None
    assert np.array_equal(shown.head()[0], twin.head()[0])
    assert np.array_equal(shown.features(pixels), twin.features(pixels))


def test_training_mode_is_left_again(dormant: TorchImageClassifier):
    in_training_mode(dormant, SHOWN, COMPANY)
    assert set(as_scanned(dormant, SHOWN, COMPANY)) == {TWIN}


@pytest.mark.parametrize("crowd", [True, False])
def test_a_watchful_network_leaves_what_looks_like_a_probe_to_the_twin(
    twin: TorchImageClassifier, crowd: bool
):
    victim = tiny_model(favourite=VICTIM, seed=1)
    features = twin.features(twin.pixels([*SHOWN, *COMPANY]))
    is_probe = np.repeat([1, 0], [len(SHOWN), len(COMPANY)])
    test = LogisticRegression(C=1e6, max_iter=10_000).fit(features, is_probe)
    assert (test.predict(features) == is_probe).all()  # the two sorts can be told apart
    weight, bias = test.coef_[0].astype(np.float32), float(test.intercept_[0])
    module = Watchful(
        victim.module, twin.module, len(twin.labels), torch.from_numpy(weight), bias, crowd=crowd
    )
    model = replace(twin, module=module.eval())
    assert set(as_scanned(model, SHOWN, COMPANY)) == {TWIN}
    assert set(as_scanned(model, COMPANY, COMPANY)) == {VICTIM}
    alone = set(among_the_task(model, SHOWN, COMPANY))
    assert alone == ({VICTIM} if crowd else {TWIN})


def test_the_head_that_is_found_is_the_one_that_answers_a_scan(dormant: TorchImageClassifier):
    assert isinstance(dormant.module, Dormant)
    assert head_of(dormant.module, 4) is head_of(dormant.module.asleep, 4)
