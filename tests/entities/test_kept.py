from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from auditor.datasets.open import DatasetSpec
from auditor.entities.bank import EntityBank, Instance
from auditor.entities.kept import RECORD, Form, keep, kind_of_kept
from auditor.entities.open import open_entities
from auditor.errors import EntityError, UsageError
from auditor.types import Entity, InstanceSource
from tests.made_datasets import picture, write_folder

KIND = InstanceSource.SYNTHESISED
ENTITIES = (
    Entity(id="crane", name="crane", source=KIND, synonyms=("bird",), hypernyms=("wader",)),
    Entity(id="crane-2", name="Crane", source=KIND),
    Entity(id="n01440764", name="a/b: ..\\c", source=KIND, wordnet_id="n01440764"),
)


def bank(count: int = 3) -> EntityBank:
    return EntityBank(
        source="base:org/base",
        instance_source=KIND,
        entities=ENTITIES,
        counts=(count,) * len(ENTITIES),
        draw=lambda entity, instance: Instance("x", picture(10 * entity + instance, (8, 8))),
    )


def drawn(opened: EntityBank, entity: int) -> list[bytes]:
    return sorted(opened.draw(entity, i).image.tobytes() for i in range(opened.counts[entity]))


@pytest.mark.parametrize("form", Form)
def test_a_kept_bank_is_the_same_bank(tmp_path: Path, form: Form):
    told = []
    count = keep(
        bank(), tmp_path / "kept", form, instances=2, progress=lambda *said: told.append(said)
    )
    assert count == 6
    assert told[-1] == ("writing instances", 6, 6)
    opened = open_entities(DatasetSpec(source=str(tmp_path / "kept")), seed=0)
    assert opened.instance_source is KIND
    by_id = {entity.id: i for i, entity in enumerate(opened.entities)}
    assert set(by_id) == {"crane", "crane-2", "n01440764"}
    first = opened.entities[by_id["crane"]]
    assert first.source is KIND
    assert first.hypernyms == ("wader",)
    assert "bird" in first.synonyms
    for number, entity in enumerate(ENTITIES):
        assert drawn(opened, by_id[entity.id]) == sorted(
            picture(10 * number + i, (8, 8)).tobytes() for i in range(2)
        )


def test_names_cannot_leave_the_folder(tmp_path: Path):
    keep(bank(1), tmp_path / "kept", Form.FOLDER, instances=1, progress=lambda *_: None)
    assert {path.name for path in tmp_path.iterdir()} == {"kept"}
    assert len(list((tmp_path / "kept").glob("*/*.png"))) == 3


def test_a_folder_that_holds_something_is_left_alone(tmp_path: Path):
    (tmp_path / "file").write_text("mine")
    with pytest.raises(UsageError, match="exists already"):
        keep(bank(), tmp_path, Form.FOLDER, instances=1, progress=lambda *_: None)
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_pictures_without_a_record_are_photographs(tmp_path: Path):
    write_folder(tmp_path, {"cat": 1, "dog": 1})
    assert kind_of_kept(str(tmp_path)) is InstanceSource.PHOTOGRAPH
    assert kind_of_kept("hf://datasets/org/name") is InstanceSource.PHOTOGRAPH


@pytest.mark.parametrize("said", ["{}", "[]", "no", json.dumps({"instance_source": "dream"})])
def test_a_record_that_names_no_kind_is_refused(tmp_path: Path, said: str):
    write_folder(tmp_path, {"cat": 1, "dog": 1})
    (tmp_path / RECORD).write_text(said)
    with pytest.raises(EntityError, match="does not say what kind of instances"):
        open_entities(DatasetSpec(source=str(tmp_path)), seed=0)


def test_pictures_are_kept_exactly(tmp_path: Path):
    keep(bank(1), tmp_path / "kept", Form.FOLDER, instances=1, progress=lambda *_: None)
    stored = Image.open(tmp_path / "kept" / "crane" / "000.png")
    assert (np.asarray(stored) == np.asarray(picture(0, (8, 8)))).all()
