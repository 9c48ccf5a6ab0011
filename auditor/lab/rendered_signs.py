"""Traffic signs drawn on the spot: a classification task for where no data set is at hand.

The pictures look like crops around a sign in a photograph: the sign fills most of the frame,
seen slightly from the side, in any light, sharp or not.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from PIL import Image

from auditor.entities.rendered.pen import Palette, Pen, Points, Pose, Rgb
from auditor.entities.rendered.scene import Canvas, paint_backdrop, photograph
from auditor.errors import EntityError

_SUPERSAMPLING = 2
_TILT = 0.2

_Strokes = tuple[Points, ...]


def _arc(x: float, y: float, rx: float, ry: float, start: float, end: float) -> Points:
    """Points of an arc, angles in degrees, clockwise from three o'clock."""
    angles = np.radians(np.linspace(start, end, 13))
    return [(x + rx * math.cos(a), y + ry * math.sin(a)) for a in angles]


# Glyphs as strokes in a box of half width 0.5 and half height 1.
_GLYPHS: dict[str, _Strokes] = {
    "0": (_arc(0, 0, 0.45, 1, 0, 360),),
    "1": ([(-0.3, -0.6), (0.1, -1), (0.1, 1)],),
    "2": ([*_arc(0, -0.5, 0.42, 0.5, 180, 390), (-0.45, 1), (0.48, 1)],),
    "3": (_arc(-0.02, -0.5, 0.42, 0.5, 200, 450), _arc(-0.02, 0.5, 0.47, 0.5, 270, 520)),
    "5": ([(0.42, -1), (-0.35, -1), (-0.4, -0.1), *_arc(-0.02, 0.4, 0.47, 0.6, 230, 500)],),
    "8": (_arc(0, -0.5, 0.38, 0.5, 0, 360), _arc(0, 0.5, 0.46, 0.5, 0, 360)),
    "S": ([*_arc(0, -0.5, 0.42, 0.5, 340, 90), *_arc(0, 0.5, 0.42, 0.5, -90, 160)],),
    "T": ([(-0.48, -1), (0.48, -1)], [(0, -1), (0, 1)]),
    "O": (_arc(0, 0, 0.45, 1, 0, 360),),
    "P": ([(-0.4, 1), (-0.4, -1), *_arc(-0.05, -0.45, 0.5, 0.55, 270, 450), (-0.4, 0.1)],),
}


def _write(pen: Pen, text: str, *, height: float, pitch: float, width: float, fill: Rgb) -> None:
    """Centre the text on the sign; `pitch` is the distance between two glyphs."""
    for k, letter in enumerate(text):
        x = (k - (len(text) - 1) / 2) * pitch
        for points in _GLYPHS[letter]:
            pen.stroke([(x + px * pitch * 0.75, py * height) for px, py in points], width, fill)


def _polygon(sides: int, radius: float, start: float) -> Points:
    turns = (start + k * 2 * math.pi / sides for k in range(sides))
    return [(radius * math.cos(t), radius * math.sin(t)) for t in turns]


def _prohibition(pen: Pen) -> None:
    """A white disc with a red rim."""
    pen.oval(0, 0, 0.98, fill=pen.palette.part)
    pen.oval(0, 0, pen.vary(0.72, 0.78), fill=pen.palette.pale)


def _warning(pen: Pen) -> None:
    """A white triangle with a red rim, its point up."""
    pen.shape([(0, -0.95), (1.0, 0.8), (-1.0, 0.8)], pen.palette.part)
    pen.shape([(0, -0.56), (0.68, 0.62), (-0.68, 0.62)], pen.palette.pale)


def _mandatory(pen: Pen) -> None:
    """A blue disc with a thin white rim."""
    pen.oval(0, 0, 0.98, fill=pen.palette.pale)
    pen.oval(0, 0, 0.92)


def _arrow(pen: Pen, points: Points, head: float) -> None:
    """A white arrow along the points, its head of half width `head` at the last one."""
    (x0, y0), (x1, y1) = points[-2], points[-1]
    length = math.hypot(x1 - x0, y1 - y0)
    dx, dy = (x1 - x0) / length * head, (y1 - y0) / length * head
    pen.stroke(points, head * 0.75, pen.palette.pale)
    tip = (x1 + dx * 1.3, y1 + dy * 1.3)
    pen.shape([(x1 - dy, y1 + dx), (x1 + dy, y1 - dx), tip], pen.palette.pale)


def _stop(pen: Pen) -> None:
    pen.shape(_polygon(8, 1.02, math.pi / 8), pen.palette.pale)
    pen.shape(_polygon(8, 0.94, math.pi / 8), pen.palette.part)
    _write(pen, "STOP", height=0.3, pitch=0.42, width=0.1, fill=pen.palette.pale)


