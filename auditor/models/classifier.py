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

from auditor.errors import UnsupportedModel

Pixels = NDArray[np.uint8]


class Classifier(Protocol):
    """An image classifier, always in evaluation mode."""

    @property
    def labels(self) -> tuple[str, ...]:
        """Names of the C classes."""

    @property
    def engine(self) -> str:
        """What runs it: "torch" or "onnx"."""

    @property
    def device(self) -> str:
        """Where it runs, e.g. "cpu"."""

    def pixels(self, images: Sequence[Image.Image]) -> Pixels:
        """Resize and crop RGB images to `(N, 3, H, W)` uint8, as the processor does."""

    def logits(self, pixels: Pixels) -> NDArray[np.float32]:
        """Class scores before softmax `(N, C)` for pixels `(N, 3, H, W)`."""


class FeatureClassifier(Classifier, Protocol):
    """A classifier that also shows what its head looks at."""

    def features(self, pixels: Pixels) -> NDArray[np.float32]:
        """Penultimate features `(N, D)`: the input of the last linear layer."""

    def logits_and_features(
        self, pixels: Pixels
    ) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Both for the same pictures, `(N, C)` and `(N, D)`, in one forward pass."""

    def head(self) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Weight `(C, D)` and bias `(C,)` of the last linear layer."""


def softmax(logits: NDArray[np.float32]) -> NDArray[np.float32]:
    """Probabilities `(N, C)` from logits `(N, C)`, stable for any scale."""
    shifted = logits - logits.max(axis=1, keepdims=True)
    exponentials = np.exp(shifted)
    result: NDArray[np.float32] = exponentials / exponentials.sum(axis=1, keepdims=True)
    return result


def two_pictures() -> tuple[Image.Image, Image.Image]:
    """A grey and a shaded picture, to try a model with."""
    ramp = np.linspace(0, 255, 64 * 64 * 3).astype(np.uint8).reshape(64, 64, 3)
    return Image.new("RGB", (64, 64), (128, 128, 128)), Image.fromarray(ramp)


def require_answers(classifier: Classifier) -> None:
    """Show it two pictures: what cannot be run is to be refused now, not in the middle of a scan.

    Raises:
        UnsupportedModel: It answers with scores for another number of labels, or not with
            numbers.
        Exception: Whatever the engine raises where the input does not fit the network.
    """
    logits = classifier.logits(classifier.pixels(two_pictures()))
    if logits.shape != (2, len(classifier.labels)):
        raise UnsupportedModel(
            f"config.json names {len(classifier.labels)} labels, "
            f"the model answers two pictures with shape {logits.shape}",
            hint="Check that config.json and the weights belong together.",
        )
    if not np.isfinite(logits).all():
        raise UnsupportedModel(
            "the model answers an ordinary picture with infinite or undefined scores",
            hint="Check that the weights are complete and the processor is the model's own.",
        )
