from __future__ import annotations

import pytest

from auditor.repair.schedule import Triangles, cosine, whole_triangles

SET_A = Triangles(base=0.03, max1=2.5, max2=0.05, up=10, down=10, phase1_steps=40)


@pytest.mark.parametrize(
    ("step", "rate"),
    [
        (0, 0.03),  # foot
        (5, 0.03 + 2.47 / 2),  # half way up
        (10, 2.5),  # first peak
        (15, 0.03 + 2.47 / 2),  # half way down
        (20, 0.03),  # foot again
        (30, 2.5),
        (39, 0.03 + 2.47 / 10),  # the last step of phase 1
        (40, 0.03),
        (50, 0.05),  # the peak of phase 2
        (1050, 0.05),  # which goes on
    ],
)
def test_the_published_triangles(step: int, rate: float):
    assert SET_A(step) == pytest.approx(rate)


def test_up_and_down_may_differ():
    steep = Triangles(base=0.0, max1=1.0, max2=0.1, up=1, down=4, phase1_steps=5)
    assert [steep(i) for i in range(10)] == pytest.approx(
        [0, 1, 0.75, 0.5, 0.25, 0, 0.1, 0.075, 0.05, 0.025]
    )


def test_a_cosine_starts_at_the_peak_and_ends_at_zero():
    rate = cosine(0.5, 10)
    assert [rate(0), rate(5), rate(10), rate(11)] == pytest.approx([0.5, 0.25, 0.0, 0.0])


@pytest.mark.parametrize(("steps", "whole"), [(80, 80), (89, 80), (91, 100), (0, 20), (3, 20)])
def test_phases_end_at_the_foot_of_a_triangle(steps: int, whole: int):
    assert whole_triangles(steps, 20) == whole
