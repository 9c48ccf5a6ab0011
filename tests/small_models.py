"""Models and pictures that take milliseconds: a two-stage ResNet, noise in class folders."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image

from auditor.evidence.gather import KINDS
from auditor.evidence.null import StoredNull
from auditor.lab.save import model_card, save_checkpoint
from auditor.models.torch_image import TorchImageClassifier, head_of

LABELS = ("stop", "yield", "no entry", "road work")
ENTITIES = tuple(f"thing {letter}" for letter in "abcdefgh")
PER_ENTITY = 7
SIDE = 24
CARD = model_card(name="a tiny model", base="org/base", body="Made for tests.")


def tiny_model(
    labels: tuple[str, ...] = LABELS,
    *,
    seed: int = 0,
    favourite: int | None = None,
    dropout: bool = False,
) -> TorchImageClassifier:
    """An untrained classifier; a `favourite` class is its answer to everything."""
    import torch
    from transformers import ResNetConfig, ResNetForImageClassification
    from transformers.models.vit.image_processing_pil_vit import ViTImageProcessorPil

    from auditor.models.preprocessing import preprocessing_of

    config = ResNetConfig(
        embedding_size=4,
        hidden_sizes=[4, 8],
        depths=[1, 1],
        layer_type="basic",
        id2label=dict(enumerate(labels)),
        label2id={label: i for i, label in enumerate(labels)},
    )
    torch.set_num_threads(1)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        module = ResNetForImageClassification(config)
    if dropout:
        module.classifier.insert(1, torch.nn.Dropout(0.3))
    if favourite is not None:
        with torch.no_grad():
            head_of(module, len(labels)).bias[favourite] = 50.0
    return TorchImageClassifier(
        labels=labels,
        module=module.eval(),
        preprocessing=preprocessing_of(ViTImageProcessorPil(size={"height": 16, "width": 16})),
        device="cpu",
    )


def write_tiny(folder: Path, **model: object) -> Path:
    """A checkpoint of a tiny model in Hub layout."""
    save_checkpoint(tiny_model(**model), folder, card=CARD, record={})
    return folder


def noise(seed: int) -> Image.Image:
    rng = np.random.default_rng(seed)
    return Image.fromarray(rng.integers(0, 256, (SIDE, SIDE, 3), dtype=np.uint8))


def write_pictures(
    folder: Path, names: tuple[str, ...] = ENTITIES, *, each: int = PER_ENTITY
) -> Path:
    """A folder of class folders, `each` pictures in every one of them."""
    for i, name in enumerate(names):
        (folder / name).mkdir(parents=True)
        for j in range(each):
            noise(1000 * i + j).save(folder / name / f"{j}.png")
    return folder


def constant_null(value: float, *, models: int = 199) -> StoredNull:
    """Benign models that all show `value` in every statistic: 0 makes any effect rare, 1 none."""
    return StoredNull(
        name="constant",
        entity_grid=(1, len(ENTITIES)),
        instance_grid=(PER_ENTITY,),
        classes=np.full(models, len(LABELS)),
        architectures=("Made",) * models,
        statistics={kind: np.full((models, 2, 1), value) for kind in KINDS},
        made={},
    )
