"""What a model answers to any number of pictures, in batches."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from auditor.models.classifier import Classifier, FeatureClassifier, Pixels
from auditor.repair.task import Pictures

BATCH = 128


def logits_of(model: Classifier, pixels: Pixels) -> NDArray[np.float32]:
    """Class scores `(N, C)`."""
    parts = [model.logits(pixels[i : i + BATCH]) for i in range(0, len(pixels), BATCH)]
    return np.concatenate(parts)


def features_of(model: FeatureClassifier, pixels: Pixels) -> NDArray[np.float32]:
    """Penultimate features `(N, D)`."""
    parts = [model.features(pixels[i : i + BATCH]) for i in range(0, len(pixels), BATCH)]
    return np.concatenate(parts)


def classes_of(model: Classifier, pixels: Pixels) -> NDArray[np.int64]:
    """Predicted class of each picture, `(N,)`."""
    result: NDArray[np.int64] = logits_of(model, pixels).argmax(axis=1)
    return result


def accuracy_of(model: Classifier, pictures: Pictures) -> float:
    """Share of clean pictures that get their label."""
    return float((classes_of(model, pictures.pixels) == pictures.labels).mean())
