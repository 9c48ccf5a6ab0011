from __future__ import annotations

import numpy as np
import pytest
from sklearn.calibration import calibration_curve

from auditor.sequela.calibration import calibration_errors, run
from auditor.sequela.material import Budget
from tests.sequela.made import forgetting, knowing, material, rigged


def test_bins_of_equal_mass_are_those_of_scikit_learn():
    rng = np.random.default_rng(0)
    sure = rng.uniform(0.3, 1, 300)
    right = (rng.random(300) < sure**2).astype(np.float64)
    observed, claimed = calibration_curve(right, sure, n_bins=10, strategy="quantile")
    expected = np.abs(observed - claimed).mean()  # 30 in every bin
    assert calibration_errors(sure[None], right[None], 10)[0] == pytest.approx(expected)


def test_a_model_that_is_right_as_often_as_it_says_has_no_error():
    sure = np.repeat([0.5, 0.75], 100)
    right = np.concatenate([np.tile([1.0, 0.0], 50), np.tile([1.0, 1.0, 1.0, 0.0], 25)])
    assert calibration_errors(sure[None], right[None], 2)[0] == pytest.approx(0)
    assert calibration_errors(sure[None], 1 - right[None], 2)[0] == pytest.approx(0.25)


def test_being_sure_of_a_forgotten_class_is_harm():
    found = run(rigged(knowing(), forgetting(2)), material(), Budget())
    (change,) = found.changes
    assert change.after == pytest.approx(0.22, abs=0.03)  # a quarter of them, at 0.95 and more
    assert change.low > 0.1
    assert found.harm.value == pytest.approx(change.delta)
    assert found.harm.low > 0.1


def test_the_same_model_twice_has_no_difference():
    (change,) = run(rigged(knowing(), knowing()), material(), Budget()).changes
    assert (change.delta, change.low, change.high) == (0, 0, 0)


def test_too_few_pictures_are_said():
    found = run(rigged(knowing(), knowing()), material(40), Budget())
    assert (found.changes, found.harm) == ((), None)
    assert "40 clean pictures, and 50 are needed" in found.skips[0].reason
