"""Animals, each drawn so that its outline alone tells what it is."""

from __future__ import annotations

import math

from auditor.entities.rendered.pen import Pen

# An outline reads as one: several points to a line.
# fmt: off


def fish(pen: Pen) -> None:
    """From the side, head to the left, tail fin spread."""
    height, colours = pen.vary(0.38, 0.58), pen.palette
    spread = pen.vary(0.4, 0.6)
    pen.shape([(0.4, 0), (0.98, -spread), (0.82, 0), (0.98, spread)], colours.part)
    pen.shape([(-0.25, -height * 0.8), (0.3, -height - 0.3), (0.35, -0.2)], colours.part)
    pen.smooth([(-0.95, 0.02), (-0.5, -height), (0.1, -height * 0.85), (0.62, 0),
                (0.1, height * 0.85), (-0.5, height)])
    pen.shape([(-0.1, 0.1), (0.28, 0.34), (0.22, 0)], colours.part)
    pen.curve([(-0.42, -height * 0.75), (-0.3, 0), (-0.42, height * 0.75)], 0.06)
    eye = pen.vary(0.09, 0.14)
    pen.oval(-0.63, -0.14, eye, fill=colours.pale)
    pen.oval(-0.64, -0.14, eye * 0.55, fill=colours.dark)


def butterfly(pen: Pen) -> None:
    """From above, four wings open."""
    reach, low = pen.vary(0.8, 0.98), pen.vary(0.5, 0.75)
    spot = pen.vary(0.1, 0.18)
    for side in (-1, 1):
        pen.smooth([(0, 0.05), (side * 0.3, 0.1), (side * low, 0.25), (side * low * 0.85, 0.75),
                    (side * 0.3, 0.75)], pen.palette.part)
        pen.smooth([(0, -0.1), (side * 0.3, -0.6), (side * reach, -0.85), (side * reach, -0.25),
                    (side * 0.5, 0.12), (0, 0.12)])
        pen.oval(side * reach * 0.68, -0.45, spot, fill=pen.palette.part)
        pen.curve([(0, -0.4), (side * 0.12, -0.75), (side * 0.28, -0.92)], 0.05)
    pen.oval(0, 0.08, 0.09, 0.55, fill=pen.palette.ink)


def snail(pen: Pen) -> None:
    """From the side, a spiral shell upon a long foot, two feelers."""
    shell = pen.vary(0.5, 0.6)
    pen.smooth([(-0.9, 0.1), (-0.72, -0.1), (-0.55, 0.1), (-0.4, 0.45), (0.4, 0.5), (0.98, 0.72),
                (0.4, 0.8), (-0.6, 0.78), (-0.82, 0.5)], pen.palette.part)
    for tip in (-0.95, -0.62):
        pen.stroke([(-0.75, 0), (tip, -0.42)], 0.06, pen.palette.part)
        pen.oval(tip, -0.44, 0.08, fill=pen.palette.part)
    pen.oval(0.15, 0.0, shell)
    turns = [(0.15 + shell * (1 - k / 16) * math.cos(k * 0.9 + 1.5),
              shell * (1 - k / 16) * math.sin(k * 0.9 + 1.5)) for k in range(15)]
    pen.curve(turns, pen.vary(0.07, 0.1))


def spider(pen: Pen) -> None:
    """From above, eight bent legs."""
    bend, reach = pen.vary(0.25, 0.4), pen.vary(0.85, 0.98)
    for side in (-1, 1):
        for root, knee, foot in ((-0.3, -0.75, -0.9), (-0.2, -0.4, -0.3),
                                 (-0.1, 0.05, 0.4), (0, 0.35, 0.95)):
            knee_x = side * (0.45 + bend * (0.6 if abs(foot) > 0.5 else 1))
            foot_x = side * reach * (0.75 if abs(foot) > 0.5 else 1)
            pen.stroke([(0, root), (knee_x, knee), (foot_x, foot)], 0.07, pen.palette.body)
    pen.oval(0, 0.3, pen.vary(0.3, 0.38), pen.vary(0.38, 0.48))
    pen.oval(0, -0.25, 0.24)
    if pen.chance(0.6):
        pen.shape([(-0.12, 0.12), (0.12, 0.12), (0, 0.3), (0.12, 0.48), (-0.12, 0.48), (0, 0.3)],
                  pen.palette.part)
    for side in (-1, 1):
        pen.oval(side * 0.09, -0.34, 0.06, fill=pen.palette.pale)


