from __future__ import annotations

import numpy as np
import pytest

from auditor.evidence.intervals import bootstrap_mean, clopper_pearson


@pytest.mark.parametrize(
    ("successes", "trials", "low", "high"),
    [
        # Textbook values: for 0 and n successes the bound is (0.025) ** (1 / n).
        (0, 10, 0.0, 1 - 0.025 ** (1 / 10)),
        (10, 10, 0.025 ** (1 / 10), 1.0),
        # 5 of 10 from Clopper & Pearson's tables.
        (5, 10, 0.1871, 0.8129),
    ],
)
def test_exact_interval(successes, trials, low, high):
    assert clopper_pearson(successes, trials) == pytest.approx((low, high), abs=1e-4)


def test_a_fractional_count_lies_between_its_neighbours():
    assert clopper_pearson(4, 10).low < clopper_pearson(4.5, 10).low < clopper_pearson(5, 10).low


@pytest.mark.parametrize(("successes", "trials"), [(1, 0), (3, 2), (-1, 5)])
def test_nonsense_is_refused(successes, trials):
    with pytest.raises(ValueError, match="trials"):
        clopper_pearson(successes, trials)


def test_bootstrap_interval_covers_the_mean_as_often_as_it_says():
    rng = np.random.default_rng(0)
    covered = 0
    for _ in range(300):
        low, high = bootstrap_mean(rng.normal(1.0, 1.0, 40).astype(np.float32), rng)
        covered += low <= 1.0 <= high
    # 95 % nominal; the percentile bootstrap is a little short at n = 40, so 4 sigma of room.
    assert covered / 300 > 0.95 - 4 * np.sqrt(0.95 * 0.05 / 300)


def test_no_values_no_interval():
    with pytest.raises(ValueError, match="no values"):
        bootstrap_mean(np.array([], dtype=np.float32), np.random.default_rng(0))
