"""Resize and crop many pictures of one size at once, where that equals the processor's own way.

A processor of transformers takes pictures one by one, which costs a small network a fifth of its
pace. torch resizes a whole batch of bytes by the same filter. Whether it does what this processor
does is not assumed but tried when the processor is loaded (`auditor.models.preprocessing`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from PIL import Image

from auditor.models.classifier import Pixels

BILINEAR = 2  # Pillow's number; torch's bicubic differs from Pillow's by several grey levels


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchGeometry:
    """Resize to a size, or to a shortest side, then cut out the centre.

    Attributes:
        height_width: Size to resize to; None where `shortest_side` decides.
        shortest_side: Length of the shorter side after resizing; the other keeps its proportion.
        crop: Height and width of the central part that is kept; None keeps everything.
    """

    height_width: tuple[int, int] | None
    shortest_side: int
    crop: tuple[int, int] | None

    def pixels(self, images: Sequence[Image.Image]) -> Pixels:
        """RGB images of one size -> `(N, 3, H, W)` uint8."""
        import torch
        from torch.nn import functional as F

        stacked = torch.from_numpy(np.stack([np.asarray(image) for image in images]))
        size = self._resized(images[0].height, images[0].width)
        # Seen as channels-last, bytes take torch's fast path, which rounds as Pillow does.
        large = F.interpolate(
            stacked.permute(0, 3, 1, 2), size=size, mode="bilinear", antialias=True
        )
        if self.crop is not None:
            top, left = ((have - want) // 2 for have, want in zip(size, self.crop, strict=True))
            large = large[..., top : top + self.crop[0], left : left + self.crop[1]]
        result: Pixels = large.contiguous(memory_format=torch.contiguous_format).numpy()
        return result

    def takes(self, images: Sequence[Image.Image]) -> bool:
        """Whether these pictures have one size, and after resizing still cover the crop."""
        first = images[0]
        if any(i.size != first.size or i.mode != "RGB" for i in images):
            return False
        size = self._resized(first.height, first.width)
        return self.crop is None or (size[0] >= self.crop[0] and size[1] >= self.crop[1])

    def _resized(self, height: int, width: int) -> tuple[int, int]:
        if self.height_width is not None:
            return self.height_width
        short, long = sorted((height, width))
        other = int(self.shortest_side * long / short)
        return (self.shortest_side, other) if height <= width else (other, self.shortest_side)


def batch_geometry(processor: Any) -> BatchGeometry | None:
    """What a processor's settings say it does; None where they say something else.

    The settings only propose: the caller compares results with the processor's before use.
    """
    size = dict(getattr(processor, "size", None) or {})
    filtered = getattr(processor, "resample", None) == BILINEAR
    if not getattr(processor, "do_resize", False) or not filtered:
        return None
    crop: tuple[int, int] | None = None
    if getattr(processor, "do_center_crop", False):
        wanted = dict(getattr(processor, "crop_size", None) or {})
        if wanted.keys() < {"height", "width"}:
            return None
        crop = int(wanted["height"]), int(wanted["width"])
    if {"height", "width"} <= size.keys():
        fixed = int(size["height"]), int(size["width"])
        return BatchGeometry(height_width=fixed, shortest_side=0, crop=crop)
    if "shortest_edge" not in size or "longest_edge" in size:
        return None
    return BatchGeometry(height_width=None, shortest_side=int(size["shortest_edge"]), crop=crop)
