"""Plants and food."""

from __future__ import annotations

import math

from auditor.entities.rendered.pen import Pen

# An outline reads as one: several points to a line.
# fmt: off


def tree(pen: Pen) -> None:
    """A trunk under a round crown of several lobes."""
    trunk = pen.vary(0.09, 0.15)
    pen.shape([(-trunk, 0.1), (trunk, 0.1), (trunk * 1.4, 0.98), (-trunk * 1.4, 0.98)],
              pen.palette.part)
    lobes, size = pen.count(5, 7), pen.vary(0.3, 0.38)
    for k in range(lobes):
        angle = k * 2 * math.pi / lobes
        pen.oval(0.42 * math.cos(angle), -0.35 + 0.3 * math.sin(angle), size)
    pen.oval(0, -0.35, 0.48, 0.4)


def fir_tree(pen: Pen) -> None:
    """Three or four tiers of triangles on a short trunk."""
    tiers, width = pen.count(3, 4), pen.vary(0.6, 0.8)
    pen.box(-0.11, 0.1, 0.11, 0.98, pen.palette.part)
    step = 1.65 / (tiers + 1)
    for tier in reversed(range(tiers)):
        top = -0.98 + tier * step * 0.85
        half = width * (tier + 1.6) / (tiers + 0.6)
        pen.shape([(0, top), (half, top + step * 1.5), (-half, top + step * 1.5)])


def flower(pen: Pen) -> None:
    """Petals round a disc, a stem with leaves."""
    petals, reach = pen.count(5, 8), pen.vary(0.3, 0.36)
    pen.curve([(0, -0.3), (pen.vary(-0.1, 0.1), 0.4), (0, 0.98)], 0.09, pen.palette.part)
    leaf = pen.vary(0.35, 0.55)
    pen.smooth([(0, 0.75), (leaf * 0.5, 0.4), (leaf, 0.35), (leaf * 0.7, 0.65)], pen.palette.part)
    if pen.chance(0.7):
        pen.smooth([(0, 0.6), (-leaf * 0.5, 0.25), (-leaf, 0.2), (-leaf * 0.7, 0.5)],
                   pen.palette.part)
    for k in range(petals):
        turn = k * 2 * math.pi / petals
        x, y = reach * math.cos(turn), -0.42 + reach * math.sin(turn)
        pen.oval(x, y, 0.24, 0.8 / petals, turn=turn)
    pen.oval(0, -0.42, pen.vary(0.15, 0.2), fill=pen.palette.part)


def mushroom(pen: Pen) -> None:
    """A spotted cap on a thick stalk."""
    stalk, rim = pen.vary(0.2, 0.3), pen.vary(0.05, 0.2)
    pen.smooth([(-stalk, 0), (stalk, 0), (stalk * 0.9, 0.5), (stalk * 1.3, 0.92),
                (-stalk * 1.3, 0.92), (-stalk * 0.9, 0.5)], pen.palette.pale)
    top = pen.vary(-0.95, -0.75)
    pen.smooth([(-0.9, rim), (-0.75, -0.4), (0, top), (0.75, -0.4), (0.9, rim), (0.4, rim + 0.1),
                (-0.4, rim + 0.1)])
    for x, y, r in (
        (-0.45, -0.25, 0.13),
        (0.02, -0.5, 0.16),
        (0.48, -0.2, 0.13),
        (0.05, -0.1, 0.1),
    ):
        pen.oval(x + pen.vary(-0.05, 0.05), y, r, r * 0.85, fill=pen.palette.part)


def cactus(pen: Pen) -> None:
    """A column with two raised arms, standing in a pot or not."""
    width, left, right = pen.vary(0.3, 0.4), pen.vary(-0.5, -0.1), pen.vary(-0.4, 0.0)
    body = pen.palette.body
    pen.stroke([(0, 0.1), (-0.6, 0.1), (-0.6, left)], width * 0.7, body)
    pen.stroke([(0, 0.3), (0.6, 0.3), (0.6, right)], width * 0.7, body)
    pen.stroke([(0, -0.7), (0, 0.75)], width, body)
    for x in (-0.07, 0.07):
        pen.stroke([(x, -0.7), (x, 0.55)], 0.03)
    if pen.chance(0.7):
        pen.shape([(-0.45, 0.55), (0.45, 0.55), (0.33, 0.98), (-0.33, 0.98)], pen.palette.part)


