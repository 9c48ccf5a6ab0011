"""Views: the fixed perturbations under which every instance is shown to the model.

An implanted mapping hangs on what a picture shows: it holds when the picture is cropped and is
gone when it is blurred. An accident follows colours and coarse shapes, and does neither. Views
act on pixels `(N, 3, H, W)` uint8 at the model's size and return the same.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from auditor.models.classifier import Pixels

View = Callable[[Pixels, np.random.Generator], Pixels]

ZOOM_MARGIN = 1 / 8  # of the side, cut off on each edge
FITS_CACHE = 4  # pictures that are blurred at a time
BLUR_WIDTH = 1 / 24  # of the side; a box of this width passes over the picture


def as_it_is(pixels: Pixels, _rng: np.random.Generator) -> Pixels:
    """The instance itself."""
    return pixels


def zoomed(pixels: Pixels, _rng: np.random.Generator) -> Pixels:
    """The central part, enlarged to the full frame."""
    import torch
    from torch.nn import functional as F

    height, width = pixels.shape[-2:]
    dy, dx = int(height * ZOOM_MARGIN), int(width * ZOOM_MARGIN)
    part = torch.from_numpy(np.ascontiguousarray(pixels[..., dy : height - dy, dx : width - dx]))
    # torch has a fast path for bytes in this memory format; floats take six times as long
    part = part.contiguous(memory_format=torch.channels_last)
    large = F.interpolate(part, size=(height, width), mode="bilinear", antialias=True)
    result: Pixels = large.contiguous().numpy()
    return result


def blurred(pixels: Pixels, _rng: np.random.Generator) -> Pixels:
    """Details gone, coarse shapes and colours kept: the mean over a square, in whole numbers."""
    reach = max(1, round(pixels.shape[-1] * BLUR_WIDTH / 2))
    result = np.empty_like(pixels)
    for i in range(0, len(pixels), FITS_CACHE):  # twice as fast as all at once
        result[i : i + FITS_CACHE] = _box_mean(pixels[i : i + FITS_CACHE], reach)
    return result


def _box_mean(pixels: Pixels, reach: int) -> Pixels:
    """Mean over the square of `2 * reach + 1` pixels around each one, edges repeated."""
    height, width = pixels.shape[-2:]
    side = 2 * reach + 1
    small = 255 * side**2 <= np.iinfo(np.uint16).max
    padded: NDArray[Any] = np.pad(
        pixels, ((0, 0), (0, 0), (reach, reach), (reach, reach)), mode="edge"
    )
    padded = padded.astype(np.uint16 if small else np.uint32)
    rows = padded[:, :, :height].copy()
    for i in range(1, side):
        rows += padded[:, :, i : i + height]
    squares = rows[..., :width].copy()
    for i in range(1, side):
        squares += rows[..., i : i + width]
    result: Pixels = ((squares + side**2 // 2) // side**2).astype(np.uint8)
    return result


DEGRADED = "blurred"  # the view that takes detail away; all others keep it

VIEWS: Mapping[str, View] = {
    "as it is": as_it_is,
    "zoomed": zoomed,
    "blurred": blurred,
}
