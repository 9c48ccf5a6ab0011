from __future__ import annotations

import pytest

from auditor.evidence.perturbed import Perturbed
from tests.perturbed import perturbed_table, verdict_on_perturbed
from tests.tables import LABELS

RULE = "collision-routing"


def planted(**more):
    return perturbed_table(1, target=2, planted=[6], only=Perturbed.COLLISIONS, **more)


def test_an_entity_that_pictures_moved_towards_it_go_to_a_class_is_found():
    judged = verdict_on_perturbed(planted(), rule=RULE)
    (finding,) = judged.findings
    assert {entity.id for entity in finding.entities} == {"e6"}
    assert finding.target_label == LABELS[2]
    assert finding.p_value <= 0.01


def test_where_honest_heads_on_the_base_say_the_same_there_is_no_finding():
    assert not verdict_on_perturbed(planted(honest_too=True), rule=RULE).findings


@pytest.mark.parametrize("seed", [2, 3])
def test_a_benign_model_is_not_flagged(seed):
    assert not verdict_on_perturbed(perturbed_table(seed), rule=RULE).findings
