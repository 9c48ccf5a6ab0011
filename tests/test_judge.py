from __future__ import annotations

from dataclasses import replace

import pytest

from auditor.judge import judge
from auditor.rules import Rule
from auditor.types import Confidence, Entity, Evidence, Example, InstanceSource, Severity

LABELS = ("stop", "yield", "no entry")
ENTITIES = tuple(
    Entity(id=f"e{i}", name=f"entity {i}", source=InstanceSource.PHOTOGRAPH) for i in range(9)
)
RULE = Rule(
    id="share",
    title="a title",
    evidence="class-share",
    severity=Severity.HIGH,
    confidence=Confidence.LOW,
    min_effect=0.3,
    min_observations=10,
    summary="{entities} go to {target}: {value}, benign {baseline}",
)
STRONG = Evidence(
    kind="class-share",
    statistic="share",
    entity_ids=("e0", "e1"),
    target_index=1,
    value=0.8,
    low=0.6,
    high=0.9,
    baseline=0.2,
    p_value=0.004,
    observations=40,
)


def judged(*evidence: Evidence, rules=(RULE,), fpr=0.01, examples=()):
    return judge(
        rules,
        evidence,
        false_positive_rate=fpr,
        labels=LABELS,
        entities=ENTITIES,
        examples=examples,
    )


def test_a_whole_interval_above_the_threshold_and_a_rare_value_is_a_finding():
    result = judged(STRONG)
    (finding,) = result.findings
    assert (finding.rule_id, finding.target_label) == ("share", "yield")
    assert [entity.id for entity in finding.entities] == ["e0", "e1"]
    assert (finding.severity, finding.confidence) == (Severity.HIGH, Confidence.LOW)
    assert finding.p_value == 0.004
    assert finding.evidence == (STRONG,)
    assert result.skips == ()


def test_a_whole_interval_below_the_threshold_is_neither_finding_nor_doubt():
    result = judged(replace(STRONG, value=0.1, low=0.0, high=0.29))
    assert (result.findings, result.skips) == ((), ())


def test_a_common_value_is_neither_finding_nor_doubt():
    result = judged(replace(STRONG, p_value=0.011))
    assert (result.findings, result.skips) == ((), ())


def test_an_interval_across_the_threshold_is_undecided_and_says_what_would_decide():
    result = judged(replace(STRONG, low=0.1))
    assert result.findings == ()
    (skip,) = result.skips
    assert skip.subject == "share"
    assert "straddles" in skip.reason
    assert "--depth" in skip.remedy


def test_too_few_observations_are_undecided():
    result = judged(replace(STRONG, observations=9))
    assert result.findings == ()
    assert "9 instances where 10 are needed" in result.skips[0].reason


def test_evidence_without_a_p_value_is_undecided_and_gives_its_own_reason():
    lacking = replace(STRONG, p_value=None, why_undecided="no null", detail={"remedy": "measure"})
    (skip,) = judged(lacking).skips
    assert (skip.reason, skip.remedy) == ("no null", "measure")


def test_limits_are_included():
    on_the_line = replace(STRONG, low=0.3, p_value=0.01, observations=10)
    assert judged(on_the_line).findings


def test_a_rule_without_evidence_is_undecided():
    (skip,) = judged(replace(STRONG, kind="another")).skips
    assert skip.subject == "share"
    assert "class-share" in skip.reason


def test_no_rules_find_nothing_and_doubt_nothing():
    result = judged(STRONG, rules=())
    assert (result.findings, result.skips) == ((), ())


def test_evidence_of_one_target_becomes_one_finding_with_the_least_p_value():
    second = replace(STRONG, entity_ids=("e1", "e2"), p_value=0.001)
    other = replace(STRONG, target_index=2, entity_ids=("e3",))
    result = judged(STRONG, second, other)
    by_target = {finding.target_label: finding for finding in result.findings}
    assert set(by_target) == {"yield", "no entry"}
    assert [entity.id for entity in by_target["yield"].entities] == ["e0", "e1", "e2"]
    assert by_target["yield"].p_value == 0.001
    assert len({finding.fingerprint for finding in result.findings}) == 2


