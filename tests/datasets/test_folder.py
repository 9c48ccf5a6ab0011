from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from auditor.datasets import folder as folder_room
from auditor.datasets.labelled import LabelledImages, UnreadableImageError
from auditor.datasets.open import DatasetSpec, find_dataset, open_dataset
from auditor.errors import EntityError
from tests.made_datasets import NAMES, picture, require_plain, same, write_folder


def opened(folder: Path) -> LabelledImages:
    return open_dataset(DatasetSpec(source=str(folder)))


def failure(folder: Path, split: str | None = None) -> EntityError:
    with pytest.raises(EntityError) as caught:
        open_dataset(DatasetSpec(source=str(folder), split=split))
    require_plain(caught.value)
    return caught.value


def test_folders_are_labels(tmp_path: Path):
    images = opened(write_folder(tmp_path, {"dog": 2, "cat": 1}))
    assert images.label_names == ("cat", "dog")
    assert images.labels.tolist() == [0, 1, 1]
    assert images.names == ("cat/0.png", "dog/0.png", "dog/1.png")
    assert images.revision is None
    assert len(images) == 3
    assert same(images.image(2), picture(1))


def test_other_files_are_left_out(tmp_path: Path):
    write_folder(tmp_path, {"cat": 1, ".git": 1, "empty": 0})
    for name in ("._0.png", "notes.txt", "model.bin"):
        (tmp_path / "cat" / name).write_bytes(b"x")
    (tmp_path / "stray.png").write_bytes(b"x")
    images = opened(tmp_path)
    assert images.names == ("cat/0.png",)
    assert images.label_names == ("cat",)


def test_suffix_in_capitals(tmp_path: Path):
    write_folder(tmp_path, {"cat": 1})
    (tmp_path / "cat" / "0.png").rename(tmp_path / "cat" / "0.PNG")
    assert opened(tmp_path).names == ("cat/0.PNG",)


@pytest.mark.parametrize("name", ["\x1b[31mred", "..hidden", "a; rm -rf", "犬", "a\nb", "x" * 200])
def test_hostile_names_are_kept(tmp_path: Path, name: str):
    folder = write_folder(tmp_path, {f"n{name}": 1})
    assert opened(folder).label_names == (f"n{name}",)


def test_about_is_read_from_the_root(tmp_path: Path):
    write_folder(tmp_path, dict.fromkeys(NAMES, 1))
    (tmp_path / "entities.json").write_text(json.dumps({"cat": {"wnid": "n1"}, "dog": "text"}))
    assert opened(tmp_path).about == {"cat": {"wnid": "n1"}}


@pytest.mark.parametrize("text", ["{", "[]", '{"cat": ' * 5000])
def test_broken_about_is_refused(tmp_path: Path, text: str):
    write_folder(tmp_path, {"cat": 1})
    (tmp_path / "entities.json").write_text(text)
    assert failure(tmp_path).message.startswith("entities.json ")


@pytest.mark.parametrize("counts", [{}, {"cat": 0, "dog": 0}])
def test_no_images(tmp_path: Path, counts: dict[str, int]):
    error = failure(write_folder(tmp_path / "f\x1b", counts) if counts else tmp_path)
    assert "holds no images in class folders" in error.message
    assert "<entity name>" in error.hint


def test_class_folders_one_level_deeper(tmp_path: Path):
    write_folder(tmp_path / "train", {"cat": 1, "dog": 1})
    assert f"name {tmp_path / 'train'} instead" in failure(tmp_path).hint


def test_there_are_no_splits(tmp_path: Path):
    # Reading the same images as a test split would measure a model on what it was trained on.
    write_folder(tmp_path, {"cat": 1})
    assert find_dataset(DatasetSpec(source=str(tmp_path))).splits == ()
    error = failure(tmp_path, split="test")
    assert "which has no splits" in error.message
    assert "--split" in error.hint


def test_missing_folder(tmp_path: Path):
    for name in (str(tmp_path / "none"), "org/name", "\0", "x" * 5000):
        with pytest.raises(EntityError) as caught:
            open_dataset(DatasetSpec(source=name))
        require_plain(caught.value)
        assert "hf://datasets/org/name" in caught.value.hint


def test_unreadable_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    write_folder(tmp_path, {"cat": 1})

    def refuse(path: object) -> None:
        raise PermissionError(13, "Permission denied", path)

    monkeypatch.setattr(os, "scandir", refuse)
    assert failure(tmp_path).message == f"{tmp_path} cannot be read: Permission denied"


def test_unreadable_images_are_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    write_folder(tmp_path, {"cat": 3})
    (tmp_path / "cat" / "0.png").write_bytes(b"garbage")
    (tmp_path / "cat" / "1.png").unlink()
    (tmp_path / "cat" / "1.png").mkdir()
    images = opened(tmp_path)
    (tmp_path / "cat" / "2.png").unlink()
    for index, why in enumerate(["cannot be decoded", "is no file", "is no file"]):
        with pytest.raises(UnreadableImageError, match=rf"^cat/{index}\.png: {why}"):
            images.image(index)
    monkeypatch.setattr(folder_room, "MAX_BYTES", 5)
    with pytest.raises(UnreadableImageError, match="has more than 0 MB"):
        images.image(0)
