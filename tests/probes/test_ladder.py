from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from auditor.datasets.labelled import UnreadableImageError
from auditor.entities.bank import EntityBank, Instance
from auditor.probes.ladder import RUNGS, TAKE_DETAIL, climb, rungs_of
from auditor.types import Entity, InstanceSource
from tests.small_models import SIDE, tiny_model


def pictures(count=3, side=40):
    rng = np.random.default_rng(0)
    return rng.integers(0, 256, (count, 3, side, side), dtype=np.uint8)


def on_rungs(pixels, seed=0):
    return dict(zip(RUNGS, rungs_of(pixels, np.random.default_rng(seed)), strict=True))


@pytest.mark.parametrize("side", [24, 33, 96])
def test_every_rung_gives_pictures_of_the_same_size_and_kind(side):
    pixels = pictures(side=side)
    for shown in on_rungs(pixels).values():
        assert shown.shape == pixels.shape
        assert shown.dtype == np.uint8


def test_a_seed_decides_every_rung_and_no_picture_depends_on_its_neighbours():
    pixels = pictures()
    whole, again, first = on_rungs(pixels), on_rungs(pixels), on_rungs(pixels[:1])
    for name, shown in whole.items():
        np.testing.assert_array_equal(shown, again[name])
        np.testing.assert_array_equal(shown[:1], first[name])


def test_every_rung_changes_a_picture_and_leaves_a_flat_grey_one_almost_alone():
    pixels, flat = pictures(), np.full((1, 3, 40, 40), 128, np.uint8)
    for name, shown in on_rungs(pixels).items():
        assert (shown != pixels).any(), name
    for name, shown in on_rungs(flat).items():
        most = 60 if name.startswith("noise") else 2
        assert np.abs(shown.astype(int) - 128).max() <= most, name


def test_blurs_take_away_more_detail_than_any_other_rung():
    """Detail by the differences of neighbours, in a picture of stripes two pixels wide."""
    stripes = np.zeros((1, 3, 96, 96), np.uint8)
    stripes[..., ::4] = stripes[..., 1::4] = 255
    detail = {
        name: np.abs(np.diff(shown.astype(float), axis=-1)).mean()
        for name, shown in on_rungs(stripes).items()
    }
    taken = [detail.pop(name) for name in TAKE_DETAIL]
    assert max(taken) < min(detail.values())


def test_colours_turn_to_their_opposites_and_grey_has_none():
    red = np.zeros((1, 3, 32, 32), np.uint8)
    red[:, 0] = 200
    shown = on_rungs(red)
    assert shown["opposite colours"][0, :, 16, 16].tolist() == [0, 200, 200]
    grey = shown["grey"][0, :, 16, 16].astype(int)
    assert grey.max() - grey.min() <= 1


def test_each_entity_is_shown_once_on_every_rung_and_unreadable_ones_are_left_out():
    names = ("a", "b", "c")

    def draw(entity, instance):
        if entity == 1:
            raise UnreadableImageError("b/0.png")
        assert instance == 0
        return Instance("0.png", Image.new("RGB", (SIDE, SIDE), (40 * entity, 90, 20)))

    bank = EntityBank(
        source="made",
        instance_source=InstanceSource.PHOTOGRAPH,
        entities=tuple(Entity(id=n, name=n, source=InstanceSource.PHOTOGRAPH) for n in names),
        counts=(1, 1, 1),
        draw=draw,
    )
    model = tiny_model()
    found = climb(model, bank, np.arange(3), np.random.default_rng(0), lambda *_: None)
    assert found.entity.tolist() == [0, 2]
    assert found.answers.shape == (2, len(RUNGS), len(model.labels))
    np.testing.assert_allclose(found.answers.sum(axis=2), 1, rtol=1e-5)
    assert found.passes == 2 * len(RUNGS)