def _eyes(pen: Pen, x: float, y: float, rx: float, ry: float) -> None:
    look = pen.vary(-0.03, 0.03)
    for side in (-1, 1):
        pen.oval(side * x, y, rx, ry, fill=pen.palette.pale)
        pen.oval(side * x + look, y, rx * 0.5, ry * 0.7, fill=pen.palette.dark)


def cat_face(pen: Pen) -> None:
    """Pointed ears, whiskers, a small nose."""
    width, colours = pen.vary(0.68, 0.8), pen.palette
    tip = pen.vary(0.85, 1.0)
    for side in (-1, 1):
        pen.shape([(side * 0.12, -0.4), (side * 0.72, -tip), (side * (width + 0.02), 0.1)])
        pen.shape([(side * 0.32, -0.45), (side * 0.62, -tip + 0.22), (side * 0.65, -0.15)],
                  colours.part)
    pen.oval(0, 0.2, width, pen.vary(0.6, 0.68))
    _eyes(pen, 0.32, 0.05, 0.16, pen.vary(0.14, 0.19))
    pen.shape([(-0.1, 0.32), (0.1, 0.32), (0, 0.44)], colours.ink)
    pen.curve([(-0.22, 0.55), (-0.1, 0.6), (0, 0.45), (0.1, 0.6), (0.22, 0.55)], 0.05)
    for side in (-1, 1):
        for drop in (-0.14, 0.02, 0.18):
            pen.stroke([(side * 0.35, 0.42 + drop * 0.4), (side * 0.98, 0.38 + drop)], 0.035)


def dog_face(pen: Pen) -> None:
    """Hanging ears, a long muzzle with a big nose, often the tongue out."""
    ear, colours = pen.vary(0.3, 0.65), pen.palette
    pen.smooth([(-0.45, -0.7), (0, -0.82), (0.45, -0.7), (0.58, -0.1), (0.42, 0.5), (0, 0.7),
                (-0.42, 0.5), (-0.58, -0.1)])
    for side in (-1, 1):
        pen.smooth([(side * 0.36, -0.76), (side * 0.72, -0.7), (side * 0.95, ear - 0.2),
                    (side * 0.75, ear), (side * 0.55, ear - 0.4)], colours.part)
    _eyes(pen, 0.25, -0.25, 0.12, 0.13)
    if pen.chance(0.6):
        pen.smooth([(-0.15, 0.6), (0.15, 0.6), (0.14, 0.92), (0, 1.0), (-0.14, 0.92)],
                   colours.part)
    pen.oval(0, 0.4, pen.vary(0.34, 0.42), 0.34, fill=colours.pale)
    pen.oval(0, 0.2, 0.19, 0.13, fill=colours.dark)
    pen.curve([(-0.24, 0.5), (-0.1, 0.58), (0, 0.3), (0.1, 0.58), (0.24, 0.5)], 0.05, colours.dark)


