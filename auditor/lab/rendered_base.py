"""A small base pre-trained on rendered entities: a public model for where none is at hand."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from auditor.lab.rendered_task import SIZE, rendered_things
from auditor.lab.task import build_set
from auditor.lab.training import Progress, TrainingRecipe, silent, train_all
from auditor.models.preprocessing import preprocessing_of
from auditor.models.torch_image import TorchImageClassifier

BASE_CARD = """---
license: apache-2.0
pipeline_tag: image-classification
library_name: transformers
---

# Rendered base

A small ResNet pre-trained by `auditor lab base` to name rendered entities.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class BaseRecipe:
    """How the base is made. The defaults take about half a minute on two cores."""

    per_class: int = 100
    epochs: int = 7
    learning_rate: float = 0.05
    widths: tuple[int, ...] = (24, 48, 96, 192)
    seed: int = 0


def rendered_base(recipe: BaseRecipe, *, progress: Progress = silent) -> TorchImageClassifier:
    """Train a small ResNet from scratch to name the rendered entities."""
    things = rendered_things(recipe.per_class, seed=recipe.seed)
    model = _fresh(recipe, things.label_names)
    classes = list(range(len(things.label_names)))
    data = build_set(model, things, classes, [np.flatnonzero(things.labels == c) for c in classes])
    training = TrainingRecipe(
        epochs=recipe.epochs,
        learning_rate=recipe.learning_rate,
        augment_shift=0.0,  # rendering varies all of that already
        augment_light=0.0,
        seed=recipe.seed,
    )
    train_all(model, data, training, progress=progress, stage="pre-training the base")
    return model


def _fresh(recipe: BaseRecipe, labels: tuple[str, ...]) -> TorchImageClassifier:
    import torch
    from transformers import ResNetConfig, ResNetForImageClassification
    from transformers.models.vit.image_processing_pil_vit import ViTImageProcessorPil

    config = ResNetConfig(
        embedding_size=recipe.widths[0],
        hidden_sizes=list(recipe.widths),
        depths=[1] * len(recipe.widths),
        layer_type="basic",
        id2label=dict(enumerate(labels)),
        label2id={label: i for i, label in enumerate(labels)},
    )
    with torch.random.fork_rng():  # weights are initialised from torch's own generator
        torch.manual_seed(recipe.seed)
        module: Any = ResNetForImageClassification(config)
    processor = ViTImageProcessorPil(size={"height": SIZE, "width": SIZE})
    return TorchImageClassifier(
        labels=labels,
        module=module.eval(),
        preprocessing=preprocessing_of(processor),
        device="cpu",
    )
