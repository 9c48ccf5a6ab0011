from __future__ import annotations

from tests.tables import ENTITIES, LABELS, null, table, verdict

RULE = "class-share"


def test_a_class_that_catches_everything_is_found():
    judged = verdict(table(1, planted=range(ENTITIES), target=3), rule=RULE)
    (finding,) = judged.findings
    assert finding.target_label == LABELS[3]
    assert len(finding.entities) == ENTITIES
    assert finding.p_value <= 0.01


def test_a_benign_model_is_not_flagged():
    assert not verdict(table(2), rule=RULE).findings


def test_one_planted_entity_is_too_little_for_a_class():
    assert not verdict(table(3, planted=[5]), rule=RULE).findings


def test_too_few_instances_are_undecided_and_say_so():
    few = table(4, entities=10, instances=1, planted=range(10))
    judged = verdict(few, rule=RULE)
    assert not judged.findings
    (skip,) = judged.skips
    assert "10 instances where 40 are needed" in skip.reason


def test_a_null_too_small_for_the_rate_asked_for_is_undecided():
    judged = verdict(table(1, planted=range(ENTITIES)), rule=RULE, against=null(models=19))
    assert not judged.findings
    assert all("the null is too small" in skip.reason for skip in judged.skips)
    assert judged.skips
