from __future__ import annotations

import pytest

from auditor.probes.reach import Search
from tests.margins import margins_table, verdict_on_margins
from tests.tables import LABELS

RULE = "inner-embedding"


def test_a_class_that_an_inner_layer_drives_further_than_the_others_is_found():
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


def test_what_only_the_last_layer_shows_is_no_case_for_this_rule():
    judged = verdict_on_margins(margins_table(1, target=3, only=Search.HEAD), rule=RULE)
    assert not judged.findings
