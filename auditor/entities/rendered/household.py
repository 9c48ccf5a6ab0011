"""Things found in a home."""

from __future__ import annotations

import math

from auditor.entities.rendered.pen import Pen

# An outline reads as one: several points to a line.
# fmt: off


def cup(pen: Pen) -> None:
    """A mug with a handle on one side, often steaming."""
    base, top = pen.vary(0.35, 0.5), pen.vary(-0.35, -0.2)
    pen.ring(0.55, 0.25, 0.32, 0.14, fill=pen.palette.body)
    pen.smooth(
        [(-0.6, top), (0.5, top), (base, 0.8), (0.2, 0.88), (-0.3, 0.88), (-base - 0.1, 0.8)]
    )
    pen.oval(-0.05, top, 0.58, 0.13, fill=pen.palette.part)
    if pen.chance(0.6):
        for x in (-0.25, 0.15):
            pen.curve([(x, -0.5), (x + 0.1, -0.65), (x, -0.8), (x + 0.1, -0.95)], 0.06,
                      pen.palette.body)


def bottle(pen: Pen) -> None:
    """A slim neck on a straight body with a label."""
    width, shoulder = pen.vary(0.28, 0.38), pen.vary(-0.35, -0.1)
    pen.smooth([(-0.12, -0.85), (0.12, -0.85), (0.13, shoulder - 0.2), (width, shoulder + 0.12),
                (width, 0.9), (width - 0.08, 0.97), (-width + 0.08, 0.97), (-width, 0.9),
                (-width, shoulder + 0.12), (-0.13, shoulder - 0.2)])
    pen.box(-0.15, -0.98, 0.15, -0.82, pen.palette.ink)
    pen.box(-width, 0.2, width, 0.65, pen.palette.part)


def chair(pen: Pen) -> None:
    """Seen half from the side: back rest, seat, four legs."""
    seat, top = pen.vary(0.02, 0.18), pen.vary(-0.98, -0.8)
    wood = pen.palette.body
    for x, foot, low in ((-0.45, -0.48, 0.97), (0.35, 0.36, 0.97), (-0.2, -0.2, 0.75),
                         (0.55, 0.58, 0.75)):
        pen.stroke([(x, seat), (foot, low)], 0.11, wood)
    pen.shape([(-0.52, seat + 0.1), (0.42, seat + 0.1), (0.62, seat - 0.12), (-0.3, seat - 0.12)],
              pen.palette.part)
    for x in (-0.47, -0.28):
        pen.stroke([(x, seat), (x - 0.06, top + (0.12 if x < -0.4 else 0))], 0.1, wood)
    for share in (0.08, 0.5):
        y = top + share * (seat - top)
        pen.shape([(-0.52, y + 0.12), (-0.34, y), (-0.34, y + 0.18), (-0.52, y + 0.3)])


def stool(pen: Pen) -> None:
    """A round seat on splayed legs with a bar between them."""
    top = pen.vary(-0.6, -0.4)
    for start, foot in ((-0.4, -0.6), (-0.08, -0.12), (0.4, 0.6)):
        pen.stroke([(start, top), (foot, 0.95)], 0.11, pen.palette.body)
    pen.stroke([(-0.5, 0.45), (0.5, 0.45)], 0.08, pen.palette.body)
    pen.oval(0, top, pen.vary(0.6, 0.72), 0.17, fill=pen.palette.part)


def umbrella(pen: Pen) -> None:
    """Open, scalloped below, with a crooked handle."""
    rim = pen.vary(-0.12, 0.05)
    pen.stroke([(0, -0.95), (0, -0.7)], 0.07)
    pen.curve([(0, rim - 0.2), (0, 0.75), (0.08, 0.92), (0.22, 0.92), (0.3, 0.75)], 0.08)
    arch = [(0.95 * math.cos(a), rim - (0.78 + rim) * math.sin(a))
            for a in (k * math.pi / 12 for k in range(13))]
    hem = []
    for k in range(4):
        left = -0.95 + k * 0.475
        hem += [(left + 0.1, rim - 0.09), (left + 0.2375, rim - 0.13), (left + 0.375, rim - 0.09)]
        hem.append((left + 0.475, rim))
    pen.shape([*arch, *hem])
    top = -0.75
    for x in (-0.475, 0.0, 0.475):
        pen.curve([(0, top), (x * 0.8, top * 0.6 + rim * 0.4), (x, rim)], 0.04)


