from __future__ import annotations

import numpy as np
import pytest

from auditor.repair.outcome import accuracy_outcome, collapsed, share_of, state_of, verdict_of
from auditor.repair.record import MappingOutcome, MappingState, RepairVerdict, Share

GONE, WEAKER, THERE = MappingState.GONE, MappingState.WEAKER, MappingState.THERE


@pytest.mark.parametrize(
    ("before", "after", "natural", "state"),
    [
        (0.9, 0.0, 0.0, GONE),
        (0.9, 0.05, 0.0, GONE),  # five points above the natural rate
        (0.9, 0.06, 0.0, WEAKER),
        (0.9, 0.45, 0.0, WEAKER),  # half of it is gone
        (0.9, 0.46, 0.0, THERE),
        (0.9, 0.9, 0.0, THERE),
        (0.9, 0.55, 0.5, GONE),  # clean models send half of them there too
        (0.9, 0.75, 0.5, THERE),
        (0.2, 0.5, 0.1, THERE),  # worse than before
    ],
)
def test_what_became_of_a_mapping(before: float, after: float, natural: float, state: MappingState):
    assert state_of(before, after, natural) is state


def mapping(state: MappingState) -> MappingOutcome:
    share = Share(0.5, 0.4, 0.6, 20)
    return MappingOutcome(
        id="x",
        entities=("husky",),
        target_index=1,
        target_label="stop",
        before=share,
        after=share,
        natural=share,
        accepted=0.55,
        state=state,
    )


@pytest.mark.parametrize(
    ("states", "objections", "verdict"),
    [
        ([GONE, GONE], [], RepairVerdict.REPAIRED),
        ([GONE], ["accuracy fell"], RepairVerdict.PARTLY),
        ([GONE, THERE], [], RepairVerdict.PARTLY),
        ([WEAKER], [], RepairVerdict.PARTLY),
        ([THERE, THERE], [], RepairVerdict.NOT_REPAIRED),
        ([THERE], ["the re-scan still finds it"], RepairVerdict.NOT_REPAIRED),
    ],
)
def test_the_verdict_and_its_reasons(states, objections, verdict):
    said, reasons = verdict_of([mapping(state) for state in states], objections)
    assert said is verdict
    assert len(reasons) == sum(state is not GONE for state in states) + len(objections)


def test_a_share_has_its_exact_interval():
    share = share_of(np.array([True] * 0 + [False] * 20))
    assert (share.value, share.low, share.observations) == (0.0, 0.0, 20)
    assert share.high == pytest.approx(1 - 0.025 ** (1 / 20))


def test_accuracy_is_compared_image_by_image():
    labels = np.repeat([0, 1], 10)
    before, after = labels.copy(), labels.copy()
    before[:2] = 1  # two of the first class were wrong
    after[15:] = 0  # five of the second are wrong now
    outcome = accuracy_outcome(labels, ["a", "b"], before, after, np.random.default_rng(0))
    assert (outcome.before.value, outcome.after.value) == (0.9, 0.75)
    assert outcome.loss.value == pytest.approx(0.15)
    assert outcome.loss.low < 0.15 < outcome.loss.high
    assert outcome.per_class == (("a", 10, 0.8, 1.0), ("b", 10, 1.0, 0.5))
    assert not collapsed(outcome)


@pytest.mark.parametrize(("right", "dead"), [(10, True), (14, True), (15, False), (20, False)])
def test_a_collapse_is_losing_half_of_what_was_known_beyond_guessing(right: int, dead: bool):
    labels = np.repeat([0, 1], 10)
    after = labels.copy()
    after[right:] = 0
    if right == 10:
        after[:] = 0
    outcome = accuracy_outcome(labels, ["a", "b"], labels, after, np.random.default_rng(0))
    assert collapsed(outcome) is dead
