from __future__ import annotations

import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from auditor.datasets import parquet as parquet_room
from auditor.datasets.features import Columns
from auditor.datasets.labelled import LabelledImages, UnreadableImageError
from auditor.datasets.open import DatasetSpec, find_dataset, open_dataset
from auditor.errors import AuditorError, EntityError, ExitCode, UsageError
from tests.made_datasets import (
    NAMES,
    encoded,
    picture,
    pictures,
    require_plain,
    same,
    write_dataset,
    write_parquet,
)
from tests.shared_data import DATASETS, needs_shared


def opened(source: Path, split: str | None = None, **columns: str) -> LabelledImages:
    return open_dataset(DatasetSpec(source=str(source), split=split, columns=Columns(**columns)))


def failure(
    source: Path, kind: type[AuditorError] = EntityError, split: str | None = None, **columns: str
) -> AuditorError:
    with pytest.raises(kind) as caught:
        opened(source, split, **columns)
    assert type(caught.value) is kind
    require_plain(caught.value, ExitCode.USAGE if kind is UsageError else ExitCode.NOT_AUDITED)
    return caught.value


# Files and splits


def test_folder_in_hub_layout(tmp_path: Path):
    found = find_dataset(DatasetSpec(source=str(write_dataset(tmp_path))))
    assert found.splits == ("test", "train")
    train, test = found.read("train"), found.read("test")
    assert train.label_names == test.label_names == NAMES
    assert train.labels.tolist() == [0, 1, 2] * 4
    assert all(same(train.image(i), picture(i)) for i in range(12))
    assert same(test.image(1), picture(101))
    assert train.names[5:7] == (
        "data/train-00000-of-00002.parquet[5]",
        "data/train-00001-of-00002.parquet[0]",
    )


def test_train_is_the_default(tmp_path: Path):
    assert len(opened(write_dataset(tmp_path))) == 12
    assert len(opened(tmp_path, split="test")) == 3


def test_missing_split(tmp_path: Path):
    error = failure(write_dataset(tmp_path), split="validation")
    assert error.hint == "It has: test, train. Use --split."


def test_one_file(tmp_path: Path):
    file = write_parquet(tmp_path / "pets.parquet", [0, 1])
    assert opened(file).names == ("pets.parquet[0]", "pets.parquet[1]")
    assert len(opened(file, split="pets")) == 2
    # The one file is no test split of itself.
    assert "has no split 'test'" in failure(file, split="test").message


def test_one_shard_named_alone(tmp_path: Path):
    file = write_dataset(tmp_path, about={"cat": {"wnid": "n1"}}) / "data"
    images = opened(file / "train-00001-of-00002.parquet")
    assert len(images) == 6
    assert images.about == {"cat": {"wnid": "n1"}}


def test_folder_named_like_a_partition_adds_no_column(tmp_path: Path):
    write_parquet(tmp_path / "label=9" / "train.parquet", ["a", "b"], names=None)
    assert opened(tmp_path / "label=9").label_names == ("a", "b")