def banana(pen: Pen) -> None:
    """A crescent with a stalk at one end."""
    belly = pen.vary(0.55, 0.75)
    pen.smooth([(-0.9, -0.5), (-0.75, -0.6), (-0.45, -0.1), (0.1, 0.12), (0.7, -0.12),
                (0.95, -0.35), (0.98, -0.15), (0.65, belly * 0.6), (0, belly),
                (-0.6, belly * 0.6)])
    pen.shape([(-0.94, -0.78), (-0.78, -0.82), (-0.68, -0.45), (-0.88, -0.42)], pen.palette.ink)
    pen.curve([(-0.7, -0.15), (-0.35, 0.3), (0.1, 0.42), (0.6, 0.25), (0.88, 0)], 0.05)


def apple(pen: Pen) -> None:
    """Two lobes, a dent on top with stalk and leaf."""
    width = pen.vary(0.72, 0.85)
    pen.smooth([(0, -0.35), (0.4, -0.55), (width, -0.15), (width * 0.8, 0.55), (0.3, 0.92),
                (0, 0.82), (-0.3, 0.92), (-width * 0.8, 0.55), (-width, -0.15),
                (-0.4, -0.55)])
    lean = pen.vary(-0.1, 0.15)
    pen.curve([(0, -0.3), (0.02, -0.6), (lean, -0.88)], 0.1)
    pen.smooth([(0.05, -0.6), (0.25, -0.92), (0.65, -0.92), (0.45, -0.65)], pen.palette.part)


def cherries(pen: Pen) -> None:
    """Two round fruits on stalks that meet."""
    size, drop = pen.vary(0.32, 0.4), pen.vary(-0.1, 0.15)
    for x, y in ((-0.5, 0.5 + drop), (0.45, 0.5 - drop)):
        pen.curve([(x, y - size * 0.7), (x * 0.7, -0.2), (0.1, -0.88)], 0.07)
        pen.oval(x, y, size)
        pen.oval(x - size * 0.35, y - size * 0.4, 0.09, fill=pen.palette.pale)
    pen.smooth([(0.1, -0.88), (0.4, -0.98), (0.85, -0.7), (0.5, -0.6)], pen.palette.part)


def pizza_slice(pen: Pen) -> None:
    """A wedge with a crust on the broad end and round toppings."""
    half = pen.vary(0.6, 0.8)
    pen.shape([(-half, -0.6), (half, -0.6), (0, 0.98)])
    pen.stroke([(-half, -0.65), (0, -0.82), (half, -0.65)], 0.26, pen.palette.part)
    size = pen.vary(0.12, 0.17)
    for x, y in ((-0.28, -0.3), (0.26, -0.25), (-0.02, 0.12), (0.03, 0.5)):
        pen.oval(x + pen.vary(-0.05, 0.05), y, size, fill=pen.palette.ink)


def ice_cream(pen: Pen) -> None:
    """One to three scoops in a pointed cone."""
    scoops, size = pen.count(1, 3), pen.vary(0.36, 0.42)
    places = {
        1: ((0, -0.4),),
        2: ((0, -0.55), (0, -0.2)),
        3: ((0, -0.6), (-0.3, -0.2), (0.3, -0.2)),
    }
    for k, (x, y) in enumerate(places[scoops]):
        pen.oval(x, y, size, fill=pen.palette.body if k % 2 else pen.palette.pale)
    pen.shape([(-0.45, -0.05), (0.45, -0.05), (0, 0.98)], pen.palette.part)
    for x in (-0.22, 0.22):
        pen.stroke([(x * 0.9, -0.05), (x * -0.35, 0.65)], 0.04)


def carrot(pen: Pen) -> None:
    """A tapering root with a tuft of leaves."""
    width = pen.vary(0.28, 0.38)
    for tip in (-0.4, -0.14, 0.14, 0.4):
        pen.stroke([(0, -0.4), (tip, -0.95 + abs(tip) * 0.4)], 0.13, pen.palette.part)
    pen.smooth([(-width, -0.35), (0, -0.5), (width, -0.35), (width * 0.6, 0.25), (0, 0.98),
                (-width * 0.6, 0.25)])
    for y, side in ((-0.2, -1), (0.05, 1), (0.3, -1), (0.5, 1)):
        pen.stroke([(side * width * (0.75 - y * 0.6), y), (side * 0.05, y + 0.04)], 0.05)
