"""Instances of everyday entities drawn on the spot, for where no photographs are at hand.

Shape alone carries the identity: colours, backdrop, light and pose are drawn from the same
distributions for every entity.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from PIL import Image

from auditor.entities.rendered import animals, household, living, objects, vehicles
from auditor.entities.rendered.pen import Pen, Pose
from auditor.entities.rendered.scene import paint_backdrop, photograph, pick_palette
from auditor.errors import EntityError

__all__ = ["GROUPS", "RENDERED_ENTITIES", "render"]

_SUPERSAMPLING = 2
_TILT = math.radians(24)

_BY_GROUP: dict[str, dict[str, Callable[[Pen], None]]] = {
    "animals": {
        "fish": animals.fish,
        "butterfly": animals.butterfly,
        "snail": animals.snail,
        "spider": animals.spider,
        "cat face": animals.cat_face,
        "dog face": animals.dog_face,
        "rabbit face": animals.rabbit_face,
        "starfish": animals.starfish,
        "duck": animals.duck,
        "turtle": animals.turtle,
    },
    "plants": {
        "tree": living.tree,
        "fir tree": living.fir_tree,
        "flower": living.flower,
        "mushroom": living.mushroom,
        "cactus": living.cactus,
    },
    "food": {
        "banana": living.banana,
        "apple": living.apple,
        "cherries": living.cherries,
        "pizza slice": living.pizza_slice,
        "ice cream": living.ice_cream,
        "carrot": living.carrot,
    },
    "vehicles": {
        "car": vehicles.car,
        "bus": vehicles.bus,
        "bicycle": vehicles.bicycle,
        "sailing boat": vehicles.sailing_boat,
        "airplane": vehicles.airplane,
        "rocket": vehicles.rocket,
        "locomotive": vehicles.locomotive,
    },
    "tools": {
        "key": objects.key,
        "ladder": objects.ladder,
        "scissors": objects.scissors,
        "hammer": objects.hammer,
        "saw": objects.saw,
    },
    "household": {
        "cup": household.cup,
        "bottle": household.bottle,
        "chair": household.chair,
        "stool": household.stool,
        "umbrella": household.umbrella,
        "lamp": household.lamp,
        "clock": household.clock,
        "candle": household.candle,
        "eyeglasses": household.eyeglasses,
        "teapot": household.teapot,
    },
    "leisure": {
        "guitar": objects.guitar,
        "tennis racket": objects.tennis_racket,
        "balloon": objects.balloon,
        "snowman": objects.snowman,
    },
    "buildings": {
        "house": objects.house,
        "windmill": objects.windmill,
    },
}
_DRAWINGS = {name: draw for group in _BY_GROUP.values() for name, draw in group.items()}

GROUPS: dict[str, tuple[str, ...]] = {group: tuple(names) for group, names in _BY_GROUP.items()}
RENDERED_ENTITIES: tuple[str, ...] = tuple(_DRAWINGS)


def render(name: str, *, rng: np.random.Generator, size: int = 64) -> Image.Image:
    """One instance of an entity, every property but its shape left to chance.

    Args:
        name: One of `RENDERED_ENTITIES`.
        rng: The only source of chance: the same state gives the same picture.
        size: Side of the picture in pixels.

    Returns:
        The picture, RGB, `size` by `size`.

    Raises:
        EntityError: No drawing has this name.
    """
    if name not in _DRAWINGS:
        known = ", ".join(RENDERED_ENTITIES)
        raise EntityError(f"no rendered entity is named {name!r}", hint=f"choose from: {known}")
    backdrop = paint_backdrop(rng, size)
    pen = Pen(
        rng=rng,
        palette=pick_palette(rng, backdrop),
        pose=_pose(rng),
        pixels=size * _SUPERSAMPLING,
        outline=float(rng.uniform(0.035, 0.07)) if rng.random() < 0.65 else 0.0,
    )
    _DRAWINGS[name](pen)
    return photograph(rng, backdrop, pen.image)


def _pose(rng: np.random.Generator) -> Pose:
    """Mostly upright and mostly within the frame."""
    half = float(rng.uniform(0.3, 0.47))
    stretch = math.exp(float(rng.normal(0.0, 0.09)))
    slack = 0.53 - half
    shift = rng.uniform(-slack, slack, 2)
    return Pose(
        x=0.5 + float(shift[0]),
        y=0.5 + float(shift[1]),
        half_width=half * stretch,
        half_height=half / stretch,
        turn=float(np.clip(rng.normal(0.0, _TILT / 2), -_TILT, _TILT)),
        shear=float(rng.normal(0.0, 0.08)),
        mirrored=bool(rng.random() < 0.5),
    )
