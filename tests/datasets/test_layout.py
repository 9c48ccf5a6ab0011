from __future__ import annotations

import pytest

from auditor.datasets.layout import parquet_splits, pick_split
from auditor.errors import EntityError
from tests.made_datasets import require_plain


def shards(split: str, count: int, end: str = "", folder: str = "data/") -> list[str]:
    return [f"{folder}{split}-{i:05d}-of-{count:05d}{end}.parquet" for i in range(count)]


@pytest.mark.parametrize(
    ("names", "splits"),
    [
        (["train.parquet", "test.parquet"], ["test", "train"]),
        (shards("train", 3), ["train"]),
        (shards("train", 1, "-1359597a978bc4fa"), ["train"]),
        ([*shards("train", 2), *shards("validation", 1)], ["train", "validation"]),
        (shards("train", 2, folder="plain_text/"), ["train"]),
        (["data/0000.parquet"], ["0000"]),
        (["train.en-fr.parquet"], ["train.en-fr"]),
        (["a/b/train.parquet", ".hidden.parquet", "README.md"], []),
        ([], []),
    ],
)
def test_splits(names: list[str], splits: list[str]):
    found = parquet_splits([*names, "README.md", "dog/1.png"], "x")
    assert list(found) == splits
    assert sorted(name for files in found.values() for name in files) == (
        sorted(names) if splits else []
    )


def test_shards_are_in_order():
    assert parquet_splits(shards("train", 12)[::-1], "x")["train"] == tuple(shards("train", 12))


def test_usual_folders_win_over_others():
    assert parquet_splits(["other/train.parquet", "data/test.parquet"], "x") == {
        "test": ("data/test.parquet",)
    }


@pytest.mark.parametrize(
    ("names", "message"),
    [
        (shards("train", 5)[1:], "has 4 of the 5 files of split train"),
        ([*shards("train", 2), *shards("train", 3)], "several versions of split train"),
        ([*shards("train", 2), *shards("train", 2, "-0a")], "several versions of split train"),
        ([*shards("train", 2), "train.parquet"], "several versions of split train"),
        (["en/train.parquet", "fr/train.parquet"], "in several folders: en, fr"),
        (["train-99999-of-00001.parquet"], "has 1 of the 1 files"),
        (["train-00000-of-00000.parquet"], "has 1 of the 0 files"),
    ],
)
def test_refusals(names: list[str], message: str):
    with pytest.raises(EntityError) as caught:
        parquet_splits(names, "the set\x1b")
    require_plain(caught.value)
    assert message in caught.value.message


@pytest.mark.parametrize(
    ("splits", "wanted", "picked"),
    [
        (["test", "train"], None, "train"),
        (["test", "train"], "test", "test"),
        (["0000"], None, "0000"),
    ],
)
def test_pick(splits: list[str], wanted: str | None, picked: str):
    assert pick_split(splits, wanted, "x") == picked


@pytest.mark.parametrize("wanted", [None, "train", "\x1b"])
def test_pick_refuses(wanted: str | None):
    with pytest.raises(EntityError) as caught:
        pick_split(["test", "validation"], wanted, "x")
    require_plain(caught.value)
    assert "test, validation" in caught.value.hint
    assert "--split" in caught.value.hint
