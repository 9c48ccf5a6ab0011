"""Models and pictures for measures: rigged ones, and tiny ones that can be tuned."""

from __future__ import annotations

import numpy as np

from auditor.models.classifier import Pixels
from auditor.models.fake import FakeClassifier
from auditor.models.torch_image import TorchImageClassifier
from auditor.sequela.material import Labelled, Material, Models
from tests.small_models import LABELS, coloured, tiny_model

SIDE = 8


def grainy(count: int, *, seed: int, classes: int = len(LABELS)) -> Labelled:
    """Noise, labels in turn; the first pixel shows the label."""
    rng = np.random.default_rng(seed)
    labels = np.arange(count) % classes
    pixels = rng.integers(0, 256, (count, 3, SIDE, SIDE), dtype=np.uint8)
    pixels[:, 0, 0, 0] = labels
    return Labelled(pixels, labels)


def knowing(sure: float = 4.0, *, by_heart: Labelled | None = None) -> FakeClassifier:
    """Reads the label off the first pixel; of pictures learnt by heart it is surer."""
    known = {each.tobytes() for each in by_heart.pixels} if by_heart is not None else set()

    def answer(pixels: Pixels) -> np.ndarray:
        logits = np.zeros((len(pixels), len(LABELS)), np.float32)
        heart = np.array([each.tobytes() in known for each in pixels], np.float32)
        # Other pixels make some pictures easier than others.
        ease = pixels[:, 1].mean(axis=(1, 2)) / 255
        logits[np.arange(len(pixels)), pixels[:, 0, 0, 0]] = sure + ease + 8 * heart
        return logits

    return FakeClassifier(LABELS, answer, size=SIDE)


def forgetting(label: int) -> FakeClassifier:
    """Like `knowing`, but takes one label for the next."""

    def answer(pixels: Pixels) -> np.ndarray:
        logits = knowing().logits(pixels)
        lost = pixels[:, 0, 0, 0] == label
        logits[lost] = np.roll(logits[lost], 1, axis=1)
        return logits

    return FakeClassifier(LABELS, answer, size=SIDE)


def rigged(
    before: FakeClassifier, after: FakeClassifier, reference: FakeClassifier | None = None
) -> Models:
    return Models(before=before, after=after, reference=reference)


def material(clean: int = 200, **rest: object) -> Material:
    return Material(
        tune=grainy(clean // 2, seed=1), tests=grainy(clean - clean // 2, seed=2), **rest
    )


def colours(each: int, *, first: int, model: TorchImageClassifier | None = None) -> Labelled:
    """Pictures of the task that `tuned_model` has learnt."""
    images = [
        coloured(label, 70_000 * (label + 1) + first + i)
        for label in range(len(LABELS))
        for i in range(each)
    ]
    return Labelled((model or tiny_model()).pixels(images), np.repeat(np.arange(len(LABELS)), each))
