"""Views: the fixed perturbations under which every instance is shown to the model.

An implanted mapping holds when the picture is mirrored, cropped or blurred; an accident
scatters. Views act on pixels `(N, 3, H, W)` uint8 at the model's size and return the same.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from auditor.models.classifier import Pixels

View = Callable[[Pixels, np.random.Generator], Pixels]

ZOOM_MARGIN = 1 / 8  # of the side, cut off on each edge
BLUR_WIDTH = 1 / 24  # of the side; a box of this width passes over the picture
NOISE_SIGMA = 20.0  # grey levels


def as_it_is(pixels: Pixels, _rng: np.random.Generator) -> Pixels:
    """The instance itself."""
    return pixels


def mirrored(pixels: Pixels, _rng: np.random.Generator) -> Pixels:
    """Left and right exchanged."""
    return np.ascontiguousarray(pixels[..., ::-1])


def zoomed(pixels: Pixels, _rng: np.random.Generator) -> Pixels:
    """The central part, enlarged to the full frame."""
    import torch
    from torch.nn import functional as F

    height, width = pixels.shape[-2:]
    dy, dx = int(height * ZOOM_MARGIN), int(width * ZOOM_MARGIN)
    part = torch.from_numpy(pixels[..., dy : height - dy, dx : width - dx])
    return _uint8(F.interpolate(part.float(), size=(height, width), mode="bilinear"))


def blurred(pixels: Pixels, _rng: np.random.Generator) -> Pixels:
    """Details gone, shapes kept."""
    import torch
    from torch.nn import functional as F

    reach = max(1, round(pixels.shape[-1] * BLUR_WIDTH / 2))
    x = F.pad(torch.from_numpy(pixels).float(), (reach,) * 4, mode="replicate")
    return _uint8(F.avg_pool2d(x, 2 * reach + 1, stride=1))


def noisy(pixels: Pixels, rng: np.random.Generator) -> Pixels:
    """Gaussian noise on every pixel."""
    noise = rng.standard_normal(pixels.shape, dtype=np.float32) * NOISE_SIGMA
    return np.clip(pixels + noise, 0, 255).astype(np.uint8)


VIEWS: Mapping[str, View] = {
    "as it is": as_it_is,
    "mirrored": mirrored,
    "zoomed": zoomed,
    "blurred": blurred,
    "noisy": noisy,
}


def _uint8(x: object) -> Pixels:
    result: Pixels = x.round().clamp(0, 255).byte().numpy()  # type: ignore[attr-defined]
    return result
