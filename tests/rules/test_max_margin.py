from __future__ import annotations

import pytest

from tests.margins import margins_table, verdict_on_margins
from tests.tables import LABELS

RULE = "max-margin"


def test_a_class_that_the_head_drives_further_than_the_others_is_found():
    (finding,) = verdict_on_margins(margins_table(1, target=3), rule=RULE).findings
    assert finding.target_label == LABELS[3]
    assert finding.p_value <= 0.01
    assert finding.entities == ()
    assert finding.is_of_the_class


@pytest.mark.parametrize("seed", [2, 3])
def test_a_benign_model_is_not_flagged(seed):
    judged = verdict_on_margins(margins_table(seed), rule=RULE)
    assert not judged.findings
    assert not judged.skips


def test_it_is_judged_where_too_few_entities_were_asked_about():
    few = margins_table(1, target=3, entities=5)
    assert verdict_on_margins(few, rule=RULE).findings
