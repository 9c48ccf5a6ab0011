from __future__ import annotations

from pathlib import Path

import pytest

from auditor.checkpoints.source import HubSource, LocalSource, parse_source
from auditor.errors import CheckpointError


@pytest.fixture(autouse=True)
def in_tmp(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize(
    ("source", "repo_id", "revision"),
    [
        ("org/name", "org/name", None),
        ("org/name@v1.0", "org/name", "v1.0"),
        ("org/name@refs/pr/3", "org/name", "refs/pr/3"),
        ("hf://org/name", "org/name", None),
        ("hf://org/name@main", "org/name", "main"),
        ("hf://Org-1/na_me.v2", "Org-1/na_me.v2", None),
    ],
)
def test_hub_forms(source: str, repo_id: str, revision: str | None):
    assert parse_source(source) == HubSource(repo_id=repo_id, revision=revision)


def test_folder_that_exists_wins_over_a_hub_id(tmp_path: Path):
    (tmp_path / "org" / "name").mkdir(parents=True)
    assert parse_source("org/name") == LocalSource(folder=tmp_path / "org" / "name")
    assert parse_source("hf://org/name") == HubSource(repo_id="org/name")


def test_folder_with_an_at_sign_in_its_name_is_a_folder(tmp_path: Path):
    (tmp_path / "org" / "name@v1").mkdir(parents=True)
    assert parse_source("org/name@v1") == LocalSource(folder=tmp_path / "org" / "name@v1")


def test_home_is_expanded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "model").mkdir()
    assert parse_source("~/model") == LocalSource(folder=tmp_path / "model")


@pytest.mark.parametrize("name", ["best.safetensors", "best.onnx"])
def test_weight_file(tmp_path: Path, name: str):
    (tmp_path / name).touch()
    assert parse_source(name) == LocalSource(folder=tmp_path, weights=name)


@pytest.mark.parametrize(
    "source",
    [
        "./org/name",
        "/no/such/folder",
        "~/no-such-folder",
        "a/b/c",
        "model.safetensors",
        "models/model.onnx",
        "C:\\models\\vit",
        "/" + "x" * 5000,
    ],
)
def test_path_that_does_not_exist(source: str):
    with pytest.raises(CheckpointError, match="does not exist") as caught:
        parse_source(source)
    assert "\n" not in caught.value.message + caught.value.hint


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("", "is neither a path nor a Hub id"),
        ("vit", "is neither a path nor a Hub id"),
        ("org/na me", "is neither a path nor a Hub id"),
        ("org/näme", "is neither a path nor a Hub id"),
        ("evil\n\x1b[2J/name", "is neither a path nor a Hub id"),
        ("hf://org", "is neither a path nor a Hub id"),
        ("hf://org/name/file", "is neither a path nor a Hub id"),
        ("org/name\0", "is neither a path nor a Hub id"),
        ("hf://datasets/org/name", "is a data set, not a model"),
        ("org/name@", "does not name a revision after the @"),
        ("org/name@../../etc", "does not name a revision after the @"),
        ("org/name@a b", "does not name a revision after the @"),
    ],
)
def test_no_known_form(source: str, message: str):
    with pytest.raises(CheckpointError, match=message) as caught:
        parse_source(source)
    assert caught.value.message.isprintable()
    assert caught.value.hint.isprintable()


@pytest.mark.parametrize("name", ["model.tar.gz", "notes.txt"])
def test_file_of_another_kind(tmp_path: Path, name: str):
    (tmp_path / name).touch()
    with pytest.raises(CheckpointError, match="neither a folder nor a") as caught:
        parse_source(str(tmp_path / name))
    assert "archives" in caught.value.hint


@pytest.mark.parametrize("name", ["pytorch_model.bin", "model.pt", "model.PTH"])
def test_a_pickle_is_a_place_and_refused_only_later(tmp_path: Path, name: str):
    (tmp_path / name).touch()
    assert parse_source(str(tmp_path / name)) == LocalSource(folder=tmp_path, weights=name)