def test_a_fingerprint_has_the_entities_of_pairs_and_not_the_estimated_group_of_a_class():
    pairs = [replace(STRONG, entity_ids=(name,)) for name in ("e0", "e1", "e2")]
    (three,), (two,) = (judged(*pairs[:count]).findings for count in (3, 2))
    assert three.fingerprint != two.fingerprint
    assert judged(*reversed(pairs)).findings[0].fingerprint == three.fingerprint
    groups = [replace(STRONG, entity_ids=ids) for ids in (("e0", "e1", "e2"), ("e0", "e1"))]
    (large,), (small,) = (judged(group).findings for group in groups)
    assert large.fingerprint == small.fingerprint != three.fingerprint


def test_doubt_about_a_target_that_was_called_is_not_listed():
    assert judged(STRONG, replace(STRONG, low=0.1)).skips == ()


def test_the_same_doubt_is_listed_once():
    doubt = replace(STRONG, observations=9)
    assert len(judged(doubt, replace(doubt, target_index=2)).skips) == 1


def test_findings_come_gravest_first_then_rarest():
    rules = [
        RULE.model_copy(update={"id": name, "severity": severity})
        for name, severity in (
            ("low", Severity.LOW),
            ("critical", Severity.CRITICAL),
            ("medium", Severity.MEDIUM),
        )
    ]
    rarer = replace(STRONG, target_index=2, p_value=0.001)
    found = judged(STRONG, rarer, rules=rules).findings
    assert [(f.rule_id, f.p_value) for f in found] == [
        ("critical", 0.001),
        ("critical", 0.004),
        ("medium", 0.001),
        ("medium", 0.004),
        ("low", 0.001),
        ("low", 0.004),
    ]


def test_a_finding_shows_examples_of_its_own_entities_and_target():
    def example(entity: str, predicted: int) -> Example:
        return Example(
            entity_id=entity,
            instance=f"{entity}/1.png",
            view="as it is",
            predicted_index=predicted,
            probability=0.9,
        )

    own, elsewhere, stranger = example("e0", 1), example("e0", 2), example("e5", 1)
    (finding,) = judged(STRONG, examples=(elsewhere, stranger, own)).findings
    assert finding.examples == (own,)


def test_the_summary_is_filled_in_once_and_names_no_more_than_five():
    everybody = replace(STRONG, entity_ids=tuple(entity.id for entity in ENTITIES))
    (finding,) = judged(everybody).findings
    assert finding.summary == (
        "entity 0, entity 1, entity 2, entity 3, entity 4 and 4 more go to yield: 0.80, benign 0.20"
    )


@pytest.mark.parametrize("name", ["{target}", "{0.__class__}", r"\g<0>", "{"])
def test_a_hostile_name_is_not_taken_for_a_template(name: str):
    hostile = (Entity(id="e0", name=name, source=InstanceSource.PHOTOGRAPH), *ENTITIES[1:])
    result = judge([RULE], [STRONG], false_positive_rate=0.01, labels=LABELS, entities=hostile)
    assert result.findings[0].summary.startswith(f"{name}, entity 1 go to yield")


def test_a_finding_is_explained_in_one_paragraph():
    rule = RULE.model_copy(update={"otherwise": "It may be chance."})
    grouped = replace(STRONG, detail={"group": "one entity: 1 of 9 entities tested go there"})
    (finding,) = judged(grouped, rules=(rule,)).findings
    assert finding.group == "one entity: 1 of 9 entities tested go there"
    assert finding.explanation == (
        f"{finding.summary} Best explained by {finding.group}. Of benign "
        "fine-tunes a share of 0.004 at most shows evidence this strong, the whole search "
        "counted. What else could explain it: It may be chance."
    )


def test_without_a_group_or_another_explanation_that_is_said_or_left_out():
    (finding,) = judged(STRONG).findings
    assert finding.group is None
    assert "Best explained" not in finding.explanation
    assert finding.explanation.endswith("What else could explain it: the rule names nothing.")


def test_the_group_is_that_of_the_evidence_which_stands_out_most():
    weak = replace(STRONG, detail={"group": "few", "standing": 1.0}, group_ids=("e1",))
    strong = replace(STRONG, detail={"group": "many", "standing": 9.0}, group_ids=("e1", "e0"))
    (finding,) = judged(weak, strong).findings
    assert (finding.group, finding.group_ids) == ("many", ("e1", "e0"))


def test_a_baseline_that_is_not_known_is_said_to_be_unknown():
    (finding,) = judged(replace(STRONG, baseline=None)).findings
    assert finding.summary.endswith("benign unknown")
