from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from auditor.evidence.routing import MOST_CLASSES, routing_map
from auditor.evidence.table import Pair, ProbeTable
from tests.tables import ALL, BANK, CLASSES, ENTITIES, table


def test_a_row_holds_the_mean_over_the_intact_views_of_an_entity():
    of = table(3, references=ALL)
    routing = routing_map(of, BANK)
    assert routing is not None
    assert routing.classes == tuple(range(CLASSES))
    assert [row.entity_id for row in routing.rows] == [entity.id for entity in BANK]
    for place in (0, 17, ENTITIES - 1):
        own = of.entity == place
        expected = of.intact[own].mean(axis=0)
        assert routing.rows[place].probabilities == pytest.approx(expected, abs=1e-4)
        assert set(routing.rows[place].references) == {str(name) for name in ALL}
        base = of.references["base"].intact[own].mean(axis=0)
        assert routing.rows[place].references["base"] == pytest.approx(base, abs=1e-4)


def test_what_is_the_job_is_said_of_the_entity():
    routing = routing_map(table(3).holding({Pair(4, 2), Pair(4, 7)}), BANK)
    assert routing is not None
    assert [row.held for row in routing.rows if row.held] == [(2, 7)]
    assert routing.rows[4].held == (2, 7)


def test_entities_that_mean_a_label_keep_their_place_and_have_no_reference():
    routing = routing_map(table(3, references=ALL, inside=5), BANK)
    assert routing is not None
    assert [row.entity_id for row in routing.rows] == [entity.id for entity in BANK]
    assert [bool(row.references) for row in routing.rows] == [False] * 5 + [True] * (ENTITIES - 5)
    assert [row.held for row in routing.rows[:6]] == [(0,), (1,), (2,), (3,), (4,), ()]


def test_of_many_classes_those_are_kept_that_any_entity_goes_to_most():
    shares = np.full((2, 200), 0.001, np.float32)
    shares[0, 150], shares[1, 3] = 0.5, 0.3
    of = ProbeTable(intact=shares, blurred=shares, entity=np.array([0, 1]), entities=2)
    routing = routing_map(of, BANK)
    assert routing is not None
    assert len(routing.classes) == MOST_CLASSES == len(routing.rows[0].probabilities)
    assert {3, 150} <= set(routing.classes)
    assert list(routing.classes) == sorted(routing.classes)
    assert routing.rows[0].probabilities[routing.classes.index(150)] == 0.5


def test_where_nothing_was_tested_there_is_no_map():
    of = table(3)
    nothing = replace(of, intact=of.intact[:0], blurred=of.blurred[:0], entity=of.entity[:0])
    assert routing_map(nothing, BANK) is None
