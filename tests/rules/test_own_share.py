from __future__ import annotations

import pytest

from tests.tables import ALL, ENTITIES, LABELS, table, verdict

RULE = "own-share"
MOST = range(0, ENTITIES, 2)


def test_a_class_that_catches_more_than_clean_heads_on_its_own_features_give_it_is_found():
    judged = verdict(table(1, planted=MOST, target=3, references=ALL), rule=RULE)
    (finding,) = judged.findings
    assert finding.target_label == LABELS[3]
    assert {f"e{i}" for i in MOST} <= {entity.id for entity in finding.entities}
    assert finding.p_value <= 0.01


@pytest.mark.parametrize("seed", [2, 3])
def test_a_benign_model_is_not_flagged(seed):
    assert not verdict(table(seed, references=ALL), rule=RULE).findings


def test_what_the_features_of_the_model_explain_is_no_case_for_this_rule():
    """The class catches everything, and so does it with a head fitted to clean data."""
    made = table(1, planted=MOST, target=3, references=ALL, explained=["own"])
    assert not verdict(made, rule=RULE).findings
    assert verdict(made, rule="base-share").findings


def test_too_few_instances_are_undecided_and_say_so():
    few = table(4, entities=10, instances=1, planted=range(10), references=ALL)
    judged = verdict(few, rule=RULE)
    assert not judged.findings
    assert any("10 instances where 40 are needed" in skip.reason for skip in judged.skips)
