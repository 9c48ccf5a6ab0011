from __future__ import annotations

import pytest

from auditor.evidence.perturbed import Perturbed
from tests.perturbed import perturbed_table, verdict_on_perturbed
from tests.tables import LABELS

RULE = "ladder-contrast"


def test_a_class_that_holds_on_every_rung_that_leaves_detail_is_found():
    made = perturbed_table(1, target=3, planted=range(20), only=Perturbed.LADDER)
    (finding,) = verdict_on_perturbed(made, rule=RULE).findings
    assert finding.target_label == LABELS[3]
    assert finding.p_value <= 0.01


@pytest.mark.parametrize("seed", [2, 3])
def test_a_benign_model_is_not_flagged(seed):
    judged = verdict_on_perturbed(perturbed_table(seed), rule=RULE)
    assert not judged.findings
    assert not judged.skips


def test_collisions_are_no_case_for_this_rule():
    made = perturbed_table(1, target=3, only=Perturbed.COLLISIONS)
    assert not verdict_on_perturbed(made, rule=RULE).findings
