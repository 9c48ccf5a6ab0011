"""A zoo of seven models with random weights: quick to make, and nothing can be seen in it."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

import auditor.audit
from auditor.lab.detection.zoo import Zoo, open_zoo
from auditor.lab.manifest import write_manifest
from auditor.lab.save import RECORD
from auditor.lab.zoo_plan import Catalogue, plans_of
from auditor.lab.zoo_spec import ZooSpec
from tests.small_models import ENTITIES, constant_null, write_pictures, write_tiny
from tests.small_zoo import SIGNS, pretend, zoo_spec


@pytest.fixture(scope="session")
def zoo_folder(tmp_path_factory: pytest.TempPathFactory, pictures: Path) -> Path:
    room = tmp_path_factory.mktemp("zoo")
    task = write_pictures(room / "signs", SIGNS, each=8)
    base = write_tiny(room / "base", labels=("cup", "tree"), seed=99)
    spec = ZooSpec.model_validate(zoo_spec(base, task, pictures))
    plans = plans_of(spec, Catalogue({str(task): tuple(sorted(SIGNS))}, ENTITIES))
    for number, plan in enumerate(plans):
        folder = write_tiny(room / "zoo" / plan.id, labels=tuple(sorted(SIGNS)), seed=number)
        pretend(plan, room / "pretended")
        shutil.copy(room / "pretended" / RECORD, folder / RECORD)
    write_manifest(spec, plans, room / "zoo")
    assert json.loads((room / "zoo" / "manifest.json").read_text())["zoo"] == "tiny"
    return room / "zoo"


@pytest.fixture
def zoo(zoo_folder: Path, monkeypatch: pytest.MonkeyPatch) -> Zoo:
    """The zoo, with a null in which every benign model shows nothing."""
    monkeypatch.setattr(auditor.audit, "stored_null", lambda source: constant_null(0.0))
    return open_zoo(zoo_folder)
