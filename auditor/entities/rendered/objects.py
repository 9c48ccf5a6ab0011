"""Tools, musical instruments and things that stand outdoors."""

from __future__ import annotations

import math

from auditor.entities.rendered.pen import CLEAR, Pen

# An outline reads as one: several points to a line.
# fmt: off


def key(pen: Pen) -> None:
    """A ring, a shaft and a bit with teeth."""
    bow, width = pen.vary(0.28, 0.36), pen.vary(0.12, 0.17)
    metal = pen.palette.body
    pen.stroke([(-0.4, 0), (0.92, 0)], width, metal)
    for x in (0.5, 0.72, 0.9)[: pen.count(2, 3)]:
        pen.stroke([(x, 0), (x, pen.vary(0.25, 0.42))], 0.12, metal)
    pen.ring(-0.6, 0, bow, 0.17, fill=metal)


def ladder(pen: Pen) -> None:
    """Two rails and rungs."""
    wide, narrow, rungs = pen.vary(0.36, 0.5), pen.vary(0.28, 0.36), pen.count(5, 7)
    for k in range(rungs):
        share = (k + 0.5) / rungs
        half, y = narrow + (wide - narrow) * share, -0.92 + 1.84 * share
        pen.stroke([(-half, y), (half, y)], 0.1, pen.palette.body)
    for side in (-1, 1):
        pen.stroke([(side * narrow, -0.95), (side * wide, 0.95)], 0.12, pen.palette.body)


def scissors(pen: Pen) -> None:
    """Two crossed blades and two ring handles."""
    gape, loop = pen.vary(0.18, 0.42), pen.vary(0.2, 0.26)
    for side in (-1, 1):
        pen.shape([(side * gape, -0.98), (-side * 0.02, 0.22), (-side * 0.17, 0.14)])
        pen.stroke([(-side * 0.05, 0.1), (-side * 0.3, 0.45)], 0.13, pen.palette.part)
        pen.ring(-side * 0.4, 0.66, loop, 0.13, fill=pen.palette.part)
    pen.oval(0, 0.08, 0.07, fill=pen.palette.ink)


def hammer(pen: Pen) -> None:
    """A long handle, a head with a flat face and a claw."""
    handle, face = pen.vary(0.09, 0.13), pen.vary(0.2, 0.26)
    pen.box(-handle, -0.5, handle, 0.97, pen.palette.part)
    pen.smooth([(-0.1, -0.8), (0.3, -0.82), (0.7, -0.75), (0.9, -0.4), (0.55, -0.52), (0.2, -0.5),
                (-0.1, -0.48)])
    pen.box(-0.45, -0.8, 0.15, -0.48)
    pen.box(-0.68, -0.65 - face, -0.42, -0.65 + face)


def saw(pen: Pen) -> None:
    """A toothed blade, broad at the handle."""
    teeth, tip = pen.count(8, 11), pen.vary(0.1, 0.2)
    edge = []
    for k in range(teeth):
        left = -0.98 + 1.4 * k / teeth
        edge += [(left, 0.28), (left + 0.7 / teeth, 0.45)]
    pen.shape([(0.42, 0.28), (0.42, -0.4), (-0.98, 0.28 - tip - 0.1), *edge])
    pen.smooth([(0.35, -0.5), (0.75, -0.48), (0.98, -0.1), (0.95, 0.4), (0.6, 0.5), (0.35, 0.35)],
               pen.palette.part)
    pen.oval(0.65, 0.0, 0.13, 0.22, fill=CLEAR)


def guitar(pen: Pen) -> None:
    """A waisted body with a sound hole, neck and head."""
    waist, low = pen.vary(0.26, 0.33), pen.vary(0.48, 0.58)
    pen.smooth([(0, -0.12), (0.3, -0.08), (0.38, 0.12), (waist, 0.34), (low, 0.62), (0.36, 0.94),
                (0, 0.98), (-0.36, 0.94), (-low, 0.62), (-waist, 0.34), (-0.38, 0.12),
                (-0.3, -0.08)])
    pen.box(-0.08, -0.8, 0.08, 0.2, pen.palette.part)
    pen.shape([(-0.09, -0.7), (-0.16, -0.98), (0.16, -0.98), (0.09, -0.7)], pen.palette.part)
    pen.oval(0, 0.32, 0.16, fill=pen.palette.ink)
    pen.stroke([(-0.2, 0.75), (0.2, 0.75)], 0.08)


