from __future__ import annotations

import copy
import math

import pytest
import torch

from auditor.repair.range_test import HIGHEST, chosen_from, range_test
from auditor.repair.task import RepairTask

GUESSING = math.log(4)


def test_the_peak_is_right_below_where_the_loss_reaches_that_of_guessing():
    found = chosen_from([0.1, 0.2, 0.4, 0.8], [0.2, 0.3, 1.5, 9.0], GUESSING)
    assert found.chosen == 0.2
    assert "right above" in found.why


def test_a_loss_that_starts_high_counts_only_past_its_lowest():
    found = chosen_from([0.1, 0.2, 0.4, 0.8], [3.0, 0.3, 0.9, 2.0], GUESSING)
    assert found.chosen == 0.4


def test_a_loss_that_is_never_below_guessing_takes_the_rate_of_the_lowest():
    found = chosen_from([0.1, 0.2, 0.4], [3.0, 2.5, 4.0], GUESSING)
    assert found.chosen == 0.2
    assert "never below" in found.why


def test_a_loss_that_never_rises_takes_the_highest_rate():
    found = chosen_from([0.1, 0.2], [0.2, 0.1], GUESSING)
    assert found.chosen == 0.2
    assert "every higher rate tried" in found.why


@pytest.mark.parametrize("bad", [math.inf, math.nan])
def test_a_loss_that_is_no_number_is_above_guessing_and_not_in_the_curve(bad: float):
    found = chosen_from([0.1, 0.2], [0.2, bad], GUESSING)
    assert (found.chosen, found.rates, found.losses) == (0.1, (0.1,), (0.2,))


def test_the_model_is_left_as_it_was(task: RepairTask):
    before = copy.deepcopy(task.model.module.state_dict())
    found = range_test(task)
    after = task.model.module.state_dict()
    assert all(torch.equal(after[name], before[name]) for name in before)
    assert not task.model.module.training
    assert 0 < found.chosen <= HIGHEST
    assert list(task.shelf.iterdir()) == []
