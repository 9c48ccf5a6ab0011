from __future__ import annotations

import math
from collections.abc import Sequence

import pytest

from auditor.output.html_curves import LEFT, RIGHT, barrier_loss_plot, history_plot, range_plot
from auditor.output.html_radar import CENTRE, MOST, NONE, Point, radar
from auditor.output.remediation_v1 import BarrierV1, RangeTestV1
from auditor.output.sequela_v1 import HarmV1
from auditor.output.sequela_wording import Component
from tests.output.made_repair import made


def component(name: str, harm: float | None) -> Component:
    told = None
    if harm is not None:
        told = HarmV1(
            **{"component": name, "value": harm, "measure": name, "against": "before"},
            **{"low": harm / 2, "high": min(1.0, harm + 0.01)},
        )
    return Component(name=name, harm=told, measure="", change=None, why="")


def components(*harms: float | None) -> list[Component]:
    return [component(f"{at}", harm) for at, harm in enumerate(harms)]


def distance(point: Point | None) -> float:
    assert point is not None
    return math.dist((point.x, point.y), CENTRE)


def test_worse_is_nearer_to_the_rim_and_no_harm_is_the_innermost_ring():
    drawn = radar(components(0.0, 0.1, 0.4, 0.45))
    assert drawn is not None
    reached = [distance(spoke.at) for spoke in drawn.spokes]
    assert reached == sorted(reached)
    assert reached[0] == pytest.approx(NONE, abs=0.1)
    assert reached[-1] < MOST
    assert [ring.text for ring in drawn.rings] == ["0", "0.25", "0.5"]
    for spoke in drawn.spokes:
        assert distance(spoke.mild) <= distance(spoke.at) + 0.1 <= distance(spoke.grave) + 0.2


def test_what_is_not_known_leaves_a_gap_and_no_mark():
    drawn = radar(components(0.1, None, 0.1, 0.1))
    assert drawn is not None
    assert not drawn.is_closed
    assert drawn.spokes[1].at is None
    assert drawn.outline.count("M") == 2  # of four sides those two that end at no unknown
    whole = radar(components(0.1, 0.1, 0.1, 0.1))
    assert whole is not None
    assert whole.is_closed
    assert whole.outline.count("M") == 4


@pytest.mark.parametrize("harms", [(), (0.1, 0.2), (None, None, None)])
def test_too_little_is_not_drawn(harms: Sequence[float | None]):
    assert radar(components(*harms)) is None


def test_lines_reach_from_one_end_of_the_axis_to_the_other():
    done = made().remediation
    assert done is not None
    plot = history_plot(done.history, done.chosen_step)
    assert plot is not None
    assert [curve.style for curve in plot.curves] == ["accuracy", "success-0", "success-1"]
    for curve in plot.curves:
        assert curve.path.startswith(f"M{LEFT} ")
        assert f"L{RIGHT} " in curve.path
    assert plot.mark is not None
    assert LEFT < plot.mark < RIGHT  # step 180 of 200


def test_a_range_test_has_its_ticks_at_powers_of_ten():
    rates = [10.0**power for power in (-3, -2, -1, 0)]
    test = RangeTestV1(rates=rates, losses=[1.0, 0.5, 0.4, None], chosen=0.1, why="")
    plot = range_plot(test)
    assert plot is not None
    assert [tick.text for tick in plot.ticks] == ["0.001", "0.01", "0.1"]
    assert plot.mark == RIGHT


@pytest.mark.parametrize("losses", [[None, None], [1e300, 1.0], [1.0]])
def test_numbers_out_of_all_reason_are_not_drawn(losses: list[float | None]):
    line = BarrierV1(at=[0.0, 1.0], losses=losses, accuracies=[], success=[], height=None)
    assert barrier_loss_plot(line) is None
