"""A pen that draws in unit coordinates and places what it draws by one pose.

A drawing spans about [-1, 1] in x and y, y pointing down. The pose turns, scales, shears,
mirrors and shifts it, so a drawing function states a shape once and never thinks of pixels.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

Rgb = tuple[int, int, int]
Rgba = tuple[int, int, int, int]
Points = Sequence[tuple[float, float]]

CLEAR: Rgba = (0, 0, 0, 0)

_STEPS = 5
_ANGLES = np.linspace(0.0, 2.0 * math.pi, 28, endpoint=False)
_CIRCLE = np.stack([np.cos(_ANGLES), np.sin(_ANGLES)], axis=1)
_T = np.linspace(0.0, 1.0, _STEPS, endpoint=False)[:, None]
# Catmull-Rom weights (steps, 4) of the two neighbours before and after a span.
_WEIGHTS = 0.5 * np.concatenate(
    [
        -_T + 2 * _T**2 - _T**3,
        2 - 5 * _T**2 + 3 * _T**3,
        _T + 4 * _T**2 - 3 * _T**3,
        -(_T**2) + _T**3,
    ],
    axis=1,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Palette:
    """The colours of one instance. `ink` can be read on `body`, `part` differs from it."""

    body: Rgb
    part: Rgb
    ink: Rgb
    pale: Rgb
    dark: Rgb


@dataclass(frozen=True, slots=True, kw_only=True)
class Pose:
    """Where a drawing stands in the frame, in frame widths; `turn` and `shear` in radians."""

    x: float = 0.5
    y: float = 0.5
    half_width: float = 0.4
    half_height: float = 0.4
    turn: float = 0.0
    shear: float = 0.0
    mirrored: bool = False

    def matrix(self, pixels: int) -> NDArray[np.float64]:
        """The (2, 2) map from unit coordinates to pixels, without the shift."""
        cos, sin = math.cos(self.turn), math.sin(self.turn)
        turn = np.array([[cos, -sin], [sin, cos]])
        shear = np.array([[1.0, math.tan(self.shear)], [0.0, 1.0]])
        width = -self.half_width if self.mirrored else self.half_width
        return np.asarray(turn @ shear @ np.diag([width, self.half_height]) * pixels)


class Pen:
    """Draws one instance onto a transparent layer.

    Args:
        rng: The only source of chance; drawing functions vary their shapes with it.
        palette: The colours of this instance.
        pose: Where and how the drawing stands.
        pixels: Side of the layer.
        outline: Width of the line around every area, in unit coordinates; 0 for none.
    """

    def __init__(
        self,
        *,
        rng: np.random.Generator,
        palette: Palette,
        pose: Pose,
        pixels: int,
        outline: float = 0.0,
    ) -> None:
        self.rng = rng
        self.palette = palette
        self.image = Image.new("RGBA", (pixels, pixels), CLEAR)
        self._draw = ImageDraw.Draw(self.image)
        self._matrix = pose.matrix(pixels).T
        self._offset = np.array([pose.x, pose.y]) * pixels
        self._unit = pixels * math.sqrt(pose.half_width * pose.half_height)
        self._outline = outline

    def vary(self, low: float, high: float) -> float:
        """A shape parameter between `low` and `high`."""
        return low + (high - low) * float(self.rng.random())

    def count(self, low: int, high: int) -> int:
        """A number of parts, both ends included."""
        return int(self.rng.integers(low, high + 1))

    def chance(self, share: float) -> bool:
        """True in this share of instances."""
        return bool(self.rng.random() < share)

    def shape(self, points: Points | NDArray[np.float64], fill: Rgb | Rgba | None = None) -> None:
        """A filled polygon; `fill` is the body colour unless given, CLEAR cuts a hole."""
        placed = self._place(points)
        colour = self.palette.body if fill is None else fill
        self._draw.polygon(placed, fill=colour)
        if self._outline:
            self._line([*placed, *placed[:4]], self._outline, self.palette.ink)

    def smooth(self, points: Points, fill: Rgb | Rgba | None = None) -> None:
        """A filled area with a rounded border through the points."""
        corners = np.asarray(points, dtype=np.float64)
        self.shape(_spline(np.concatenate([corners[-1:], corners, corners[:2]])), fill)

    def oval(
        self,
        x: float,
        y: float,
        rx: float,
        ry: float | None = None,
        *,
        turn: float = 0.0,
        fill: Rgb | Rgba | None = None,
    ) -> None:
        """A filled ellipse, its axes turned by `turn` radians; a circle without `ry`."""
        self.shape(_ellipse(x, y, rx, rx if ry is None else ry, turn), fill)

    def box(
        self, left: float, top: float, right: float, bottom: float, fill: Rgb | Rgba | None = None
    ) -> None:
        """A filled rectangle."""
        self.shape([(left, top), (right, top), (right, bottom), (left, bottom)], fill)

    def stroke(
        self, points: Points | NDArray[np.float64], width: float, fill: Rgb | Rgba | None = None
    ) -> None:
        """A line with round ends through the points; `fill` is the ink colour unless given."""
        colour = self.palette.ink if fill is None else fill
        placed = self._place(points)
        # A hairline would drown in its own outline.
        if self._outline and width > 0.05 and colour != self.palette.ink:
            self._line(placed, width + 2 * self._outline, self.palette.ink)
        self._line(placed, width, colour)

    def curve(self, points: Points, width: float, fill: Rgb | Rgba | None = None) -> None:
        """A rounded line through the points."""
        knots = np.asarray(points, dtype=np.float64)
        ends = np.concatenate([knots[:1], knots, knots[-1:]])
        self.stroke(np.concatenate([_spline(ends), knots[-1:]]), width, fill)

    def ring(
        self,
        x: float,
        y: float,
        rx: float,
        width: float,
        *,
        ry: float | None = None,
        fill: Rgb | Rgba | None = None,
    ) -> None:
        """An ellipse drawn as a line."""
        around = _ellipse(x, y, rx, rx if ry is None else ry, 0.0)
        self.stroke(np.concatenate([around, around[:2]]), width, fill)

    def _place(self, points: Points | NDArray[np.float64]) -> list[float]:
        placed = np.asarray(points, dtype=np.float64) @ self._matrix + self._offset
        flat: list[float] = placed.ravel().tolist()
        return flat

    def _line(self, placed: list[float], width: float, colour: Rgb | Rgba) -> None:
        pixels = max(1, round(width * self._unit))
        self._draw.line(placed, fill=colour, width=pixels)
        if pixels < 3:
            return
        # Pillow leaves wedges open where a thick line bends; a dot on every bend fills them.
        r = (pixels - 1) / 2
        for x, y in zip(placed[::2], placed[1::2], strict=True):
            self._draw.ellipse((x - r, y - r, x + r, y + r), fill=colour)


def _spline(knots: NDArray[np.float64]) -> NDArray[np.float64]:
    """Points along every span but the first and the last, (spans * steps, 2)."""
    windows = np.stack([knots[:-3], knots[1:-2], knots[2:-1], knots[3:]], axis=1)
    return np.asarray((_WEIGHTS @ windows).reshape(-1, 2))


def _ellipse(x: float, y: float, rx: float, ry: float, turn: float) -> NDArray[np.float64]:
    cos, sin = math.cos(turn), math.sin(turn)
    axes = np.array([[rx * cos, rx * sin], [-ry * sin, ry * cos]])
    return np.asarray(_CIRCLE @ axes + (x, y))
