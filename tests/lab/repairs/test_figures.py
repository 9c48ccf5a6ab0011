from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from auditor.lab.repairs.figures import by_method, is_gone, is_kept, mean_over_victims
from auditor.lab.repairs.page import page_of
from auditor.lab.repairs.record import Repaired

ROW = Repaired(
    victim="a",
    attack="entity",
    setting="signs",
    kind="entity",
    pattern=False,
    method="fst",
    seed=0,
    per_class=40,
    steps=200,
    batch=32,
    accuracy_before=0.90,
    accuracy=0.88,
    success_before=0.9,
    success=0.15,
    natural=0.1,
    test_images=100,
    trigger_images=20,
    taken=200,
    kept=180,
    peak=None,
    cpu_seconds=30.0,
)
WORSE = replace(ROW, victim="b", accuracy=0.8, success=0.6, cpu_seconds=50.0)


def test_gone_is_about_the_natural_rate_and_kept_about_the_accuracy_before():
    assert is_gone(ROW)
    assert is_kept(ROW)
    assert not is_gone(replace(ROW, success=0.16))
    assert not is_kept(replace(ROW, accuracy=0.87))
    assert is_kept(replace(ROW, accuracy=0.99))
    assert not is_gone(replace(ROW, failed="it diverged"))


def test_the_figures_of_a_method_are_those_of_its_rows():
    other = replace(ROW, method="ft-sam")
    fst, sam = by_method([ROW, WORSE, other])
    assert (fst.method, fst.repairs, fst.cpu_seconds) == ("fst", 2, 40.0)
    assert (fst.gone.value, fst.both.value, fst.success.value) == (0.5, 0.5, pytest.approx(0.375))
    assert (sam.method, sam.both.value) == ("ft-sam", 1.0)


def test_an_interval_counts_victims_and_not_repairs():
    rng = np.random.default_rng
    two = mean_over_victims([ROW, WORSE], is_gone, rng(0))
    seeds = [replace(row, seed=seed) for row in (ROW, WORSE) for seed in range(50)]
    many = mean_over_victims(seeds, is_gone, rng(0))
    assert many.value == two.value
    assert many.interval == two.interval
    assert many.interval.high - many.interval.low == 1.0


def test_the_page_tells_patterns_and_amounts_of_data_apart():
    rows = [
        *(ROW, WORSE, replace(ROW, method="head-refit", success=0.5)),
        replace(ROW, victim="p", pattern=True, per_class=5),
    ]
    page = page_of(rows, "`auditor x`")
    assert "## Entity backdoors, 40 clean images a class" in page
    assert "## Patterns, 5 clean images a class" in page
    assert "**0.88 / 0.15**" in page  # repaired, and so in bold
    assert "| 0.88 / 0.50 |" in page
    assert "2 victims, 1 seeds, 200 steps of 32 images" in page
    assert page.index("| head-refit |") < page.index("| fst |")
