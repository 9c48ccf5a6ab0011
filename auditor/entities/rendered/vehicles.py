"""Vehicles, from the side unless a function says otherwise."""

from __future__ import annotations

from auditor.entities.rendered.pen import CLEAR, Pen

# An outline reads as one: several points to a line.
# fmt: off


def _wheel(pen: Pen, x: float, y: float, radius: float) -> None:
    pen.oval(x, y, radius, fill=pen.palette.dark)
    pen.oval(x, y, radius * 0.5, fill=pen.palette.pale)


def car(pen: Pen) -> None:
    """A saloon: low bonnet, cabin with two windows, two wheels."""
    roof, back = pen.vary(-0.62, -0.48), pen.vary(0.5, 0.8)
    pen.smooth([(-0.98, 0.2), (-0.9, -0.02), (-0.5, -0.1), (-0.28, roof), (0.35, roof),
                (back - 0.05, -0.1), (0.95, 0.0), (0.98, 0.35), (0.5, 0.4), (-0.9, 0.4)])
    pen.shape([(-0.38, -0.08), (-0.22, roof + 0.13), (0.0, roof + 0.13), (0.0, -0.08)],
              pen.palette.part)
    pen.shape([(0.09, -0.08), (0.09, roof + 0.13), (0.32, roof + 0.13), (back - 0.17, -0.08)],
              pen.palette.part)
    wheel = pen.vary(0.2, 0.26)
    for x in (-0.55, 0.55):
        _wheel(pen, x, 0.4, wheel)
    pen.oval(-0.9, 0.12, 0.07, fill=pen.palette.pale)


def bus(pen: Pen) -> None:
    """A long box with a row of windows and a door."""
    top, windows = pen.vary(-0.65, -0.5), pen.count(4, 5)
    pen.smooth([(-0.97, top), (-0.9, top - 0.04), (0.9, top - 0.04), (0.97, top), (0.98, 0.4),
                (0.9, 0.45), (-0.9, 0.45), (-0.98, 0.4)])
    step = 1.75 / (windows + 1)
    for k in range(windows + 1):
        left = -0.88 + k * step
        low = 0.38 if k == 0 else -0.1
        pen.box(left, top + 0.14, left + step * 0.78, low, pen.palette.part)
    if pen.chance(0.5):
        pen.stroke([(-0.5, 0.15), (0.95, 0.15)], 0.06)
    for x in (-0.42, 0.58):
        _wheel(pen, x, 0.45, 0.21)


def bicycle(pen: Pen) -> None:
    """Two spoked wheels, a diamond frame, handlebar and saddle."""
    wheel, frame = pen.vary(0.38, 0.43), pen.palette.body
    for x in (-0.55, 0.55):
        pen.ring(x, 0.3, wheel, 0.06, fill=frame)
        for dx, dy in ((1, 0), (0, 1)):
            pen.stroke([(x - dx * wheel, 0.3 - dy * wheel), (x + dx * wheel, 0.3 + dy * wheel)],
                       0.02, frame)
    seat = pen.vary(-0.4, -0.3)
    pen.stroke(
        [(0.55, 0.3), (0.2, seat + 0.1), (-0.35, -0.32), (0.0, 0.32), (0.55, 0.3)], 0.07, frame
    )
    pen.stroke([(0.0, 0.32), (0.22, seat)], 0.07, frame)
    pen.stroke([(-0.55, 0.3), (-0.32, -0.5)], 0.07, frame)
    pen.stroke([(-0.32, -0.5), (-0.5, -0.62), (-0.62, -0.48)], 0.07, frame)
    pen.stroke([(0.06, seat - 0.02), (0.4, seat - 0.02)], 0.14, frame)


def sailing_boat(pen: Pen) -> None:
    """A hull, a mast, two triangular sails."""
    tip, sail = pen.vary(-0.98, -0.85), pen.vary(0.6, 0.8)
    pen.stroke([(0, tip), (0, 0.5)], 0.07)
    pen.smooth(
        [(0.07, tip + 0.05), (sail * 0.7, -0.2), (sail, 0.38), (0.07, 0.38)], pen.palette.part
    )
    pen.shape([(-0.07, tip + 0.15), (-0.07, 0.38), (-sail * 0.85, 0.38)], pen.palette.pale)
    pen.shape([(-0.9, 0.5), (0.95, 0.5), (0.65, 0.9), (-0.6, 0.9)])


def airplane(pen: Pen) -> None:
    """From above: a long hull, swept wings, a tail."""
    sweep, span = pen.vary(0.1, 0.4), pen.vary(0.88, 0.98)
    for side in (-1, 1):
        pen.shape([(side * 0.08, -0.28), (side * span, sweep - 0.05), (side * span, sweep + 0.12),
                   (side * 0.08, 0.2)], pen.palette.part)
        pen.shape([(side * 0.05, 0.6), (side * 0.4, 0.8), (side * 0.4, 0.92), (side * 0.05, 0.85)],
                  pen.palette.part)
    pen.smooth([(0, -0.98), (0.13, -0.75), (0.13, 0.3), (0.06, 0.95), (-0.06, 0.95), (-0.13, 0.3),
                (-0.13, -0.75)])
    pen.stroke([(-0.07, -0.76), (0.07, -0.76)], 0.07)


def rocket(pen: Pen) -> None:
    """Upright: pointed nose, round window, fins and a flame."""
    width = pen.vary(0.26, 0.34)
    pen.smooth([(-0.16, 0.6), (0.16, 0.6), (0.1, 0.85), (0, 1.0), (-0.1, 0.85)], pen.palette.pale)
    for side in (-1, 1):
        pen.shape([(side * width * 0.8, 0.1), (side * 0.62, 0.5), (side * 0.62, 0.82),
                   (side * width * 0.6, 0.6)], pen.palette.part)
    pen.smooth([(0, -0.98), (width * 0.8, -0.5), (width, 0.1), (width * 0.7, 0.65),
                (-width * 0.7, 0.65), (-width, 0.1), (-width * 0.8, -0.5)])
    pen.oval(0, -0.25, width * 0.55, fill=pen.palette.part)


def locomotive(pen: Pen) -> None:
    """A steam engine: boiler, chimney, cab, wheels in a row."""
    chimney, cab = pen.vary(0.1, 0.15), pen.vary(-0.75, -0.6)
    pen.shape([(-0.7 - chimney * 1.5, -0.75), (-0.7 + chimney * 1.5, -0.75), (-0.7 + chimney, -0.2),
               (-0.7 - chimney, -0.2)], pen.palette.part)
    pen.box(-0.92, -0.3, 0.3, 0.3)
    pen.oval(-0.25, -0.3, 0.16, fill=pen.palette.part)
    pen.box(0.25, cab, 0.88, 0.35)
    pen.box(0.15, cab - 0.12, 0.98, cab + 0.04, pen.palette.part)
    pen.box(0.42, cab + 0.17, 0.72, -0.18, CLEAR)
    pen.shape([(-0.9, 0.3), (-0.98, 0.65), (-0.7, 0.3)], pen.palette.part)
    for x, radius in ((-0.6, 0.18), (-0.18, 0.18), (0.5, 0.3)):
        _wheel(pen, x, 0.65 - radius * 0.5, radius)
