from __future__ import annotations

from pathlib import Path

import pytest

from auditor.errors import NotAudited
from auditor.lab.box_cost import BoxCost, Took, measure_box


def test_what_is_added_is_the_median_within_rounds():
    seconds = ((3.0, 2.5), (9.0, 8.8), (4.0, 3.1))
    cost = BoxCost(pairs=tuple((Took(a, 2 * a), Took(b, 2 * b)) for a, b in seconds))
    assert cost.median(0) == (4.0, 3.1)
    assert cost.added(0) == pytest.approx((0.5, 0.2, 0.9))  # no difference of the medians
    assert cost.added(1) == pytest.approx((1.0, 0.4, 1.8))


def test_a_scan_that_fails_is_not_timed(tmp_path: Path):
    with pytest.raises(NotAudited, match="does not exist"):
        measure_box(str(tmp_path / "nothing"), "rendered", rounds=1)


@pytest.mark.slow
def test_both_scans_run(tiny_checkpoint: Path, pictures: Path):
    told: list[int] = []
    cost = measure_box(
        str(tiny_checkpoint),
        str(pictures),
        rounds=1,
        progress=lambda _, done, total: told.append(done),
    )
    ((boxed, bare),) = cost.pairs
    assert min(*boxed, *bare) > 0
    assert boxed.cpu_seconds > 0.5  # the child's too, which does all the work
    assert told == [1, 2]