@pytest.mark.parametrize("rows", [1, 2, 5, 100])
def test_rows_over_row_groups_and_shards(
    tmp_path: Path, rows: int, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(parquet_room, "HELD_BYTES", 1)  # one group at a time
    for shard, count in enumerate([5, 7]):
        write_parquet(
            tmp_path / f"train-0000{shard}-of-00002.parquet",
            [0] * count,
            images=pictures(count, first=5 * shard),
            row_group_size=rows,
        )
    images = opened(tmp_path)
    for index in (11, 0, 4, 5, 6, 10, 3):
        assert same(images.image(index), picture(index))


def test_images_are_not_read_before_they_are_asked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    read: list[int] = []
    really = parquet_room._read_group

    def noting(path: Path, group: int, column: str) -> pa.ChunkedArray:
        read.append(group)
        return really(path, group, column)

    monkeypatch.setattr(parquet_room, "_read_group", noting)
    images = opened(write_parquet(tmp_path / "a.parquet", [0] * 9, row_group_size=3))
    assert read == []
    for index in (4, 3, 5, 4, 0):
        images.image(index)
    assert read == [1, 0]


@pytest.mark.parametrize("keep", [0, 3, 20, -1, -200])
def test_truncated_file(tmp_path: Path, keep: int):
    file = write_parquet(tmp_path / "a.parquet", [0, 1, 2])
    file.write_bytes(file.read_bytes()[:keep])
    error = failure(file)
    assert "not a readable parquet data set" in error.message
    assert "download is complete" in error.hint


def test_damage_in_the_middle_is_an_unreadable_image(tmp_path: Path):
    file = write_parquet(tmp_path / "a.parquet", [0, 1], row_group_size=1)
    chunk = pq.read_metadata(file).row_group(1).column(1)
    start = chunk.dictionary_page_offset or chunk.data_page_offset
    raw = bytearray(file.read_bytes())
    raw[start : start + chunk.total_compressed_size] = b"\xff" * chunk.total_compressed_size
    file.write_bytes(raw)
    images = opened(file)
    assert same(images.image(0), picture(0))
    with pytest.raises(UnreadableImageError, match=r"^a\.parquet\[1\]: "):
        images.image(1)


def test_no_rows(tmp_path: Path):
    file = write_parquet(tmp_path / "a.parquet", pa.array([], pa.int64()))
    assert "has no rows" in failure(file).message


# Columns


def test_columns_named_by_the_user(tmp_path: Path):
    file = write_parquet(tmp_path / "a.parquet", [1, 0], image_column="photo", label_column="what")
    assert opened(file, image="photo", label="what").labels.tolist() == [1, 0]
    assert opened(file, label="id").label_names == ("0", "1")


def test_the_only_class_label_is_the_label(tmp_path: Path):
    file = write_parquet(tmp_path / "a.parquet", [1, 0], label_column="species")
    assert opened(file).label_names == NAMES


def test_images_as_plain_bytes(tmp_path: Path):
    table = pa.table({"image": [encoded(picture(0))], "label": ["cat"]})
    pq.write_table(table, tmp_path / "a.parquet")
    assert same(opened(tmp_path / "a.parquet").image(0), picture(0))


@pytest.mark.parametrize("columns", [{"image": "photo"}, {"label": "x\x1b"}])
def test_unknown_column(tmp_path: Path, columns: dict[str, str]):
    error = failure(write_parquet(tmp_path / "a.parquet", [0, 1]), UsageError, **columns)
    assert "has no column" in error.message
    assert error.hint == "It has: id, image, label."


def test_column_without_images(tmp_path: Path):
    error = failure(write_parquet(tmp_path / "a.parquet", [0, 1]), UsageError, image="id")
    assert "holds int64, not images" in error.message


@pytest.mark.parametrize(("name", "there"), [("image", "label"), ("label", "image")])
def test_no_column(tmp_path: Path, name: str, there: str):
    file = write_parquet(tmp_path / "a.parquet", ["cat"], names=None)
    pq.write_table(pq.read_table(file).select(["id", there]), file)
    error = failure(file)
    assert f"has no {name} column" in error.message
    assert f"--{name}-column" in error.hint


# Images


@pytest.mark.parametrize(
    ("cell", "why"),
    [
        (None, "the row holds no image bytes"),
        (b"", "cannot be decoded"),
        (b"garbage", "cannot be decoded"),
        (encoded(picture(0))[:80], "cannot be decoded"),
        (encoded(picture(0, (600, 10))), "claims 600x10 pixels"),
    ],
)
def test_unreadable_row_is_named(tmp_path: Path, cell: bytes | None, why: str):
    file = write_parquet(tmp_path / "a.parquet", [0, 1], images=[encoded(picture(0)), cell])
    images = opened(file)
    assert same(images.image(0), picture(0))
    with pytest.raises(UnreadableImageError, match=rf"^a\.parquet\[1\]: {why}"):
        images.image(1)


def test_missing_cell_and_path_of_another_file(tmp_path: Path):
    secret = tmp_path / "secret.png"
    picture(0).save(secret)
    kind = pa.struct({"bytes": pa.binary(), "path": pa.string()})
    cells = pa.array([None, {"bytes": None, "path": str(secret)}], kind)
    pq.write_table(pa.table({"image": cells, "label": [0, 1]}), tmp_path / "a.parquet")
    for index in (0, 1):
        with pytest.raises(UnreadableImageError, match="holds no image bytes"):
            opened(tmp_path / "a.parquet").image(index)


def test_file_that_vanishes(tmp_path: Path):
    images = opened(write_parquet(tmp_path / "a.parquet", [0, 1]))
    (tmp_path / "a.parquet").unlink()
    with pytest.raises(UnreadableImageError, match=r"^a\.parquet\[0\]: "):
        images.image(0)


# About


def test_about(tmp_path: Path):
    about = {"cat": {"wnid": "n1", "synonyms": ["tabby"]}}
    assert opened(write_dataset(tmp_path, about=about)).about == about


def test_about_of_another_data_set_is_not_taken(tmp_path: Path):
    (tmp_path / "entities.json").write_text(json.dumps({"cat": {"wnid": "other"}}))
    assert opened(write_dataset(tmp_path / "pets")).about == {}


# The real ones


@needs_shared
@pytest.mark.parametrize(
    ("name", "splits", "rows", "labels", "about"),
    [
        ("entities-200", ("train",), 12_000, 200, 200),
        ("entities-1000", ("train",), 1000, 1000, 0),
        ("traffic-signs", ("test", "train"), 6450, 43, 0),
    ],
)
def test_real(name: str, splits: tuple[str, ...], rows: int, labels: int, about: int):
    found = find_dataset(DatasetSpec(source=str(DATASETS / name)))
    images = found.read()
    assert found.splits == splits
    assert (len(images), len(images.label_names), len(images.about)) == (rows, labels, about)
    assert set(images.labels.tolist()) == set(range(labels))
    assert images.image(rows - 1).mode == "RGB"
