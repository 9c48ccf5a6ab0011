from __future__ import annotations

import numpy as np
import pytest

from auditor.output.html_plots import MARGIN, WIDTH, calibration_plot, called_beyond, interval_plot
from auditor.output.json_v1 import to_v1
from auditor.output.report_v1 import CalibrationV1, EvidenceV1
from tests.reports_for_tests import FINDING


def evidence(**changes: float | None) -> EvidenceV1:
    return to_v1(FINDING).findings[0].evidence[0].model_copy(update=changes)


@pytest.mark.parametrize("rate", [0.005, 0.01, 0.05, 0.2, 0.5])
@pytest.mark.parametrize("models", [50, 99, 183])
def test_what_stands_beyond_the_edge_has_a_p_value_at_or_below_the_rate(rate: float, models: int):
    benign = sorted(np.random.default_rng(models).normal(size=models).tolist())
    edge = called_beyond(benign, rate)

    def p_value(at: float) -> float:
        return (1 + sum(value >= at for value in benign)) / (models + 1)

    if edge is None:
        assert p_value(benign[-1] + 1) > rate
    else:
        assert p_value(edge + 1e-9) <= rate < p_value(edge)


def test_marks_of_an_interval_stand_in_the_order_of_its_numbers():
    plot = interval_plot(evidence(value=0.6, low=0.5, high=0.8, baseline=0.2))
    assert plot is not None
    assert plot.baseline is not None
    assert MARGIN < plot.baseline < plot.low < plot.value < plot.high < WIDTH - MARGIN
    assert [tick.text for tick in plot.ticks] == ["0", "0.2", "0.4", "0.6", "0.8", "1"]


def test_a_small_effect_is_not_squashed_and_one_below_zero_is_not_cut_off():
    small = interval_plot(evidence(value=0.05, low=0.03, high=0.07, baseline=0.01))
    assert small is not None
    assert small.ticks[-1].text == "0.1"
    below = interval_plot(evidence(value=-0.2, low=-0.4, high=0.1, baseline=None))
    assert below is not None
    assert below.low == MARGIN
    assert interval_plot(evidence(value=None)) is None


def test_every_benign_model_is_a_dot_and_none_lies_on_another():
    benign = np.random.default_rng(1).normal(size=183).tolist()
    calibration = CalibrationV1(null="made", benign=benign, standings={"a": 5.0, "b": -1.0})
    plot = calibration_plot(calibration, 0.05)
    assert plot is not None
    assert len({(dot.x, dot.y) for dot in plot.dots}) == 183
    assert [mark.kind for mark in plot.marks] == ["a", "b"]
    first, second = plot.marks
    assert plot.called is not None
    assert second.x < plot.called < first.x
    assert (first.left, second.left) == (True, False)
