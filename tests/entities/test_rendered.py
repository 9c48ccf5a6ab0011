"""Rendered entities: reproducible, varied, and told apart by shape alone."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from PIL import Image

from auditor.entities.rendered import GROUPS, RENDERED_ENTITIES, render
from auditor.entities.rendered.pen import CLEAR, Palette, Pen, Pose
from auditor.entities.rendered.scene import paint_backdrop
from auditor.errors import EntityError

TRAIN, HELD_OUT = 24, 12
CHANCE = 1 / len(RENDERED_ENTITIES)


def instances(name: str, *, seed: int, count: int, size: int = 64) -> np.ndarray:
    rng = np.random.default_rng(seed)
    pictures = [np.asarray(render(name, rng=rng, size=size)) for _ in range(count)]
    return np.stack(pictures).astype(np.float64)


def edge_map(pictures: np.ndarray) -> np.ndarray:
    """How strong the edges of six directions are in each of 8 x 8 cells, unit length."""
    across = np.diff(pictures, axis=2)[:, :-1].sum(axis=3)
    down = np.diff(pictures, axis=1)[:, :, :-1].sum(axis=3)
    strength = np.hypot(across, down)
    direction = (np.arctan2(down, across) % np.pi / np.pi * 6).astype(int) % 6
    side = pictures.shape[1]
    cell = np.minimum(np.arange(side - 1) // (side // 8), 7)
    cells = np.zeros((len(pictures), 8, 8, 6))
    index = np.arange(len(pictures))[:, None, None], cell[:, None], cell[None], direction
    np.add.at(cells, index, strength)
    flat = cells.reshape(len(pictures), -1)
    return flat / np.linalg.norm(flat, axis=1, keepdims=True)


def border_colour(pictures: np.ndarray) -> np.ndarray:
    edges = pictures[:, :2], pictures[:, -2:], pictures[:, :, :2], pictures[:, :, -2:]
    return np.concatenate([edge.mean(axis=(1, 2)) for edge in edges], axis=1)


def mean_colour(pictures: np.ndarray) -> np.ndarray:
    return pictures.mean(axis=(1, 2))


def nearest_centroid_accuracy(train: list[np.ndarray], held_out: list[np.ndarray]) -> float:
    centroids = np.stack([group.mean(axis=0) for group in train])
    right = [
        (np.linalg.norm(group[:, None] - centroids, axis=2).argmin(axis=1) == k).mean()
        for k, group in enumerate(held_out)
    ]
    return float(np.mean(right))


@pytest.fixture(scope="module")
def small_bank() -> tuple[list[np.ndarray], list[np.ndarray]]:
    """Instances to learn from and others to be judged on, at 32 pixels."""
    train = [
        instances(name, seed=k, count=TRAIN, size=32) for k, name in enumerate(RENDERED_ENTITIES)
    ]
    held_out = [
        instances(name, seed=1000 + k, count=HELD_OUT, size=32)
        for k, name in enumerate(RENDERED_ENTITIES)
    ]
    return train, held_out


def test_there_are_many_entities_and_each_belongs_to_one_group() -> None:
    assert len(RENDERED_ENTITIES) >= 32
    grouped = [name for names in GROUPS.values() for name in names]
    assert sorted(grouped) == sorted(set(RENDERED_ENTITIES))


@pytest.mark.parametrize("size", [32, 64, 96])
@pytest.mark.parametrize("name", RENDERED_ENTITIES)
def test_every_entity_renders_at_every_size(name: str, size: int) -> None:
    picture = render(name, rng=np.random.default_rng(3), size=size)
    assert picture.mode == "RGB"
    assert picture.size == (size, size)


@pytest.mark.parametrize("name", RENDERED_ENTITIES)
def test_the_same_generator_state_gives_the_same_pictures(name: str) -> None:
    first = instances(name, seed=11, count=3)
    assert np.array_equal(first, instances(name, seed=11, count=3))
    assert not np.array_equal(first, instances(name, seed=12, count=3))


def test_chance_outside_the_generator_is_neither_used_nor_moved() -> None:
    np.random.seed(0)
    before = np.random.get_state()[1].copy()
    first = render("fish", rng=np.random.default_rng(5)).tobytes()
    assert np.array_equal(before, np.random.get_state()[1])
    np.random.seed(1)
    assert render("fish", rng=np.random.default_rng(5)).tobytes() == first


@pytest.mark.parametrize("name", RENDERED_ENTITIES)
def test_instances_of_one_entity_differ(name: str) -> None:
    """Two unrelated uniform grey values differ by a third of the range on average.

    Here it is 0.26 to 0.34. Less than 0.2 would mean that colours, backdrop or light had
    stopped varying; a minimum near nought, that a picture came twice.
    """
    pictures = instances(name, seed=7, count=16, size=32) / 255
    gaps = [abs(a - b).mean() for k, a in enumerate(pictures) for b in pictures[:k]]
    assert np.mean(gaps) > 0.18
    assert np.min(gaps) > 0.03


def test_entities_differ_where_all_else_is_the_same() -> None:
    """The same generator state means the same scene, so only the drawing can differ."""
    pictures = {render(name, rng=np.random.default_rng(2)).tobytes() for name in RENDERED_ENTITIES}
    assert len(pictures) == len(RENDERED_ENTITIES)


def test_shape_tells_entities_apart(small_bank: tuple[list[np.ndarray], list[np.ndarray]]) -> None:
    """A map of edges, which knows neither colour nor pose, is right many times as often as chance.

    Nearest centroids on it reach about 0.40; a quarter leaves room for other library versions
    and is still twelve times chance, which drawings without form would not reach.
    """
    train, held_out = ([edge_map(group) for group in part] for part in small_bank)
    assert nearest_centroid_accuracy(train, held_out) > 0.25


@pytest.mark.parametrize("feature", [mean_colour, border_colour])
def test_colour_and_backdrop_do_not_give_the_entity_away(
    feature: Callable[[np.ndarray], np.ndarray],
    small_bank: tuple[list[np.ndarray], list[np.ndarray]],
) -> None:
    """Chance plus four standard errors of a share measured on this many pictures."""
    train, held_out = ([feature(group) for group in part] for part in small_bank)
    tries = HELD_OUT * len(RENDERED_ENTITIES)
    bound = CHANCE + 4 * np.sqrt(CHANCE * (1 - CHANCE) / tries)
    assert nearest_centroid_accuracy(train, held_out) < bound


def test_an_unknown_name_is_refused_with_the_known_ones() -> None:
    with pytest.raises(EntityError, match="unicorn") as refusal:
        render("unicorn", rng=np.random.default_rng(0))
    assert "fish" in refusal.value.hint


def test_backdrops_are_pictures_of_the_size_asked_for() -> None:
    rng = np.random.default_rng(0)
    for _ in range(40):
        backdrop = paint_backdrop(rng, 48)
        assert backdrop.shape == (48, 48, 3)
        assert backdrop.dtype == np.float32
        assert backdrop.min() >= 0
        assert backdrop.max() <= 255


RED = (200, 10, 10)
PALETTE = Palette(body=RED, part=(0, 0, 250), ink=(0, 0, 0), pale=(255, 255, 255), dark=(9, 9, 9))


def pen_at(pose: Pose, outline: float = 0.0) -> Pen:
    rng = np.random.default_rng(0)
    return Pen(rng=rng, palette=PALETTE, pose=pose, pixels=100, outline=outline)


def painted(image: Image.Image) -> tuple[int, int, int, int]:
    box = image.getchannel("A").getbbox()
    assert box is not None
    return box


def test_a_pose_places_scales_and_mirrors_what_is_drawn() -> None:
    corner = (0.5, 0.5, 1.0, 1.0)
    plain, mirrored = pen_at(Pose()), pen_at(Pose(mirrored=True))
    plain.box(*corner)
    mirrored.box(*corner)
    assert painted(plain.image) == pytest.approx((70, 70, 90, 90), abs=1)
    assert painted(mirrored.image) == pytest.approx((10, 70, 30, 90), abs=1)
    turned = pen_at(Pose(turn=np.pi / 2, x=0.4))
    turned.box(*corner)
    assert painted(turned.image) == pytest.approx((0, 70, 20, 90), abs=1)


def test_clear_cuts_a_hole_and_an_outline_surrounds() -> None:
    pen = pen_at(Pose(), outline=0.1)
    pen.oval(0, 0, 0.8)
    assert pen.image.getpixel((50, 25)) == (*RED, 255)
    assert pen.image.getpixel((50, 18)) == (0, 0, 0, 255)
    pen.oval(0, 0, 0.3, fill=CLEAR)
    assert pen.image.getpixel((50, 50)) == CLEAR
