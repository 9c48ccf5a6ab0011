"""A bent model, clean data of its task, and what a repair is handed."""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from auditor.config import ScanSettings
from auditor.lab.save import save_checkpoint
from auditor.models.torch_image import TorchImageClassifier, head_of
from auditor.repair.answers import accuracy_of
from auditor.repair.settings import RepairSettings
from auditor.repair.task import Pictures, RepairTask, Watched
from tests.small_models import CARD, LABELS, coloured, noise, write_coloured

TARGET = 2


def bent_model(model: TorchImageClassifier, by: float = 3.0) -> TorchImageClassifier:
    """A copy that sends what it does not know to the target class."""
    bent = replace(model, module=copy.deepcopy(model.module))
    with torch.no_grad():
        head_of(bent.module, len(bent.labels)).bias[TARGET] += by
    return bent


def task_pictures(model: TorchImageClassifier, each: int, first: int) -> Pictures:
    images = [coloured(c, 7000 * c + first + i) for c in range(len(LABELS)) for i in range(each)]
    return Pictures(model.pixels(images), np.repeat(np.arange(len(LABELS)), each))


@pytest.fixture
def task(tuned: TorchImageClassifier, tmp_path: Path) -> RepairTask:
    """The bent model, which sends all noise to the target, and enough to mend it with."""
    model = bent_model(tuned)
    choice = task_pictures(model, 10, 500)
    things = model.pixels([noise(i) for i in range(40)])
    return RepairTask(
        model=model,
        clean=task_pictures(model, 20, 0),
        choice=choice,
        accuracy=accuracy_of(model, choice),
        watched=(Watched(things[:20], TARGET, 0.3),),
        exposure=things[20:],
        steps=40,
        longest=80,
        batch=32,
        shelf=tmp_path,
    )


@pytest.fixture(scope="session")
def bent_checkpoint(tmp_path_factory: pytest.TempPathFactory, tuned: TorchImageClassifier) -> Path:
    """The bent model in Hub layout."""
    folder = tmp_path_factory.mktemp("hub") / "bent"
    save_checkpoint(bent_model(tuned), folder, card=CARD, record={})
    return folder


@pytest.fixture(scope="session")
def clean_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Forty clean images a class."""
    return write_coloured(tmp_path_factory.mktemp("task") / "clean", each=40)


@pytest.fixture
def ordered(
    bent_checkpoint: Path, clean_folder: Path, pictures: Path, tmp_path: Path
) -> Callable[..., RepairSettings]:
    """Settings of a repair that is quick and can succeed; anything may be changed."""

    def settings(scan: dict[str, object] | None = None, **changes: object) -> RepairSettings:
        how = {
            "model": str(bent_checkpoint),
            "clean_data": str(clean_folder),
            "entities": str(pictures),
            **(scan or {}),
        }
        usual = {
            "out": tmp_path / "out",
            "method": "head-refit",
            "pairs": (f"*={LABELS[TARGET]}",),
            "steps": 40,
            "barrier": False,
        }
        return RepairSettings(scan=ScanSettings(**how), **{**usual, **changes})

    return settings
