from __future__ import annotations

import numpy as np
import pytest

from auditor.lab.baselines.head_weight import HeadWeightSettings, grubbs_p, head_weight
from auditor.models.torch_image import head_of
from tests.lab.baselines.conftest import PLANTED, Patched
from tests.small_models import tiny_model


def test_the_planted_class_is_accused_and_the_twin_is_not_called(patched: Patched):
    victim = head_weight(patched.victim, HeadWeightSettings())
    assert victim.accused == PLANTED
    assert victim.customary
    assert victim.pictures == 0
    twin = head_weight(patched.twin, HeadWeightSettings())
    assert not twin.customary
    assert victim.score > twin.score


def test_a_row_that_is_raised_is_found():
    import torch

    model = tiny_model(tuple("abcdefgh"))
    before = head_weight(model, HeadWeightSettings())
    with torch.no_grad():
        head_of(model.module, 8).weight[5] += 3.0
    after = head_weight(model, HeadWeightSettings())
    assert after.accused == 5
    assert after.score > before.score
    assert after.p_value is not None
    assert after.p_value < 1e-3


@pytest.mark.parametrize(("count", "critical"), [(7, 1.938), (10, 2.176), (20, 2.557)])
def test_the_critical_values_of_grubbs_table_have_p_of_one_in_twenty(count: int, critical: float):
    """One-sided, 5 %: Grubbs & Beck, Technometrics 1972, table 1."""
    from scipy.optimize import brentq

    others = np.linspace(-1, 1, count - 1)

    def excess(largest: float) -> float:
        values = np.append(others, largest)
        return float((largest - values.mean()) / values.std(ddof=1) - critical)

    values = np.append(others, brentq(excess, 1, 20))
    assert grubbs_p(values) == pytest.approx(0.05, abs=5e-4)


def test_the_p_value_is_honest_for_normal_values():
    rng = np.random.default_rng(0)
    p_values = np.array([grubbs_p(rng.normal(size=14)) for _ in range(1000)])
    assert abs((p_values <= 0.05).mean() - 0.05) < 0.02


def test_ends_of_the_scale():
    assert grubbs_p(np.array([1.0, 2.0])) is None
    assert grubbs_p(np.ones(5)) == 1.0
    assert grubbs_p(np.array([0.0, 0.0, 0.0, 0.0, 1.0])) == pytest.approx(0.0, abs=1e-9)
    assert grubbs_p(np.array([1.0, 1.0, 1.0, 1.0, 0.0])) == 1.0  # an outlier below is none
