"""Hand-checked: every expected number can be counted on paper."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.evidence.intervals import clopper_pearson
from auditor.lab.detection.metrics import (
    among_first,
    auroc,
    bootstrap,
    brier,
    ranked_by,
    roc_curve,
    share,
    tpr_at_fpr,
    uniformity,
)

SCORES = st.lists(st.integers(0, 5), min_size=1, max_size=12)


def a(*values: float) -> np.ndarray:
    return np.array(values, dtype=np.float64)


@pytest.mark.parametrize(
    ("clean", "victims", "expected"),
    [
        (a(1, 2), a(3, 4), 1.0),
        (a(3, 4), a(1, 2), 0.0),
        (a(1, 1), a(1), 0.5),
        # 2 beats 1, ties 2, loses to 3; 4 beats all three: (1.5 + 3) of 6.
        (a(1, 2, 3), a(2, 4), 0.75),
    ],
)
def test_auroc_counts_pairs_and_half_of_ties(clean, victims, expected):
    assert auroc(clean, victims) == expected


@pytest.mark.parametrize(
    ("rate", "expected"),
    [
        (0.01, 0.75),  # one of 100 may be exceeded: the threshold is 98
        (0.005, 0.25),  # none may: the threshold is 99
        (0.5, 0.75),  # the threshold is 49
        (1.0, 1.0),
    ],
)
def test_tpr_at_a_rate_that_the_clean_models_allow(rate, expected):
    assert tpr_at_fpr(np.arange(100.0), a(5, 98.5, 99, 100), rate) == expected


def test_what_only_equals_the_threshold_is_not_called():
    assert tpr_at_fpr(a(1, 1, 1), a(1, 1), 0.05) == 0.0
    assert tpr_at_fpr(a(1, 1, 2), a(1, 2, 3), 0.01) == pytest.approx(1 / 3)
    # Of 20 clean models one may be called at 5 %, but two share the largest score.
    assert tpr_at_fpr(a(*[0] * 18, 7, 7), a(7, 8), 0.05) == 0.5


def test_the_curve_has_one_corner_a_distinct_score():
    false, true = roc_curve(a(1, 2), a(2, 3))
    assert false.tolist() == [0, 0, 0.5, 1]
    assert true.tolist() == [0, 0.5, 1, 1]


@given(SCORES, SCORES)
def test_the_area_under_the_curve_is_auroc(clean, victims):
    false, true = roc_curve(a(*clean), a(*victims))
    assert np.trapezoid(true, false) == pytest.approx(auroc(a(*clean), a(*victims)))


@given(SCORES, SCORES, st.floats(0.001, 0.999))
def test_the_threshold_keeps_its_promise(clean, victims, rate):
    false, true = roc_curve(a(*clean), a(*victims))
    assert tpr_at_fpr(a(*clean), a(*victims), rate) == pytest.approx(true[false <= rate].max())


def test_brier_is_the_mean_squared_distance_from_the_truth():
    assert brier(a(0, 0.5), a(1, 0.5)) == 0.125
    assert brier(a(1), a(0)) == 1.0
    with pytest.raises(ValueError, match="no probabilities"):
        brier(a(0.2), a(1.2))


def test_names_among_the_first_of_a_ranking():
    rankings = [("a", "b", "c"), ("b", "a"), ()]
    assert among_first(rankings, ["a", "a", "a"], 1).tolist() == [1, 0, 0]
    assert among_first(rankings, ["c", "a", "a"], 2).tolist() == [0, 1, 0]


def test_a_share_has_its_exact_interval():
    said = share([True, False, False, False])
    assert (said.value, said.models) == (0.25, 4)
    assert (said.low, said.high) == clopper_pearson(1, 4)
    assert share([]).models == 0
    assert math.isnan(share([]).value)


def test_uniform_p_values_pass_both_tests_of_uniformity():
    said = uniformity((np.arange(100) + 0.5) / 100)
    assert said.distance == pytest.approx(0.005)
    assert said.p_value > 0.99


def test_small_p_values_fail_both_tests_and_cautious_ones_only_the_first():
    small = uniformity(np.full(20, 0.01))
    assert small.too_small == pytest.approx(0.99)
    assert max(small.p_value, small.too_small_p) < 1e-9
    cautious = uniformity(np.full(20, 0.99))
    assert cautious.p_value < 1e-9
    assert cautious.too_small == pytest.approx(0.01)
    assert cautious.too_small_p > 0.5


def test_equal_p_values_are_ordered_by_value():
    scores = ranked_by(a(0.01, 0.5, 0.01, 0.5), a(0.2, 0.9, 0.3, 0.9))
    assert scores.argsort().tolist()[2:] == [0, 2]
    assert scores[1] == scores[3] < scores[0] < scores[2]


def test_the_bootstrap_resamples_each_group_by_itself():
    seen = set()

    def figure(clean: np.ndarray, victims: np.ndarray) -> float:
        seen.add((len(clean), len(victims), clean.max() < 0, victims.min() > 0))
        return auroc(clean, victims)

    said = bootstrap(figure, [a(-3, -2, -1), a(1, 2)], np.random.default_rng(0), draws=50)
    assert seen == {(3, 2, True, True)}
    assert said == (1.0, 1.0, 1.0, 5)


def test_the_bootstrap_interval_of_a_mean_is_that_of_the_binomial():
    values = a(*[1] * 30, *[0] * 70)
    said = bootstrap(lambda v: float(v.mean()), [values], np.random.default_rng(0))
    assert said.value == 0.3
    error = 1.96 * np.sqrt(0.3 * 0.7 / 100)
    assert (said.low, said.high) == pytest.approx((0.3 - error, 0.3 + error), abs=0.02)


def test_the_generator_decides_the_interval():
    def interval(seed: int) -> tuple[float, ...]:
        groups = [a(*range(10)), a(*range(5, 15))]
        return bootstrap(auroc, groups, np.random.default_rng(seed), draws=50)

    assert interval(1) == interval(1) != interval(2)


def test_without_models_there_is_no_figure():
    for figure in (auroc, lambda c, v: tpr_at_fpr(c, v, 0.05), brier):
        assert math.isnan(figure(a(), a()))
    assert math.isnan(auroc(a(1), a()))
    assert math.isnan(bootstrap(auroc, [a(1), a()], np.random.default_rng(0)).low)
