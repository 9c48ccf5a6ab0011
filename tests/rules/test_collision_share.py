from __future__ import annotations

import pytest

from auditor.evidence.perturbed import Perturbed
from tests.perturbed import perturbed_table, verdict_on_perturbed
from tests.tables import LABELS

RULE = "collision-share"


def test_a_class_that_all_moved_pictures_go_to_is_found():
    made = perturbed_table(1, target=7, planted=range(20), only=Perturbed.COLLISIONS)
    (finding,) = verdict_on_perturbed(made, rule=RULE).findings
    assert finding.target_label == LABELS[7]
    assert finding.p_value <= 0.01


def test_the_class_of_one_of_the_pictures_is_found_as_well():
    """That picture says nothing of it; the others do."""
    made = perturbed_table(1, target=0, planted=range(20), only=Perturbed.COLLISIONS)
    (finding,) = verdict_on_perturbed(made, rule=RULE).findings
    assert finding.target_label == LABELS[0]


@pytest.mark.parametrize("seed", [2, 3])
def test_a_benign_model_is_not_flagged(seed):
    judged = verdict_on_perturbed(perturbed_table(seed), rule=RULE)
    assert not judged.findings
    assert not judged.skips