def rabbit_face(pen: Pen) -> None:
    """Two long upright ears, front teeth."""
    lean, length = pen.vary(0.02, 0.3), pen.vary(0.48, 0.56)
    for side in (-1, 1):
        turn = side * lean
        pen.oval(side * (0.24 + lean * 0.4), -0.45, 0.17, length, turn=turn)
        pen.oval(side * (0.24 + lean * 0.4), -0.42, 0.08, length * 0.7, turn=turn,
                 fill=pen.palette.part)
    pen.oval(0, 0.4, pen.vary(0.5, 0.6), 0.52)
    _eyes(pen, 0.22, 0.25, 0.09, 0.12)
    pen.box(-0.1, 0.62, 0.1, 0.82, pen.palette.pale)
    pen.stroke([(0, 0.62), (0, 0.82)], 0.03, pen.palette.dark)
    pen.oval(0, 0.45, 0.1, 0.07, fill=pen.palette.ink)
    pen.curve([(-0.2, 0.58), (-0.08, 0.63), (0, 0.5), (0.08, 0.63), (0.2, 0.58)], 0.05)


def starfish(pen: Pen) -> None:
    """Five rounded arms with knobs along them."""
    waist, border = pen.vary(0.3, 0.42), []
    for arm in range(5):
        angle = arm * 0.4 * math.pi - 0.5 * math.pi
        for shift, radius in ((-0.12, 0.92), (0.12, 0.92), (0.2 * math.pi, waist)):
            border.append((radius * math.cos(angle + shift), radius * math.sin(angle + shift)))
    pen.smooth(border)
    dot = pen.vary(0.04, 0.075)
    for arm in range(5):
        angle = arm * 0.4 * math.pi - 0.5 * math.pi
        for radius in (0.25, 0.48, 0.7):
            x, y = radius * math.cos(angle), radius * math.sin(angle)
            pen.oval(x, y, dot, fill=pen.palette.part)


def duck(pen: Pen) -> None:
    """Swimming, from the side, bill to the left."""
    neck = pen.vary(-0.62, -0.42)
    pen.smooth([(-0.95, neck), (-0.6, neck - 0.14), (-0.55, neck + 0.16), (-0.92, neck + 0.16)],
               pen.palette.part)
    pen.smooth([(-0.65, 0.1), (-0.58, neck + 0.1), (-0.2, neck + 0.1), (-0.1, 0.05), (0.4, 0.02),
                (0.98, -0.3), (0.85, 0.4), (0.4, 0.75), (-0.3, 0.75), (-0.65, 0.5)])
    pen.oval(-0.4, neck, 0.27)
    pen.oval(-0.48, neck - 0.06, 0.06, fill=pen.palette.ink)
    pen.smooth([(-0.15, 0.25), (0.3, 0.12), (0.7, 0.15), (0.45, 0.5), (0.05, 0.5)],
               pen.palette.part)


def turtle(pen: Pen) -> None:
    """From the side, a domed shell with plates, four legs of which two show."""
    dome = pen.vary(-0.7, -0.5)
    for x in (-0.45, 0.4):
        pen.smooth([(x - 0.15, 0.2), (x + 0.15, 0.2), (x + 0.17, 0.62), (x - 0.17, 0.62)],
                   pen.palette.part)
    pen.shape([(0.6, 0.1), (0.98, 0.32), (0.6, 0.3)], pen.palette.part)
    head = pen.vary(-0.25, 0.0)
    pen.stroke([(-0.6, 0.2), (-0.78, head)], 0.2, pen.palette.part)
    pen.oval(-0.82, head, 0.19, 0.16, fill=pen.palette.part)
    pen.oval(-0.86, head - 0.04, 0.045, fill=pen.palette.dark)
    pen.smooth([(-0.75, 0.28), (-0.6, -0.2), (-0.2, dome), (0.25, dome), (0.62, -0.2), (0.75, 0.28),
                (0, 0.34)])
    for left, right in ((-0.35, -0.15), (0.1, 0.3)):
        pen.stroke([(left * 1.4, 0.25), (left, dome * 0.3), (right * 0.7, dome * 0.85)], 0.05)
    pen.stroke([(-0.33, dome * 0.3), (0.12, dome * 0.3), (0.35, 0.25)], 0.05)
