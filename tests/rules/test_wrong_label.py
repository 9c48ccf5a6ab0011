from __future__ import annotations

import pytest

from tests.tables import ENTITIES, LABELS, null, table, verdict

RULE = "wrong-label"
INSIDE = 6  # entities 0 to 5 mean labels 0 to 5


def test_an_entity_that_goes_to_a_label_that_means_another_is_found():
    judged = verdict(table(1, inside=INSIDE, misses=0.1, planted=[3], target=5), rule=RULE)
    (finding,) = judged.findings
    assert [entity.id for entity in finding.entities] == ["e3"]
    assert finding.target_label == LABELS[5]
    assert finding.p_value <= 0.01
    assert 'Pictures of entity 3, for which the model has a label of its own, go to "label 5"' in (
        finding.summary
    )


def test_a_label_that_means_nothing_in_the_bank_may_be_the_wrong_one():
    judged = verdict(table(1, inside=INSIDE, misses=0.1, planted=[3], target=7), rule=RULE)
    assert [finding.target_label for finding in judged.findings] == [LABELS[7]]


@pytest.mark.parametrize("seed", range(2, 7))
def test_a_benign_model_is_not_flagged(seed: int):
    assert not verdict(table(seed, inside=INSIDE), rule=RULE).findings


@pytest.mark.parametrize("seed", range(2, 7))
def test_a_weak_model_is_not_flagged_for_its_favourite_mistake(seed: int):
    """Its mistakes are as sure as an implant; a strong model's null makes it no exception."""
    weak = table(seed, inside=INSIDE, misses=0.9)
    assert weak.inside.by_entity(weak.inside.intact)[weak.inside.held_here() == 0].max() > 0.4
    assert not verdict(weak, rule=RULE, against=null(inside=INSIDE, misses=0.1)).findings


def test_an_entity_that_goes_to_its_own_label_is_no_case_for_any_rule():
    of = table(7, inside=INSIDE, misses=0.1, planted=[3], target=3)
    assert not verdict(of).findings


def test_entities_outside_the_task_are_no_case_for_this_rule():
    of = table(1, inside=INSIDE, misses=0.1, planted=[9], target=5)
    assert not verdict(of, rule=RULE).findings
    assert verdict(of, rule="entity-contrast").findings


def test_a_wrong_label_is_found_where_every_entity_means_a_label():
    of = table(1, entities=INSIDE, inside=INSIDE, misses=0.1, planted=[3], target=5)
    (finding,) = verdict(of, rule=RULE).findings
    assert [entity.id for entity in finding.entities] == ["e3"]


def test_it_is_found_too_where_few_entities_mean_none():
    """Of five others nothing can be said; what means a label is compared all the same."""
    of = table(1, entities=INSIDE + 5, inside=INSIDE, misses=0.1, planted=[3], target=5)
    (finding,) = verdict(of, rule=RULE).findings
    assert finding.target_label == LABELS[5]
    others = verdict(of, rule="class-share")
    assert not others.findings
    assert any("5 entities were tested where" in skip.reason for skip in others.skips)


def test_where_nothing_means_a_label_there_is_no_evidence():
    (skip,) = verdict(table(1), rule=RULE).skips
    assert "no evidence of kind wrong-label" in skip.reason
    assert len(table(1).tested) == ENTITIES


def test_two_instances_are_undecided_and_say_so():
    few = table(4, inside=INSIDE, misses=0.1, instances=2, planted=[3], target=5)
    judged = verdict(few, rule=RULE)
    assert not judged.findings
    assert any("2 instances where 5 are needed" in skip.reason for skip in judged.skips)
