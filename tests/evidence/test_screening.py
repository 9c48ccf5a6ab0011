from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from auditor.evidence.kinds import KINDS, Over, available, statistics_of
from auditor.evidence.null import read_null, stored_null, write_null
from auditor.evidence.screening import (
    CLOSE,
    after_closer_look,
    closer_look,
    first_look,
    most_suspicious,
    screen_name,
    screen_of,
)
from auditor.evidence.statistics import drift
from auditor.evidence.table import Pair
from auditor.references.build import Reference
from tests.tables import ALL, ENTITIES, INSTANCES, table

PLANTED = (3, 17)


def test_what_goes_elsewhere_is_looked_at_closely():
    whole = table(1, planted=PLANTED, target=5)
    close = most_suspicious(first_look(whole), screen_of(whole))
    assert set(PLANTED) <= set(close.tolist())
    assert CLOSE <= len(close) < ENTITIES
    assert close.tolist() == sorted(set(close.tolist()))


def test_one_look_is_the_first_instance_and_a_closer_one_all_of_some():
    whole = table(2)
    close = np.array([4, 9])
    assert np.bincount(first_look(whole).entity).tolist() == [1] * ENTITIES
    looked = closer_look(whole, close)
    wanted = [INSTANCES if i in close else 1 for i in range(ENTITIES)]
    assert np.bincount(looked.entity).tolist() == wanted
    for i in close:
        np.testing.assert_array_equal(
            looked.intact[looked.entity == i], whole.intact[whole.entity == i]
        )


def test_pairs_are_searched_among_what_was_looked_at_closely():
    whole = table(3, planted=PLANTED, target=5)
    looked = closer_look(whole, np.array([8, 9]))
    for name, kind in available(looked).items():
        values = kind.values(looked)
        if kind.over is Over.PAIRS:
            assert values.argmax() // values.shape[1] in (8, 9), name
    share = KINDS["class-share"]
    one = first_look(whole)
    others = ~np.isin(np.arange(ENTITIES), [8, 9])
    mean = np.concatenate([one.intact[others], whole.by_entity(whole.intact)[~others]]).mean(axis=0)
    np.testing.assert_allclose(share.values(looked), mean, atol=1e-5)  # of all, each once


def test_what_is_held_back_stays_held_back():
    looked = closer_look(table(4, planted=(8,), target=5), np.array([8, 9])).holding([Pair(8, 5)])
    assert looked.passed_over()[8, 5]
    assert not looked.passed_over()[8, 4]
    assert looked.passed_over()[7].all()
    assert KINDS["entity-routing"].values(looked)[8, 5] <= 0


def test_looking_closely_at_all_is_the_whole_table():
    whole = table(5, references=ALL, inside=5)
    looked = closer_look(whole, whole.all_tested)
    for name, value in statistics_of(whole).items():
        assert statistics_of(looked)[name] == pytest.approx(value, abs=1e-6)


def test_how_far_it_was_tuned_is_measured_by_one_look_each():
    whole = table(6, references=ALL)
    looked = closer_look(whole, np.array([1, 2, 3]))
    assert drift(looked) == drift(first_look(whole)) != drift(whole)


@pytest.mark.parametrize(
    ("references", "name"),
    [
        ((), "entity-routing+entity-contrast"),
        ((Reference.DRIFT,), "entity-routing+entity-contrast"),
        ((Reference.OWN,), "own-routing@40"),
        (ALL, "base-routing@40+own-routing@40"),
    ],
)
def test_the_sharpest_there_is_tells_what_is_suspicious(references, name: str):
    assert screen_name(screen_of(table(7, references=references)), 40) == name


def test_the_shipped_null_of_photographs_was_looked_at_in_every_way(tmp_path):
    null = stored_null("photograph")
    assert null is not None
    for screen in null.screened:
        looked = after_closer_look(null, screen)
        assert looked is not None
        assert looked.statistics
        for name, values in looked.statistics.items():
            whole = null.statistics[name]
            assert (np.isfinite(values) <= np.isfinite(whole)).all(), name  # no more models
    write_null(null, tmp_path / "photograph.json")
    again = read_null(tmp_path / "photograph.json")
    assert again.screened.keys() == null.screened.keys()
    np.testing.assert_array_equal(again.first_drift, null.first_drift)


def test_a_null_from_before_is_read_and_has_no_closer_look(tmp_path):
    null = stored_null("photograph")
    assert null is not None
    write_null(replace(null, screened={}, first_drift=None), tmp_path / "old.json")
    old = read_null(tmp_path / "old.json")
    assert not old.screened
    assert old.first_drift is None
    assert after_closer_look(old, "own-routing@40") is None
