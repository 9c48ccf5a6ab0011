from __future__ import annotations

from tests.tables import ENTITIES, LABELS, table, verdict

RULE = "detail-contrast"


def test_a_class_that_hangs_on_detail_is_found():
    judged = verdict(table(1, planted=range(0, ENTITIES, 2), target=6), rule=RULE)
    (finding,) = judged.findings
    assert finding.target_label == LABELS[6]
    planted = {f"e{i}" for i in range(0, ENTITIES, 2)}
    assert planted <= {entity.id for entity in finding.entities}


def test_a_benign_model_is_not_flagged():
    assert not verdict(table(2), rule=RULE).findings


def test_a_class_that_survives_the_blur_is_no_case_for_this_rule():
    near_miss = table(3, planted=range(0, ENTITIES, 2), target=6, holds_blur=True)
    assert not verdict(near_miss, rule=RULE).findings


def test_too_few_instances_are_undecided_and_say_so():
    few = table(4, entities=10, instances=1, planted=range(10))
    judged = verdict(few, rule=RULE)
    assert not judged.findings
    assert any("10 instances where 40 are needed" in skip.reason for skip in judged.skips)