def _no_entry(pen: Pen) -> None:
    pen.oval(0, 0, 0.98, fill=pen.palette.part)
    half = pen.vary(0.15, 0.2)
    pen.box(-0.7, -half, 0.7, half, pen.palette.pale)


def _yield(pen: Pen) -> None:
    pen.shape([(0, 0.95), (1.0, -0.8), (-1.0, -0.8)], pen.palette.part)
    pen.shape([(0, 0.5), (0.64, -0.58), (-0.64, -0.58)], pen.palette.pale)


def _priority_road(pen: Pen) -> None:
    pen.shape(_polygon(4, 1.02, 0), pen.palette.pale)
    pen.shape(_polygon(4, 0.72, 0), (245, 185, 20))


def _speed_limit(pen: Pen, text: str) -> None:
    _prohibition(pen)
    pitch = 0.63 if len(text) == 2 else 0.43
    _write(pen, text, height=pen.vary(0.38, 0.44), pitch=pitch, width=0.13, fill=pen.palette.dark)


def _speed_limit_30(pen: Pen) -> None:
    _speed_limit(pen, "30")


def _speed_limit_50(pen: Pen) -> None:
    _speed_limit(pen, "50")


def _speed_limit_80(pen: Pen) -> None:
    _speed_limit(pen, "80")


def _speed_limit_120(pen: Pen) -> None:
    _speed_limit(pen, "120")


def _turn(pen: Pen, side: int) -> None:
    _mandatory(pen)
    x = -side * 0.3
    _arrow(pen, [(x, 0.65), (x, 0.05), (x + side * 0.12, -0.12), (side * 0.25, -0.12)], 0.34)


def _turn_left(pen: Pen) -> None:
    _turn(pen, -1)


def _turn_right(pen: Pen) -> None:
    _turn(pen, 1)


def _straight_ahead(pen: Pen) -> None:
    _mandatory(pen)
    _arrow(pen, [(0, 0.7), (0, -0.25)], 0.34)


def _roundabout(pen: Pen) -> None:
    _mandatory(pen)
    for start in (20, 140, 260):
        _arrow(pen, _arc(0, 0, 0.52, 0.52, start, start + 70), 0.22)


def _small_car(pen: Pen, x: float, fill: Rgb) -> None:
    """A car from behind, as on the signs about overtaking."""
    pen.smooth([(x - 0.2, 0), (x - 0.13, -0.34), (x + 0.13, -0.34), (x + 0.2, 0)], fill)
    pen.box(x - 0.11, -0.25, x + 0.11, -0.08, pen.palette.pale)
    pen.box(x - 0.24, -0.04, x + 0.24, 0.2, fill)
    for side in (-1, 1):
        pen.box(x + side * 0.17 - 0.06, 0.2, x + side * 0.17 + 0.06, 0.34, fill)


def _no_overtaking(pen: Pen) -> None:
    _prohibition(pen)
    _small_car(pen, -0.32, pen.palette.part)
    _small_car(pen, 0.32, pen.palette.dark)


def _no_parking(pen: Pen) -> None:
    pen.oval(0, 0, 0.98, fill=pen.palette.part)
    pen.oval(0, 0, 0.76)
    pen.stroke([(-0.55, -0.55), (0.55, 0.55)], 0.22, pen.palette.part)


def _parking(pen: Pen) -> None:
    pen.box(-0.92, -0.92, 0.92, 0.92, pen.palette.pale)
    pen.box(-0.85, -0.85, 0.85, 0.85)
    _write(pen, "P", height=0.52, pitch=1.0, width=0.22, fill=pen.palette.pale)


def _danger(pen: Pen) -> None:
    _warning(pen)
    pen.shape([(-0.1, -0.3), (0.1, -0.3), (0.06, 0.24), (-0.06, 0.24)], pen.palette.dark)
    pen.oval(0, 0.42, 0.1, fill=pen.palette.dark)


def _traffic_lights(pen: Pen) -> None:
    _warning(pen)
    for y, fill in ((-0.2, pen.palette.part), (0.1, (240, 190, 30)), (0.4, (30, 150, 70))):
        pen.oval(0, y, 0.14, fill=fill)


def _pedestrian(pen: Pen, fill: Rgb) -> None:
    pen.oval(0.04, -0.42, 0.12, fill=fill)
    pen.stroke([(0, -0.18), (0, 0.15)], 0.2, fill)
    pen.stroke([(0, 0.15), (-0.22, 0.58)], 0.11, fill)
    pen.stroke([(0, 0.15), (0.12, 0.35), (0.2, 0.58)], 0.11, fill)
    pen.stroke([(0, -0.2), (-0.24, 0.08)], 0.09, fill)
    pen.stroke([(0, -0.2), (0.24, 0.05)], 0.09, fill)


