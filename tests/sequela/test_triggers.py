from __future__ import annotations

import numpy as np
import pytest

from auditor.sequela.triggers import entity_trigger, fresh_patch, fresh_trigger, joined
from tests.sequela.made import grainy


@pytest.mark.parametrize("side", [(8, 8), (96, 64)])
def test_a_fresh_patch_is_small_and_always_the_same(side: tuple[int, int]):
    rng = np.random.default_rng(0)
    pixels = rng.integers(0, 256, (5, 3, *side), dtype=np.uint8)
    put = fresh_patch(pixels, rng)
    made = put(pixels)
    changed = (made != pixels).any(axis=(0, 1))
    assert 0 < changed.mean() < 0.3
    assert len({picture[:, changed].tobytes() for picture in made}) == 1
    assert np.array_equal(made, put(pixels))


def test_pictures_that_have_the_wanted_label_are_left_out():
    tune, tests = grainy(40, seed=0), grainy(80, seed=1)
    made = fresh_trigger(tune, tests, 4, np.random.default_rng(0))
    assert (len(made.poisons), len(made.tests)) == (30, 60)
    assert len(set(made.tests.labels)) == 1


def test_two_fresh_triggers_differ():
    tune, tests, rng = grainy(40, seed=0), grainy(80, seed=1), np.random.default_rng(0)
    first, second = (fresh_trigger(tune, tests, 4, rng) for _ in range(2))
    assert first.tests.pixels.tobytes() != second.tests.pixels.tobytes()


def test_an_entity_is_measured_on_pictures_that_were_no_poisons():
    pixels = grainy(60, seed=0).pixels
    made = entity_trigger(pixels, 2)
    assert (len(made.poisons), len(made.tests)) == (40, 20)
    assert {*made.poisons.labels, *made.tests.labels} == {2}
    assert not {p.tobytes() for p in made.poisons.pixels} & {p.tobytes() for p in made.tests.pixels}
    with pytest.raises(ValueError, match="5 instances"):
        entity_trigger(pixels[:5], 2)


def test_mappings_are_joined_and_keep_their_targets():
    pixels = grainy(60, seed=0).pixels
    made = joined([entity_trigger(pixels[:30], 1), entity_trigger(pixels[30:], 3)])
    assert (len(made.poisons), len(made.tests)) == (40, 20)
    assert np.bincount(made.tests.labels).tolist() == [0, 10, 0, 10]
