from __future__ import annotations

import pytest

from tests.tables import ALL, LABELS, table, verdict

RULE = "own-routing"


def test_an_entity_that_goes_where_its_own_features_do_not_send_it_is_found():
    judged = verdict(table(1, planted=[6, 9], target=2, references=ALL), rule=RULE)
    (finding,) = judged.findings
    assert {entity.id for entity in finding.entities} == {"e6", "e9"}
    assert finding.target_label == LABELS[2]
    assert finding.p_value <= 0.01


@pytest.mark.parametrize("seed", [2, 3])
def test_a_benign_model_is_not_flagged(seed):
    assert not verdict(table(seed, references=ALL), rule=RULE).findings


def test_an_entity_that_clean_heads_on_its_own_features_send_there_is_no_case_for_this_rule():
    made = table(1, planted=[6], target=2, references=ALL, explained=["own"])
    assert not verdict(made, rule=RULE).findings
    assert verdict(made, rule="base-routing").findings


def test_two_instances_are_undecided_and_say_so():
    judged = verdict(table(4, instances=2, planted=[6], references=ALL), rule=RULE)
    assert not judged.findings
    assert any("2 instances where 5 are needed" in skip.reason for skip in judged.skips)