def lamp(pen: Pen) -> None:
    """A table lamp: a shade like a cut cone on a stand."""
    narrow, wide = pen.vary(0.22, 0.38), pen.vary(0.6, 0.75)
    pen.stroke([(0, 0), (0, 0.85)], 0.12, pen.palette.part)
    pen.smooth([(-0.42, 0.95), (-0.3, 0.8), (0, 0.74), (0.3, 0.8), (0.42, 0.95)], pen.palette.part)
    pen.shape([(-narrow, -0.95), (narrow, -0.95), (wide, 0.1), (-wide, 0.1)])
    if pen.chance(0.6):
        pen.stroke([(wide * 0.6, 0.15), (wide * 0.6, 0.45)], 0.05, pen.palette.body)


def clock(pen: Pen) -> None:
    """A round dial with hour marks and two hands."""
    radius = pen.vary(0.82, 0.95)
    pen.oval(0, 0, radius)
    pen.oval(0, 0, radius * 0.82, fill=pen.palette.pale)
    for k in range(12):
        angle = k * math.pi / 6
        x, y = math.cos(angle) * radius, math.sin(angle) * radius
        pen.stroke([(x * 0.64, y * 0.64), (x * 0.74, y * 0.74)], 0.07, pen.palette.dark)
    hour, minute = pen.vary(0, 2 * math.pi), pen.vary(0, 2 * math.pi)
    pen.stroke([(0, 0), (0.36 * math.cos(hour), 0.36 * math.sin(hour))], 0.12, pen.palette.dark)
    pen.stroke([(0, 0), (0.56 * math.cos(minute), 0.56 * math.sin(minute))], 0.08,
               pen.palette.dark)


def candle(pen: Pen) -> None:
    """A burning candle in a dish."""
    width, top = pen.vary(0.18, 0.26), pen.vary(-0.3, 0.0)
    pen.ring(0.62, 0.72, 0.2, 0.1, fill=pen.palette.part)
    pen.smooth([(-0.7, 0.65), (0.6, 0.65), (0.4, 0.92), (-0.5, 0.92)], pen.palette.part)
    pen.box(-width, top, width, 0.74)
    pen.stroke([(0, top), (0, top - 0.16)], 0.06)
    tip = pen.vary(-0.12, 0.12)
    pen.smooth([(0, top - 0.1), (0.17, top - 0.3), (tip, top - 0.68), (-0.17, top - 0.3)],
               pen.palette.part)


def eyeglasses(pen: Pen) -> None:
    """Two lenses, a bridge, the ends of the temples."""
    rx, ry = pen.vary(0.33, 0.4), pen.vary(0.26, 0.38)
    frame = pen.palette.body
    tinted = pen.chance(0.5)
    for side in (-1, 1):
        if tinted:
            pen.oval(side * 0.5, 0, rx, ry, fill=pen.palette.pale)
        pen.ring(side * 0.5, 0, rx, 0.11, ry=ry, fill=frame)
        pen.stroke([(side * (0.5 + rx), -0.05), (side * 0.96, -0.28)], 0.1, frame)
    pen.curve([(-0.5 + rx, -0.05), (0, -0.15), (0.5 - rx, -0.05)], 0.1, frame)


def teapot(pen: Pen) -> None:
    """A round belly, spout, handle and lid."""
    belly = pen.vary(0.5, 0.58)
    pen.ring(0.6, 0.18, 0.32, 0.13, ry=0.36, fill=pen.palette.body)
    pen.smooth([(-0.35, 0.3), (-0.7, 0.1), (-0.85, -0.35), (-0.98, -0.38), (-0.85, 0.3),
                (-0.4, 0.65)])
    pen.oval(0.05, 0.25, 0.58, belly)
    pen.smooth([(-0.3, -0.22), (-0.15, -0.42), (0.25, -0.42), (0.4, -0.22), (0.05, -0.16)],
               pen.palette.part)
    pen.oval(0.05, -0.52, 0.11, fill=pen.palette.part)
