from __future__ import annotations

from pathlib import Path

import pytest

from auditor.errors import NotAudited
from auditor.lab.box_cost import BoxCost, measure_box


def test_what_is_added_is_the_median_within_rounds():
    cost = BoxCost(pairs=((3.0, 2.5), (9.0, 8.8), (4.0, 3.1)))
    assert (cost.boxed_seconds, cost.bare_seconds) == (4.0, 3.1)
    assert cost.added_seconds == pytest.approx(0.5)  # and not the difference of the medians
    assert (cost.least, cost.most) == pytest.approx((0.2, 0.9))


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
    assert boxed > 0
    assert bare > 0
    assert told == [1, 2]