def balloon(pen: Pen) -> None:
    """A drop-shaped toy balloon on a string."""
    width = pen.vary(0.52, 0.62)
    pen.curve([(0, 0.4), (pen.vary(-0.2, 0.2), 0.6), (pen.vary(-0.2, 0.2), 0.8), (0, 0.99)], 0.05,
              pen.palette.body)
    pen.smooth([(0, -0.98), (width * 0.8, -0.75), (width, -0.3), (width * 0.5, 0.18), (0, 0.36),
                (-width * 0.5, 0.18), (-width, -0.3), (-width * 0.8, -0.75)])
    pen.shape([(0, 0.3), (0.13, 0.48), (-0.13, 0.48)])
    pen.oval(-width * 0.45, -0.55, 0.1, 0.18, turn=0.5, fill=pen.palette.pale)


def snowman(pen: Pen) -> None:
    """Balls upon one another, hat, pointed nose, stick arms."""
    belly = pen.vary(0.38, 0.46)
    for side in (-1, 1):
        lift = pen.vary(-0.35, 0.05)
        pen.stroke([(side * 0.25, 0.05), (side * 0.85, lift)], 0.06, pen.palette.part)
    pen.oval(0, 0.55, belly)
    pen.oval(0, -0.02, belly * 0.72)
    pen.oval(0, -0.48, belly * 0.55)
    pen.box(-0.34, -0.72, 0.34, -0.62, pen.palette.part)
    pen.box(-0.2, -0.98, 0.2, -0.68, pen.palette.part)
    for x in (-0.09, 0.09):
        pen.oval(x, -0.52, 0.045, fill=pen.palette.ink)
    pen.shape([(0, -0.47), (0, -0.38), (0.3, -0.38)], pen.palette.part)
    for y in (-0.1, 0.08, 0.4):
        pen.oval(0, y, 0.05, fill=pen.palette.ink)


def house(pen: Pen) -> None:
    """A gable, a door, a window, often a chimney."""
    eaves, ridge = pen.vary(-0.25, -0.05), pen.vary(-0.98, -0.8)
    if pen.chance(0.7):
        pen.box(0.35, ridge + 0.05, 0.56, eaves, pen.palette.part)
    pen.box(-0.72, eaves, 0.72, 0.92)
    pen.shape([(-0.95, eaves + 0.03), (0, ridge), (0.95, eaves + 0.03)], pen.palette.part)
    door = pen.vary(-0.45, -0.2)
    pen.box(door - 0.15, 0.3, door + 0.15, 0.92, pen.palette.ink)
    pen.box(door + 0.4, 0.2, door + 0.8, 0.6, pen.palette.part)
    pen.stroke([(door + 0.6, 0.2), (door + 0.6, 0.6)], 0.06)
    pen.stroke([(door + 0.4, 0.4), (door + 0.8, 0.4)], 0.06)


def windmill(pen: Pen) -> None:
    """A tapering tower with four sails."""
    pen.shape([(-0.22, -0.35), (0.22, -0.35), (0.38, 0.97), (-0.38, 0.97)])
    pen.smooth([(-0.26, -0.33), (0, -0.68), (0.26, -0.33)], pen.palette.part)
    pen.box(-0.1, 0.62, 0.1, 0.97, pen.palette.ink)
    start = pen.vary(0.3, 1.27)
    for k in range(4):
        angle = start + k * math.pi / 2
        cos, sin = math.cos(angle), math.sin(angle)
        corners = ((0.05, 0), (0.72, 0), (0.72, 0.2), (0.18, 0.2))
        pen.shape([(x * cos - y * sin, -0.3 + x * sin + y * cos) for x, y in corners],
                  pen.palette.part)
        pen.stroke([(0, -0.3), (0.74 * cos, -0.3 + 0.74 * sin)], 0.06)


def tennis_racket(pen: Pen) -> None:
    """A strung oval on a handle."""
    rx = pen.vary(0.38, 0.46)
    for k in (-0.5, 0.0, 0.5):
        reach = math.sqrt(1 - k * k)
        pen.stroke([(k * rx, -0.42 - reach * 0.5), (k * rx, -0.42 + reach * 0.5)], 0.03,
                   pen.palette.body)
        pen.stroke([(-reach * rx, -0.42 + k * 0.5), (reach * rx, -0.42 + k * 0.5)], 0.03,
                   pen.palette.body)
    pen.ring(0, -0.42, rx, 0.12, ry=0.5, fill=pen.palette.body)
    pen.stroke([(-rx * 0.6, 0.0), (0, 0.3), (rx * 0.6, 0.0)], 0.09, pen.palette.body)
    pen.stroke([(0, 0.3), (0, 0.95)], 0.17, pen.palette.part)
