"""The p-values of a sequential plan hold, whatever its stages have in common."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import binom

from auditor.evidence.stages import Lines, Looked, Stage, corrected, stops

LEVEL = 0.05
LINES = Lines.at(LEVEL)
MODELS = 199
TRIALS = 1500


def looked(benign, own) -> Looked:
    return Looked(np.asarray(benign, dtype=float)[None], np.asarray([own], dtype=float))


def p_of(values) -> tuple[float, int]:
    """The p-value of the last of some models, `(3, M + 1)` by stage, and how far it went."""
    looks = []
    for number, stage in enumerate(Stage):
        looks.append(looked(values[number, :-1], values[number, -1]))
        benign, own = values[number, :-1], values[number, -1]
        p_value = (1 + (benign >= own).sum()) / len(values[number])
        if stops(stage, p_value, LINES):
            break
    return corrected(p_value, looks, LINES), len(looks)


@pytest.mark.parametrize("common", [0.0, 0.7, 1.0])
def test_a_benign_model_is_called_no_more_often_than_asked_for(common: float):
    """By chance alone more than the bound is called in one of a thousand runs of this test."""
    rng = np.random.default_rng(1)
    called = 0
    for _ in range(TRIALS):
        shared = rng.normal(size=MODELS + 1)
        own = rng.normal(size=(3, MODELS + 1))
        called += p_of(common * shared + np.sqrt(1 - common**2) * own)[0] <= LEVEL
    assert called <= binom.ppf(0.999, TRIALS, LEVEL)


@pytest.mark.parametrize(
    ("stage", "p_value", "ends"),
    [
        (Stage.FIRST, LINES.futile + 0.01, True),
        (Stage.FIRST, 0.001, False),  # one look never speaks
        (Stage.CLOSER, LINES.speaks, True),
        (Stage.CLOSER, LEVEL, False),
        (Stage.CLOSER, LINES.silent + 0.01, True),
        (Stage.WHOLE, LEVEL, True),
    ],
)
def test_it_stops_where_another_look_would_hardly_change_the_verdict(stage, p_value, ends):
    assert stops(stage, p_value, LINES) is ends


@pytest.mark.parametrize("level", [1e-6, 0.01, 0.1, 0.5])
def test_no_stop_is_on_the_wrong_side_of_the_level(level: float):
    lines = Lines.at(level)
    assert lines.speaks < level < lines.silent
    assert level <= lines.futile
    assert stops(Stage.WHOLE, level, lines)


def test_a_model_beyond_all_others_keeps_the_smallest_p_value():
    values = np.tile(np.arange(MODELS + 1.0), (3, 1))
    assert p_of(values) == (1 / (MODELS + 1), 2)


def test_what_others_said_earlier_counts_against_what_is_said_later():
    """A benign model that spoke after a closer look ranks before one that took the whole plan."""
    benign = np.arange(MODELS, dtype=float)
    looks = [looked(benign, MODELS), looked(benign, MODELS - 9.5), looked(-benign, 1.0)]
    raw = 1 / (MODELS + 1)
    spoke = int(LINES.speaks * (MODELS + 1))
    assert corrected(raw, looks, LINES) == pytest.approx((1 + spoke) / (MODELS + 1))
    assert corrected(raw, [*looks[:2], looked(benign, MODELS)], LINES) >= raw


def test_a_larger_p_value_never_becomes_a_smaller_one():
    rng = np.random.default_rng(3)
    for count in (1, 2, 3):
        looks = [looked(rng.normal(size=MODELS), 2.0) for _ in range(count)]
        ps = [corrected(p, looks, LINES) for p in np.linspace(0.005, 1, 100)]
        assert ps == sorted(ps)
        assert all(p >= raw for p, raw in zip(ps, np.linspace(0.005, 1, 100), strict=True))
