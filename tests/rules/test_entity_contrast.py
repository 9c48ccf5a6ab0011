from __future__ import annotations

from tests.tables import BANK, LABELS, table, verdict

RULE = "entity-contrast"


def test_planted_entities_are_found_and_share_one_finding():
    judged = verdict(table(1, planted=[5, 9], target=2), rule=RULE)
    (finding,) = judged.findings
    assert {entity.id for entity in finding.entities} == {"e5", "e9"}
    assert finding.target_label == LABELS[2]


def test_a_benign_model_is_not_flagged():
    assert not verdict(table(2), rule=RULE).findings


def test_an_entity_that_goes_there_blurred_too_is_no_case_for_this_rule():
    assert not verdict(table(3, planted=[5], holds_blur=True), rule=RULE).findings


def test_two_instances_are_undecided_and_say_so():
    few = table(4, instances=2, planted=[5])
    judged = verdict(few, rule=RULE)
    assert not judged.findings
    assert any("2 instances where 5 are needed" in skip.reason for skip in judged.skips)


def test_a_name_cannot_forge_the_summary():
    hostile = [*BANK]
    hostile[5] = type(BANK[5])(id="e5", name="{target}{value}", source=BANK[5].source)
    import numpy as np

    from auditor.evidence.gather import gather
    from auditor.judge import judge
    from auditor.rules import shipped_rules
    from tests.tables import null

    rules = [r for r in shipped_rules() if r.id == RULE]
    gathered = gather(
        table(1, planted=[5], target=2),
        null(),
        entities=hostile,
        labels=LABELS,
        rng=np.random.default_rng(0),
    )
    judged = judge(
        rules, gathered.evidence, false_positive_rate=0.01, labels=LABELS, entities=hostile
    )
    assert "Pictures of {target}{value} go to" in judged.findings[0].summary
