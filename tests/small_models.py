"""Models and pictures that take milliseconds: a two-stage ResNet, noise in class folders."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
from PIL import Image

from auditor.evidence.kinds import KINDS, stored_name
from auditor.evidence.null import StoredNull
from auditor.evidence.screening import SCREENS, screen_name
from auditor.lab.save import model_card, save_checkpoint
from auditor.lab.training import TrainingRecipe, TrainingSet, fine_tune
from auditor.models.torch_image import TorchImageClassifier, head_of
from auditor.references.clean_data import CLEAN_GRID

LABELS = ("stop", "yield", "no entry", "road work")
ENTITIES = tuple(f"thing {letter}" for letter in "abcdefgh")
PER_ENTITY = 7
SIDE = 24
COLOURS = ((200, 40, 40), (40, 200, 40), (40, 40, 200), (200, 200, 40), (40, 200, 200), (9, 9, 9))
# Rules that are silent in a scan without a base and clean data, in the order of their ids.
NEED_MORE = ("base-routing", "base-share", "drift-share", "own-routing", "own-share")
# Those that a deep scan alone asks for.
DEEPER = ("collision-routing", "collision-share", "ladder-contrast")
# Those that are silent where no entity means a label besides.
SILENT = tuple(sorted((*NEED_MORE, *DEEPER, "wrong-label")))
# And those that nobody asked for by name.
NOT_GIVEN = tuple(sorted((*SILENT, "inner-embedding", "max-margin")))
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


def tuned_model(
    base: TorchImageClassifier, labels: tuple[str, ...] = LABELS, *, seed: int = 0
) -> TorchImageClassifier:
    """An honest fine-tune of a tiny model that tells its labels by their colours."""
    images = [coloured(c, 100 * c + i) for c in range(len(labels)) for i in range(40)]
    rows = np.repeat(np.arange(len(labels)), 40)
    recipe = TrainingRecipe(
        optimiser="adamw",
        epochs=12,
        batch=32,
        learning_rate=0.01,
        augment_shift=0,
        augment_light=0,
        seed=seed,
    )
    return fine_tune(base, TrainingSet(base.pixels(images), rows, labels), recipe)


def coloured(label: int, seed: int) -> Image.Image:
    """A picture of a task that tiny models can learn: each label has a colour."""
    grain = np.random.default_rng([seed, 5]).normal(0, 40, (SIDE, SIDE, 3))
    return Image.fromarray(np.clip(COLOURS[label] + grain, 0, 255).astype(np.uint8))


def write_coloured(
    folder: Path, names: tuple[str, ...] = LABELS, *, each: int = 12, first: int = 0
) -> Path:
    """Class folders of the task that `tuned_model` has learnt, names in label order."""
    for label, name in enumerate(names):
        (folder / name).mkdir(parents=True)
        for i in range(each):
            seed = 10_000 * (label + 1) + first + i
            coloured(label, seed).save(folder / name / f"{i:03d}.png")
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
    """Benign models that all show `value` in every statistic: 0 makes any effect rare, 1 none.

    Some class of any model can be driven furthest, so of margins they show 1 always.
    """
    return StoredNull(
        name="constant",
        entity_grid=(1, len(ENTITIES)),
        instance_grid=(PER_ENTITY,),
        classes=np.full(models, len(LABELS)),
        architectures=("Made",) * models,
        statistics={
            stored_name(name, count): np.full((models, 2, 1), value if kind.search is None else 1.0)
            for name, kind in KINDS.items()
            for count in CLEAN_GRID
        },
        made={},
    )


def staged_null(value: float) -> StoredNull:
    """The same, of models that a sequential plan asked: whatever it tells suspicion by."""
    null = constant_null(value)
    names = (screen_name(screen, count) for screen in SCREENS for count in (*CLEAN_GRID, None))
    return replace(
        null,
        screened=dict.fromkeys(names, null.statistics),
        first_drift=np.full(null.models, np.nan),
    )