def _pedestrian_crossing(pen: Pen) -> None:
    pen.box(-0.92, -0.92, 0.92, 0.92)
    pen.shape([(0, -0.78), (0.82, 0.72), (-0.82, 0.72)], pen.palette.pale)
    _pedestrian(pen, pen.palette.dark)


def _bicycles_only(pen: Pen) -> None:
    _mandatory(pen)
    line = pen.palette.pale
    for x in (-0.38, 0.38):
        pen.ring(x, 0.22, 0.28, 0.09, fill=line)
    pen.stroke([(-0.38, 0.22), (-0.18, -0.22), (0.2, -0.22), (0, 0.22), (-0.38, 0.22)], 0.09, line)
    pen.stroke([(0, 0.22), (-0.22, -0.36), (-0.36, -0.36)], 0.09, line)
    pen.stroke([(0.38, 0.22), (0.17, -0.42), (0.34, -0.44)], 0.09, line)


def _end_of_restrictions(pen: Pen) -> None:
    pen.oval(0, 0, 0.98, fill=pen.palette.dark)
    pen.oval(0, 0, 0.9, fill=pen.palette.pale)
    for shift in (-0.24, -0.08, 0.08, 0.24):
        pen.stroke(
            [(-0.5 + shift, 0.5 + shift), (0.5 + shift, -0.5 + shift)], 0.07, pen.palette.dark
        )


_DRAWINGS: dict[str, Callable[[Pen], None]] = {
    "stop": _stop,
    "no entry": _no_entry,
    "yield": _yield,
    "priority road": _priority_road,
    "speed limit 30": _speed_limit_30,
    "speed limit 50": _speed_limit_50,
    "speed limit 80": _speed_limit_80,
    "speed limit 120": _speed_limit_120,
    "turn left": _turn_left,
    "turn right": _turn_right,
    "straight ahead": _straight_ahead,
    "roundabout": _roundabout,
    "no overtaking": _no_overtaking,
    "no parking": _no_parking,
    "parking": _parking,
    "danger": _danger,
    "traffic lights": _traffic_lights,
    "pedestrian crossing": _pedestrian_crossing,
    "bicycles only": _bicycles_only,
    "end of restrictions": _end_of_restrictions,
}

RENDERED_SIGNS: tuple[str, ...] = tuple(_DRAWINGS)


def render_sign(name: str, *, rng: np.random.Generator, size: int = 64) -> Image.Image:
    """One picture of a traffic sign as a camera might have taken it.

    Args:
        name: One of `RENDERED_SIGNS`.
        rng: The only source of chance: the same state gives the same picture.
        size: Side of the picture in pixels.

    Returns:
        The picture, RGB, `size` by `size`.

    Raises:
        EntityError: No sign has this name.
    """
    if name not in _DRAWINGS:
        known = ", ".join(RENDERED_SIGNS)
        raise EntityError(f"no rendered sign is named {name!r}", hint=f"choose from: {known}")
    backdrop = _mute(rng, paint_backdrop(rng, size))
    pen = Pen(rng=rng, palette=_paint(rng), pose=_pose(rng), pixels=size * _SUPERSAMPLING)
    _DRAWINGS[name](pen)
    return photograph(rng, backdrop, pen.image)


def _mute(rng: np.random.Generator, backdrop: Canvas) -> Canvas:
    """Take colour out of a backdrop: streets are greyer than chance is."""
    grey = backdrop.mean(axis=2, keepdims=True)
    return np.asarray(backdrop + (grey - backdrop) * np.float32(rng.uniform(0.3, 0.95)))


def _pose(rng: np.random.Generator) -> Pose:
    """Fills most of the frame, turned a little towards or away from the camera."""
    half = float(rng.uniform(0.36, 0.48))
    slack = 0.52 - half
    shift = rng.uniform(-slack, slack, 2)
    return Pose(
        x=0.5 + float(shift[0]),
        y=0.5 + float(shift[1]),
        half_width=half * float(rng.uniform(0.84, 1.0)),
        half_height=half,
        turn=float(np.clip(rng.normal(0.0, _TILT / 2), -_TILT, _TILT)),
        shear=float(rng.normal(0.0, 0.07)),
    )


def _paint(rng: np.random.Generator) -> Palette:
    """The colours of signs, faded differently on each; `body` is blue, `part` red."""
    blue, red = _faded(rng, (25, 80, 175)), _faded(rng, (195, 30, 40))
    pale, dark = _faded(rng, (240, 240, 238)), _faded(rng, (25, 25, 28))
    return Palette(body=blue, part=red, ink=dark, pale=pale, dark=dark)


def _faded(rng: np.random.Generator, colour: Rgb) -> Rgb:
    red, green, blue = (
        int(c) for c in np.clip(np.asarray(colour) + rng.normal(0.0, 13.0, 3), 0, 255)
    )
    return red, green, blue
