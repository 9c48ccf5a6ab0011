"""The model boundary: pixels in, logits out, and everything else is somebody else's job.

Pixels are uint8 RGB at the size the model takes, `(N, 3, H, W)`: resized and cropped by the
checkpoint's own processor, not yet normalised. Probes are perturbed in that space, because it
is the last one a person can look at; normalisation happens behind the boundary.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from PIL import Image

Pixels = NDArray[np.uint8]


class Classifier(Protocol):
    """An image classifier, always in evaluation mode.

    Attributes:
        labels: Names of the C classes.
        engine: What runs it, e.g. "torch" or "onnx".
        device: Where it runs, e.g. "cpu".
    """

    @property
    def labels(self) -> tuple[str, ...]: ...

    @property
    def engine(self) -> str: ...

    @property
    def device(self) -> str: ...

    def pixels(self, images: Sequence[Image.Image]) -> Pixels:
        """Resize and crop RGB images to `(N, 3, H, W)` uint8, as the checkpoint's processor does."""

    def logits(self, pixels: Pixels) -> NDArray[np.float32]:
        """Class scores before softmax `(N, C)` for pixels `(N, 3, H, W)`."""


class FeatureClassifier(Classifier, Protocol):
    """A classifier that also shows what its head looks at."""

    def features(self, pixels: Pixels) -> NDArray[np.float32]:
        """Penultimate features `(N, D)`: the input of the last linear layer."""

    def head(self) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Weight `(C, D)` and bias `(C,)` of the last linear layer."""


def softmax(logits: NDArray[np.float32]) -> NDArray[np.float32]:
    """Probabilities `(N, C)` from logits `(N, C)`, stable for any scale."""
    shifted = logits - logits.max(axis=1, keepdims=True)
    exponentials = np.exp(shifted)
    result: NDArray[np.float32] = exponentials / exponentials.sum(axis=1, keepdims=True)
    return result
