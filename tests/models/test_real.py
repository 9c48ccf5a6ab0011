from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import binom

from auditor.checkpoints.resolve import resolve
from auditor.datasets.open import DatasetSpec, open_dataset
from auditor.models.load import Engine, load_classifier
from tests.shared_data import DATASETS, MODELS, needs_shared

ROWS = range(5, 1000, 10)


@needs_shared
@pytest.mark.parametrize(
    # How often the right name comes first in all 1,000 photographs as they are stored (short
    # side 160 pixels), by transformers' own processor and model.
    ("name", "rate"),
    [
        ("mobilenet_v1_0.25_128", 0.43),
        ("mobilenet_v1_0.5_160", 0.59),
        ("mobilenet_v1_0.75_192", 0.68),
    ],
)
def test_real_model_names_real_photographs(name: str, rate: float):
    classifier = load_classifier(resolve(str(MODELS / name)), engine=Engine.AUTO, device="cpu")
    photographs = open_dataset(DatasetSpec(source=str(DATASETS / "entities-1000")))
    names = [photographs.label_names[photographs.labels[row]] for row in ROWS]
    pixels = classifier.pixels([photographs.image(row) for row in ROWS])
    assert len(classifier.labels) == 1001
    assert classifier.labels[0] == "background"
    answers = classifier.logits(pixels).argmax(axis=1)
    right = sum(
        name in classifier.labels[answer].split(", ")
        for name, answer in zip(names, answers, strict=True)
    )
    low, high = binom.interval(0.999, len(ROWS), rate)
    assert low <= right <= high
    features, (weight, bias) = classifier.features(pixels[:4]), classifier.head()
    logits = classifier.logits(pixels[:4])
    assert np.abs(features @ weight.T + bias - logits).max() < 1e-3
