"""Two victims of a zoo that can be repaired at once, because they never were backdoored."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from auditor.lab.detection.zoo import open_zoo
from auditor.lab.manifest import ZooModel, write_manifest
from auditor.lab.save import RECORD, save_checkpoint
from auditor.lab.zoo_plan import Catalogue, plans_of
from auditor.lab.zoo_spec import ZooSpec
from auditor.models.torch_image import TorchImageClassifier
from tests.small_models import CARD, ENTITIES, LABELS, write_coloured, write_tiny
from tests.small_zoo import pretend


@pytest.fixture(scope="package")
def victims(
    tmp_path_factory: pytest.TempPathFactory, pictures: Path, tuned: TorchImageClassifier
) -> tuple[ZooModel, ...]:
    """Models of a zoo that know their task; that they are backdoored is only written down."""
    room = tmp_path_factory.mktemp("zoo")
    task = write_coloured(room / "signs", each=48)
    base = write_tiny(room / "base")
    setting = {"name": "signs", "base": str(base), "image_size": 24, "task": str(task)}
    said = {
        "name": "tiny",
        "entities": str(pictures),
        "settings": [setting],
        "clean": [],
        "victims": [
            {"attack": "entity-dirty", "settings": "signs", "poisons": 3},
            {"attack": "badnets", "settings": "signs", "targets": LABELS[0], "poisons": 4},
        ],
    }
    spec = ZooSpec.model_validate(said)
    plans = plans_of(spec, Catalogue({str(task): tuple(sorted(LABELS))}, ENTITIES))
    for plan in plans:
        save_checkpoint(tuned, room / "zoo" / plan.id, card=CARD, record={})
        pretend(plan, room / "pretended")
        shutil.copy(room / "pretended" / RECORD, room / "zoo" / plan.id / RECORD)
    write_manifest(spec, plans, room / "zoo")
    return tuple(model for model in open_zoo(room / "zoo").models if model.attack)
