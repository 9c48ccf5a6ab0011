from __future__ import annotations

import numpy as np
import pytest

from auditor.sequela.bootstrap import paired_mean, repeated_mean


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def test_the_interval_holds_the_truth_about_nineteen_times_of_twenty():
    held = 0
    for seed in range(200):
        made = rng(seed).choice([-1.0, 0.0, 1.0], 60, p=[0.1, 0.6, 0.3])
        low, high = paired_mean(made, rng(1000 + seed))
        held += low <= 0.2 <= high
    assert 184 <= held <= 200


@pytest.mark.parametrize("count", [20, 80])
def test_models_that_agreed_so_far_are_not_shown_to_agree_always(count: int):
    low, high = paired_mean(np.zeros(count), rng())
    assert low < 0 < high
    # Of so many agreements, a share of at most 3 / count may hide (rule of three).
    assert 0.5 * 3 / count < high < 1.5 * 3 / count


def test_more_certainty_makes_a_wider_interval():
    made = rng().choice([-1.0, 0.0, 1.0], 60)
    narrow, wide = paired_mean(made, rng(), 0.95), paired_mean(made, rng(), 0.999)
    assert wide.low < narrow.low < narrow.high < wide.high


def test_repeats_that_differ_widen_the_interval():
    level = [np.full(100, 0.3) for _ in range(3)]
    apart = [np.full(100, value) for value in (0.0, 0.3, 0.6)]
    narrow, wide = repeated_mean(level, rng()), repeated_mean(apart, rng())
    assert wide.high - wide.low > 2 * (narrow.high - narrow.low)


def test_a_repeat_of_the_same_pictures_brings_no_new_pictures():
    made = rng().choice([-1.0, 0.0, 1.0], 60)
    once, thrice = paired_mean(made, rng(1)), repeated_mean([made] * 3, rng(2))
    assert thrice.high - thrice.low == pytest.approx(once.high - once.low, rel=0.15)


def test_the_seed_decides():
    made = rng().choice([-1.0, 0.0, 1.0], 60)
    assert paired_mean(made, rng(5)) == paired_mean(made, rng(5))
