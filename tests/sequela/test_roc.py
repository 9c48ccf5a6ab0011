from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score, roc_curve

from auditor.sequela.roc import areas, rates_at_few_alarms


@pytest.mark.parametrize("decimals", [9, 1, 0], ids=["no ties", "some", "many"])
def test_both_figures_are_those_of_scikit_learn(decimals: int):
    rng = np.random.default_rng(decimals)
    members = np.round(rng.normal(0.7, 1, (5, 130)), decimals)
    others = np.round(rng.normal(0, 1, (5, 210)), decimals)
    truth = np.repeat([1, 0], [130, 210])
    area, rate = areas(members, others), rates_at_few_alarms(members, others)
    for i in range(5):
        signal = np.concatenate([members[i], others[i]])
        alarms, told, _ = roc_curve(truth, signal, drop_intermediate=False)
        assert area[i] == pytest.approx(roc_auc_score(truth, signal))
        assert rate[i] == pytest.approx(told[alarms <= 0.01].max())


def test_one_in_a_hundred_may_be_a_false_alarm_and_not_two():
    others = np.arange(100.0)[None]
    assert rates_at_few_alarms(np.array([[99.0, 98.5, 98.0]]), others) == pytest.approx(2 / 3)
    assert rates_at_few_alarms(np.array([[99.0, 98.5, 98.0]]), others[:, 1:]) == 0.0
