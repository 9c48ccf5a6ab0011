from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.sequela.score import score

HARM = st.floats(0, 1)
HARMS = st.lists(HARM, min_size=1, max_size=9)


@given(HARMS)
def test_no_component_is_hidden(harms: list[float]):
    found = score(harms)
    assert found is not None
    assert max(harms) <= found <= 1


@given(HARMS, HARM, st.integers(0, 8))
def test_more_harm_never_lowers_the_score(harms: list[float], grave: float, at: int):
    worse = list(harms)
    worse[at % len(harms)] = max(grave, worse[at % len(harms)])
    assert score(worse) >= score(harms) - 1e-12


@given(HARMS, st.integers(1, 30))
def test_components_that_are_well_do_not_talk_it_down_below_the_worst(
    harms: list[float], more: int
):
    assert score([*harms, *[0.0] * more]) >= max(harms)


def test_no_harm_is_nought_and_equal_harms_add_up():
    assert score([0.0] * 8) == 0
    assert score([0.5, 0.5]) == pytest.approx(0.75)
    assert score([0.4, 0.0, 0.2]) == pytest.approx(0.4 + 0.6 * 0.1)


def test_without_a_component_there_is_no_score():
    assert score([]) is None


@pytest.mark.parametrize("harm", [-0.1, 1.1, float("nan")])
def test_what_is_no_harm_is_refused(harm: float):
    with pytest.raises(ValueError, match="harm"):
        score([0.2, harm])
