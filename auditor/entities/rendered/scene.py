"""What surrounds a drawing: colours that stand out, a backdrop, light and the camera.

Nothing here knows what is drawn, so none of it can give the entity away.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFilter

from auditor.entities.rendered.pen import Palette, Rgb

Canvas = NDArray[np.float32]

_READABLE = 130.0
_TELLING = 85.0
# How much a difference in red, green and blue counts to the eye.
_EYE = np.array([1.0, 1.3, 0.7])


def pick_palette(rng: np.random.Generator, backdrop: Canvas) -> Palette:
    """Colours for one instance whose body stands out from the mean of the backdrop (H, W, 3)."""
    ground = backdrop.mean(axis=(0, 1))
    body = _pick_apart(rng, ground[None], _READABLE)
    part = _pick_apart(rng, np.stack([body, ground]), _TELLING)
    pale = rng.uniform(205.0, 255.0) * (1.0 - rng.uniform(0.0, 0.12, 3))
    dark = rng.uniform(0.0, 50.0, 3)
    readable_ink = dark if body.mean() > 105.0 else pale
    return Palette(
        body=_rgb(body), part=_rgb(part), ink=_rgb(readable_ink), pale=_rgb(pale), dark=_rgb(dark)
    )


def paint_backdrop(rng: np.random.Generator, size: int) -> Canvas:
    """A random ground (size, size, 3), values 0 to 255: plain, shaded, textured or cluttered."""
    base = rng.uniform(15.0, 240.0, 3)
    second = np.clip(base + rng.normal(0.0, 34.0, 3), 0.0, 255.0)
    paint = _BACKDROPS[int(rng.integers(len(_BACKDROPS)))]
    return paint(rng, size, base, second)


def photograph(rng: np.random.Generator, backdrop: Canvas, layer: Image.Image) -> Image.Image:
    """Put the drawn layer before the backdrop, light the scene and take a picture of it.

    Args:
        rng: The only source of chance.
        backdrop: The ground (size, size, 3).
        layer: The drawing in RGBA, its side a multiple of `size`.

    Returns:
        The picture, RGB, of the backdrop's size.
    """
    size = backdrop.shape[0]
    pixels = np.asarray(layer.reduce(layer.width // size), dtype=np.float32)
    alpha = pixels[..., 3:] * np.float32(1 / 255)
    scene = backdrop
    if rng.random() < 0.4:
        scene = scene * (1.0 - _shadow(rng, alpha))
    scene = scene + (pixels[..., :3] - scene) * alpha
    scene = scene * _light(rng, size)
    scene += np.float32(rng.uniform(-12.0, 12.0))
    spread = max(0.0, rng.normal(4.0, 4.0))
    scene += rng.standard_normal(scene.shape, dtype=np.float32) * np.float32(spread)
    picture = Image.fromarray(np.clip(scene, 0.0, 255.0).astype(np.uint8))
    if rng.random() < 0.3:
        picture = picture.filter(ImageFilter.BoxBlur(rng.uniform(0.2, 0.9) * size / 64))
    return picture


def _pick_apart(
    rng: np.random.Generator, others: NDArray[np.floating], distance: float
) -> NDArray[np.float64]:
    """The first of a few random colours that is far from the others (N, 3), else the farthest."""
    candidates = rng.uniform(10.0, 250.0, (16, 3))
    gaps = np.linalg.norm((candidates[:, None] - others) * _EYE, axis=2).min(axis=1)
    far = np.flatnonzero(gaps > distance)
    return np.asarray(candidates[far[0] if far.size else int(gaps.argmax())])


def _rgb(colour: NDArray[np.float64]) -> Rgb:
    red, green, blue = (int(c) for c in colour)
    return red, green, blue


def _ramp(rng: np.random.Generator, size: int) -> Canvas:
    """A plane (size, size) that rises from -1 to 1 in a random direction."""
    angle = rng.uniform(0.0, 2.0 * math.pi)
    axis = np.linspace(-1.0, 1.0, size, dtype=np.float32)
    plane = axis * np.float32(math.cos(angle)) + (axis * np.float32(math.sin(angle)))[:, None]
    return np.asarray(plane / (abs(math.cos(angle)) + abs(math.sin(angle))), dtype=np.float32)


def _light(rng: np.random.Generator, size: int) -> Canvas:
    """A factor per pixel and colour: brightness, tint, and light that falls from one side."""
    tint = rng.normal(1.0, 0.06, 3) * rng.uniform(0.75, 1.15)
    return (1.0 + rng.uniform(0.0, 0.25) * _ramp(rng, size))[..., None] * tint.astype(np.float32)


def _shadow(rng: np.random.Generator, alpha: Canvas) -> Canvas:
    reach = max(1, alpha.shape[0] // 16)
    (to_y, from_y), (to_x, from_x) = (_shift(int(by)) for by in rng.integers(-reach, reach + 1, 2))
    shadow = np.zeros_like(alpha)
    shadow[to_y, to_x] = alpha[from_y, from_x] * np.float32(rng.uniform(0.2, 0.5))
    return shadow


def _shift(by: int) -> tuple[slice, slice]:
    """Where the rows of a shifted array go, and which rows they are."""
    start, stop = slice(abs(by), None), slice(None, -abs(by) or None)
    return (start, stop) if by >= 0 else (stop, start)


Colour = NDArray[np.float64]


def _mix(share: Canvas, base: Colour, second: Colour) -> Canvas:
    return np.asarray(base + share[..., None] * (second - base), dtype=np.float32)


def _plain(rng: np.random.Generator, size: int, base: Colour, second: Colour) -> Canvas:
    return np.broadcast_to(base.astype(np.float32), (size, size, 3))


def _gradient(rng: np.random.Generator, size: int, base: Colour, second: Colour) -> Canvas:
    return _mix(_ramp(rng, size) * 0.5 + 0.5, base, second)


def _stripes(rng: np.random.Generator, size: int, base: Colour, second: Colour) -> Canvas:
    wave = np.sin(_ramp(rng, size) * np.float32(rng.uniform(5.0, 22.0)) + rng.uniform(0.0, 6.0))
    return _mix(wave * 0.5 + 0.5, base, second)


def _texture(rng: np.random.Generator, size: int, base: Colour, second: Colour) -> Canvas:
    cells = int(rng.integers(3, 17))
    grain = np.clip(base + rng.normal(0.0, 22.0, (cells, cells, 3)), 0.0, 255.0)
    image = Image.fromarray(grain.astype(np.uint8)).resize((size, size), Image.Resampling.BICUBIC)
    return np.asarray(image, dtype=np.float32)


def _blobs(rng: np.random.Generator, size: int, base: Colour, second: Colour) -> Canvas:
    image, draw = _sheet(size, base)
    for x, y, r, s in rng.uniform(0.0, 1.0, (int(rng.integers(4, 12)), 4)) * size:
        draw.ellipse((x - r / 4, y - s / 4, x + r / 4, y + s / 4), fill=_near(rng, second))
    return np.asarray(image, dtype=np.float32)


def _clutter(rng: np.random.Generator, size: int, base: Colour, second: Colour) -> Canvas:
    image, draw = _sheet(size, base)
    for _ in range(int(rng.integers(4, 10))):
        corners = rng.uniform(-0.2, 1.2, 6) * size
        if rng.random() < 0.5:
            draw.polygon(corners.tolist(), fill=_near(rng, second))
        else:
            width = int(rng.integers(1, 2 + size // 24))
            draw.line(corners[:4].tolist(), fill=_near(rng, second), width=width)
    return np.asarray(image, dtype=np.float32)


def _sheet(size: int, base: Colour) -> tuple[Image.Image, ImageDraw.ImageDraw]:
    image = Image.new("RGB", (size, size), _rgb(base))
    return image, ImageDraw.Draw(image)


def _near(rng: np.random.Generator, colour: Colour) -> Rgb:
    return _rgb(np.clip(colour + rng.normal(0.0, 20.0, 3), 0.0, 255.0))


_BACKDROPS: tuple[Callable[[np.random.Generator, int, Colour, Colour], Canvas], ...] = (
    _plain,
    _gradient,
    _stripes,
    _texture,
    _blobs,
    _clutter,
)
