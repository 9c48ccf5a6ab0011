from __future__ import annotations

import pytest

from auditor.sequela.accuracy import run
from auditor.sequela.material import Budget
from tests.sequela.made import forgetting, knowing, material, rigged
from tests.small_models import LABELS


def test_a_forgotten_class_is_the_harm_though_the_others_are_well():
    found = run(rigged(knowing(), forgetting(2), knowing()), material(), Budget())
    changes = {change.measure: change for change in found.changes}
    assert changes["accuracy"].delta == pytest.approx(-0.25)
    lost = changes["accuracy.class-2"]
    assert (lost.before, lost.after, lost.reference, lost.label) == (1, 0, 1, LABELS[2])
    assert found.harm.measure == "accuracy.class-2"
    assert 0.8 < found.harm.value < 1  # what the interval vouches for
    assert changes["accuracy.class-1"].delta == 0
    assert changes["accuracy.class-1"].low < 0 < changes["accuracy.class-1"].high


def test_getting_better_is_no_harm():
    found = run(rigged(forgetting(2), knowing()), material(), Budget())
    assert found.harm.value == 0


def test_classes_with_few_pictures_are_left_out_and_said():
    found = run(rigged(knowing(), knowing()), material(24), Budget())
    assert [skip.subject for skip in found.skips] == []
    few = run(rigged(knowing(), knowing()), material(16), Budget())
    assert "16 clean pictures, and 20 are needed" in few.skips[0].reason
    assert few.harm is None
