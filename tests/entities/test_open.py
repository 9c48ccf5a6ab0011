from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from auditor.datasets.features import Columns
from auditor.datasets.labelled import UnreadableImageError
from auditor.datasets.open import DatasetSpec
from auditor.entities.bank import EntityBank
from auditor.entities.open import RENDERED_INSTANCES, RENDERED_SIZE, open_entities, slug
from auditor.entities.rendered import RENDERED_ENTITIES
from auditor.errors import EntityError, UsageError
from auditor.types import InstanceSource
from tests.made_datasets import (
    picture,
    require_plain,
    same,
    write_dataset,
    write_folder,
    write_parquet,
)
from tests.shared_data import DATASETS, needs_shared


def opened(source: Path | str, *, seed: int = 0, **spec: Any) -> EntityBank:
    return open_entities(DatasetSpec(source=str(source), **spec), seed=seed)


def drawn(bank: EntityBank, entity: int) -> list[str]:
    return [bank.draw(entity, i).name for i in range(bank.counts[entity])]


# Rendered


@pytest.mark.parametrize(("source", "why"), [("auto", "auto: no photographs"), ("rendered", "")])
def test_rendered(source: str, why: str):
    bank = opened(source)
    assert bank.source == "rendered"
    assert bank.instance_source is InstanceSource.RENDERED
    assert bank.why.startswith(why)
    assert bool(bank.why) == bool(why)
    assert tuple(entity.name for entity in bank.entities) == RENDERED_ENTITIES
    assert {entity.source for entity in bank.entities} == {InstanceSource.RENDERED}
    assert len({entity.id for entity in bank.entities}) == len(RENDERED_ENTITIES)
    assert set(bank.counts) == {RENDERED_INSTANCES}


def test_rendered_instances_can_be_drawn_again():
    first, again, other = opened("rendered"), opened("rendered"), opened("rendered", seed=1)
    instance = first.draw(3, 255)
    assert instance.name == f"rendered/{RENDERED_ENTITIES[3]}/255"
    assert instance.image.size == (RENDERED_SIZE, RENDERED_SIZE)
    first.draw(4, 0)  # what was drawn in between does not matter
    assert same(instance.image, again.draw(3, 255).image)
    assert not same(instance.image, other.draw(3, 255).image)
    assert not same(instance.image, first.draw(3, 254).image)
    assert other.entities == first.entities


# Photographs


def test_photographs(tmp_path: Path):
    bank = opened(write_folder(tmp_path, {"grey cat": 3, "dog": 2, "empty": 0}))
    assert bank.source == str(tmp_path)
    assert bank.instance_source is InstanceSource.PHOTOGRAPH
    assert bank.why == ""
    assert [(entity.id, entity.name) for entity in bank.entities] == [
        ("dog", "dog"),
        ("grey-cat", "grey cat"),
    ]
    assert bank.counts == (2, 3)


def test_instance_names_lead_to_the_files(tmp_path: Path):
    write_folder(tmp_path, {"cat": 5, "dog": 2})
    bank = opened(tmp_path)
    for entity, count in enumerate(bank.counts):
        for number in range(count):
            instance = bank.draw(entity, number)
            assert instance.name.startswith(f"{bank.entities[entity].name}/")
            assert same(instance.image, Image.open(tmp_path / instance.name))


def test_instance_names_lead_to_the_rows(tmp_path: Path):
    bank = opened(write_dataset(tmp_path))
    name, image = bank.draw(1, 0)
    file, row = name.removesuffix("]").split("[")
    shard = opened(tmp_path / file)
    alone = {shard.draw(e, i).name: shard.draw(e, i).image for e in range(3) for i in range(2)}
    assert same(image, alone[f"{Path(file).name}[{row}]"])


def test_each_instance_is_drawn_once(tmp_path: Path):
    bank = opened(write_folder(tmp_path, {"cat": 20, "dog": 2}))
    assert sorted(drawn(bank, 0)) == sorted(f"cat/{i}.png" for i in range(20))


def test_seed_chooses_the_instances_and_not_the_entities(tmp_path: Path):
    write_folder(tmp_path, {"cat": 20, "dog": 20})
    banks = [opened(tmp_path, seed=seed) for seed in (0, 0, 1, 2)]
    orders = [drawn(bank, 0) for bank in banks]
    assert orders[0] == orders[1]
    assert len({tuple(order) for order in orders}) == 3
    assert len({tuple(sorted(order)) for order in orders}) == 1
    assert len({bank.entities for bank in banks}) == 1
    assert len({bank.counts for bank in banks}) == 1
    # Entities are shuffled each in its own way.
    assert [n.split("/")[1] for n in orders[0]] != [n.split("/")[1] for n in drawn(banks[0], 1)]


