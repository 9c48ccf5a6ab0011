from __future__ import annotations

import numpy as np
import pytest

from auditor.lab.baselines.mm_bd import (
    MmBdSettings,
    maximum_margins,
    mm_bd,
    p_value_of_largest,
)
from tests.lab.baselines.conftest import PLANTED, Patched
from tests.small_models import tiny_model

SHORT = MmBdSettings(starts=2, steps=30)


def test_the_planted_class_is_accused_and_the_twin_is_not_called(patched: Patched):
    victim = mm_bd(patched.victim, SHORT, np.random.default_rng(0))
    twin = mm_bd(patched.twin, SHORT, np.random.default_rng(0))
    assert victim.accused == PLANTED
    assert victim.customary
    assert victim.p_value is not None
    assert victim.p_value < 0.01
    assert not twin.customary
    assert victim.score > twin.score
    assert victim.score == pytest.approx(-np.log10(victim.p_value))


def test_a_seed_decides_everything():
    model = tiny_model(tuple("abcdef"))
    said = [mm_bd(model, SHORT, np.random.default_rng(seed)) for seed in (3, 3, 4)]
    assert said[0] == said[1]
    assert said[0].statistics != said[2].statistics
    assert said[0].pictures == 6 * 2 * 31


def test_how_pictures_are_batched_changes_nothing_that_matters():
    model = tiny_model(tuple("abcdef"))
    margins = [
        maximum_margins(
            model, MmBdSettings(starts=2, steps=10, batch=batch), np.random.default_rng(0)
        )
        for batch in (5, 12)
    ]
    np.testing.assert_allclose(margins[0], margins[1], rtol=1e-3, atol=1e-4)


def test_climbing_raises_the_margin():
    model = tiny_model(tuple("abcdef"))
    start, end = (
        maximum_margins(model, MmBdSettings(starts=2, steps=steps), np.random.default_rng(0))
        for steps in (0, 20)
    )
    assert (end > start).all()


def test_the_model_is_left_as_it_was():
    model = tiny_model()
    mm_bd(model, SHORT, np.random.default_rng(0))
    assert all(parameter.grad is None for parameter in model.module.parameters())


def test_an_outlier_has_a_small_p_value_and_the_ordinary_none():
    ordinary = np.array([30.0, 34.0, 38.0, 42.0, 46.0, 50.0, 54.0, 58.0])
    p_value = p_value_of_largest(ordinary)
    assert p_value is not None
    assert 0.2 < p_value < 1
    ordinary[3] = 200.0
    assert p_value_of_largest(ordinary) < 1e-6


def test_the_p_value_is_that_of_the_largest_of_so_many_draws():
    from scipy.stats import gamma

    values = np.array([2.0, 3.0, 5.0, 4.0, 9.0])
    shape, _, scale = gamma.fit(values[:4], floc=0)
    expected = 1 - gamma.cdf(9.0, shape, scale=scale) ** 5
    assert p_value_of_largest(values) == pytest.approx(expected)


def test_too_few_classes_give_no_p_value_and_no_suspicion():
    assert p_value_of_largest(np.array([1.0, 2.0, 30.0])) is None
    said = mm_bd(tiny_model(("a", "b", "c")), SHORT, np.random.default_rng(0))
    assert (said.p_value, said.score, said.customary) == (None, 0.0, False)


def test_classes_that_are_all_alike_are_no_evidence():
    assert p_value_of_largest(np.full(6, 4.0)) == 1.0
    assert p_value_of_largest(np.array([4.0, 4.0, 4.0, 4.0, 9.0])) == 0.0
    assert p_value_of_largest(np.array([-1.0, -2.0, -3.0, -1.0, -5.0])) == 1.0
