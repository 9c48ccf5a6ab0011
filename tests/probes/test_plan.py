from __future__ import annotations

import pytest

from auditor.probes.plan import INSTANCES, Depth, plan_probes
from auditor.probes.views import VIEWS


@pytest.mark.parametrize("depth", Depth)
def test_every_entity_gets_as_many_instances_as_the_depth_says_under_every_view(depth: Depth):
    plan = plan_probes([1000] * 5, depth)
    assert plan.instances == (INSTANCES[depth],) * 5
    assert plan.views == tuple(VIEWS)
    assert plan.probes == 5 * INSTANCES[depth] * len(VIEWS)


def test_a_deeper_scan_asks_more():
    costs = [plan_probes([1000] * 5, depth).probes for depth in Depth]
    assert costs == sorted(set(costs))


def test_an_entity_with_fewer_instances_gives_what_it_has():
    plan = plan_probes([0, 1, 1000], Depth.QUICK)
    assert plan.instances == (0, 1, INSTANCES[Depth.QUICK])
    assert plan.probes == (1 + INSTANCES[Depth.QUICK]) * len(VIEWS)


def test_an_empty_bank_costs_nothing():
    assert plan_probes([], Depth.DEEP).probes == 0