def test_other_entities_do_not_change_what_is_drawn(tmp_path: Path):
    labels, more = ["a", "b"] * 9, ["a", "b"] * 9 + ["c"]
    small = opened(write_parquet(tmp_path / "s.parquet", labels, names=None))
    large = opened(write_parquet(tmp_path / "l.parquet", more, names=None))
    rows = [name.partition("[")[2] for name in drawn(large, 1)]
    assert [name.partition("[")[2] for name in drawn(small, 1)] == rows


def test_unlabelled_rows_and_unused_labels_are_left_out(tmp_path: Path):
    file = write_parquet(tmp_path / "a.parquet", [0, None, 2, -1, 0])
    bank = opened(file)
    assert [entity.name for entity in bank.entities] == ["cat", "owl"]
    assert bank.counts == (2, 1)
    assert bank.draw(1, 0).name == "a.parquet[2]"


def test_split_and_columns(tmp_path: Path):
    write_parquet(tmp_path / "test.parquet", [0, 1], image_column="photo", label_column="what")
    columns = Columns(image="photo", label="what")
    assert opened(tmp_path, split="test", columns=columns).counts == (1, 1)
    with pytest.raises(UsageError):
        opened(tmp_path, columns=Columns(image="picture"))


def test_facts_about_entities(tmp_path: Path):
    about = {
        "cat": {"wnid": "n02124075", "synonyms": ["tabby", 7], "hypernyms": ["feline", 7]},
        "dog": {"synonyms": "no list", "hypernyms": "no list"},
        "none": {"wnid": "n0"},
    }
    cat, dog, owl = opened(write_dataset(tmp_path, about=about)).entities
    assert (cat.id, cat.wordnet_id, cat.synonyms) == ("n02124075", "n02124075", ("tabby", "7"))
    assert (cat.hypernyms, dog.hypernyms) == (("feline", "7"), ())
    assert (dog.id, dog.wordnet_id, dog.synonyms) == ("dog", None, ())
    assert (owl.id, owl.name) == ("owl", "owl")


def test_ids_are_distinct(tmp_path: Path):
    # ImageNet has two cranes; other names differ only in what an identifier leaves out.
    names = ["crane", "crane-2", "crane", "Crane!", "...", "!!!"]
    about = {"...": {"wnid": "crane"}}
    write_parquet(tmp_path / "a.parquet", list(range(6)), names=names)
    (tmp_path / "entities.json").write_text(json.dumps(about))
    entities = opened(tmp_path / "a.parquet").entities
    assert [entity.name for entity in entities] == names
    assert [entity.id for entity in entities] == [
        "crane",
        "crane-2",
        "crane-3",
        "crane-4",
        "crane-5",
        "unnamed",
    ]


def test_many_names_without_a_letter(tmp_path: Path):
    names = ["!" * (i + 1) for i in range(300)]
    labels = np.arange(300)
    file = write_parquet(tmp_path / "a.parquet", labels, names=names, images=[None] * 300)
    assert len({entity.id for entity in opened(file).entities}) == 300


def test_unreadable_instance_is_named(tmp_path: Path):
    write_folder(tmp_path, {"cat": 1, "dog": 1})
    (tmp_path / "dog" / "0.png").write_bytes(b"garbage")
    bank = opened(tmp_path)
    assert same(bank.draw(0, 0).image, picture(0))
    with pytest.raises(UnreadableImageError, match=r"^dog/0\.png: cannot be decoded"):
        bank.draw(1, 0)


@pytest.mark.parametrize("counts", [{"cat": 5}, {"cat": 5, "dog": 0}])
def test_fewer_than_two_entities(tmp_path: Path, counts: dict[str, int]):
    with pytest.raises(EntityError) as caught:
        opened(write_folder(tmp_path, counts))
    require_plain(caught.value)
    assert "holds 1 entities with images" in caught.value.message
    assert "At least 2" in caught.value.hint


def test_without_entities(tmp_path: Path):
    bank = opened(write_folder(tmp_path, {"a": 1, "b": 2, "c": 3})).without([1])
    assert [entity.name for entity in bank.entities] == ["a", "c"]
    assert bank.counts == (1, 3)
    assert sorted(drawn(bank, 1)) == ["c/0.png", "c/1.png", "c/2.png"]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("Egyptian cat", "egyptian-cat"),
        ("  St. Bernard's  dog_2 ", "st-bernard-s-dog-2"),
        ("犬", "犬"),
        ("Größe", "größe"),
        ("\x1b[31m", "31m"),
        ("../../etc", "etc"),
        ("\u202e", "unnamed"),
        ("", "unnamed"),
    ],
)
def test_slug(name: str, expected: str):
    assert slug(name) == expected


@needs_shared
def test_real_entities():
    bank = opened(DATASETS / "entities-200")
    assert len(bank.entities) == 200
    assert set(bank.counts) == {60}
    assert bank.entities[0].wordnet_id == "n02124075"
    assert bank.draw(199, 59).image.size == (64, 64)
    thousand = opened(DATASETS / "entities-1000").entities
    assert len({entity.id for entity in thousand}) == 1000
