"""A tiny base that knows many labels: each is a colour, which a search for pictures can find."""

from __future__ import annotations

import colorsys
from functools import cache
from pathlib import Path

import numpy as np
from PIL import Image

from auditor.lab.save import save_checkpoint
from auditor.lab.training import TrainingRecipe, TrainingSet, fine_tune
from auditor.models.torch_image import TorchImageClassifier
from tests.small_models import CARD, tiny_model

THINGS = tuple(f"thing {letter}, {letter} thing" for letter in "abcdefghijklmn")
EACH = 24
RECIPE = TrainingRecipe(
    optimiser="adamw",
    epochs=30,
    batch=48,
    learning_rate=0.02,
    augment_shift=0,
    augment_light=0,
)


@cache
def colour_base(labels: tuple[str, ...] = THINGS, *, seed: int = 0) -> TorchImageClassifier:
    """A network that tells its labels by their colours. Copy it before you bend it."""
    base = tiny_model(labels, seed=seed)
    images = [_coloured(i, len(labels), j) for i in range(len(labels)) for j in range(EACH)]
    rows = np.repeat(np.arange(len(labels)), EACH)
    return fine_tune(base, TrainingSet(base.pixels(images), rows, labels), RECIPE)


def write_colour_base(folder: Path, labels: tuple[str, ...] = THINGS, *, seed: int = 0) -> Path:
    """Its checkpoint in Hub layout."""
    save_checkpoint(colour_base(labels, seed=seed), folder, card=CARD, record={})
    return folder


def _coloured(label: int, labels: int, number: int) -> Image.Image:
    """Greys with a tint of every hue, lighter and darker ones, with some grain."""
    tint = np.array(colorsys.hsv_to_rgb(label // 2 * 2 / labels, 1, 1)) - 0.5
    colour = 128 + 30 * tint + (12 if label % 2 else -12)
    grain = np.random.default_rng([label, number]).normal(0, 10, (16, 16, 3))
    return Image.fromarray(np.clip(colour + grain, 0, 255).astype(np.uint8))
