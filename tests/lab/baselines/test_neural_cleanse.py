from __future__ import annotations

import numpy as np
import pytest

from auditor.lab.baselines.neural_cleanse import (
    NeuralCleanseSettings,
    Penalty,
    anomaly_indices,
    neural_cleanse,
)
from tests.lab.baselines.conftest import PLANTED, Patched
from tests.small_models import LABELS, tiny_model

SHORT = NeuralCleanseSettings(steps=40)
PIXELS = np.random.default_rng(0).integers(0, 256, (24, 3, 16, 16), dtype=np.uint8)
OF = np.arange(24) % len(LABELS)


def test_the_planted_class_has_the_smallest_mask(patched: Patched):
    clean = patched.clean
    said = neural_cleanse(
        patched.victim, clean.pixels, clean.labels, SHORT, np.random.default_rng(0)
    )
    assert said.accused == PLANTED
    assert said.statistics[PLANTED] == min(said.statistics)
    assert said.statistics[PLANTED] < 0.75 * np.median(said.statistics)
    assert said.p_value is None


def test_a_seed_decides_everything():
    model, short = tiny_model(), NeuralCleanseSettings(steps=5, batch=4)
    said = [
        neural_cleanse(model, PIXELS, OF, short, np.random.default_rng(seed)) for seed in (3, 3, 4)
    ]
    assert said[0] == said[1]
    assert said[0].statistics != said[2].statistics
    assert said[0].pictures == len(LABELS) * 5 * 4
    assert all(parameter.grad is None for parameter in model.module.parameters())


def test_the_index_counts_deviations_below_the_median():
    # Median 10, deviations 0 1 1 2 8: their median 1.
    indices = anomaly_indices(np.array([10.0, 9.0, 11.0, 12.0, 2.0]))
    np.testing.assert_allclose(indices, np.array([0.0, 1.0, -1.0, -2.0, 8.0]) / 1.4826)


def test_masks_of_one_size_give_no_infinite_index():
    indices = anomaly_indices(np.array([5.0, 5.0, 5.0, 5.0, 4.0]))
    assert np.isfinite(indices).all()
    assert indices.argmax() == 4
    assert (anomaly_indices(np.full(4, 7.0)) == 0).all()


def test_the_penalty_follows_success_after_patience():
    penalty = Penalty(NeuralCleanseSettings(penalty=1.0, patience=2, raise_by=2.0, lower_by=4.0))
    weights = []
    for success in (1.0, 1.0, 1.0, 0.5, 0.5, 1.0, 1.0):
        penalty.told(success)
        weights.append(penalty.weight)
    assert weights == pytest.approx([1.0, 2.0, 2.0, 2.0, 0.5, 0.5, 1.0])
