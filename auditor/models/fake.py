"""A classifier made of a function, for tests and for trying rules out: no weights, no engine."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from auditor.models.classifier import Pixels


@dataclass(frozen=True, slots=True, eq=False)
class FakeClassifier:
    """See `Classifier` for the contract. `answer` maps pixels `(N, 3, H, W)` to logits `(N, C)`."""

    labels: tuple[str, ...]
    answer: Callable[[Pixels], NDArray[np.float32]]
    size: int = 16
    engine: str = "fake"
    device: str = "cpu"

    def pixels(self, images: Sequence[Image.Image]) -> Pixels:
        """Resize RGB images to `(N, 3, size, size)` uint8."""
        small = [np.asarray(image.resize((self.size, self.size))) for image in images]
        return np.ascontiguousarray(np.stack(small).transpose(0, 3, 1, 2))

    def logits(self, pixels: Pixels) -> NDArray[np.float32]:
        """Whatever `answer` says."""
        return self.answer(pixels)
