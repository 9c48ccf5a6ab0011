from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from auditor.checkpoints.resolve import resolve
from auditor.errors import CheckpointError
from tests.checkpoints.conftest import write_model
from tests.hub_server import HubServer, RepoFixture


def test_folder(model: Path):
    checkpoint = resolve(str(model))
    assert checkpoint.source == str(model)
    assert checkpoint.root == model
    assert checkpoint.revision is None


@pytest.mark.parametrize("name", ["model.safetensors", "model.onnx"])
def test_weight_file_with_config_beside_it(model: Path, name: str):
    (model / "model.onnx").write_bytes(b"onnx")
    checkpoint = resolve(str(model / name))
    assert checkpoint.root == model
    assert checkpoint.format.value in name


def test_weight_file_without_config(model: Path):
    (model / "config.json").unlink()
    with pytest.raises(CheckpointError, match=r"has no config\.json"):
        resolve(str(model / "model.safetensors"))


def test_path_that_does_not_exist(tmp_path: Path):
    with pytest.raises(CheckpointError, match="does not exist"):
        resolve(str(tmp_path / "nothing"))


def test_same_digest_from_folder_and_hub(model: Path, cache: Path, serve: Callable[..., HubServer]):
    serve(org__name=RepoFixture(model))
    from_hub = resolve("org/name", cache_dir=cache)
    from_folder = resolve(str(model))
    assert from_hub.digest == from_folder.digest
    assert from_hub.files == from_folder.files
    assert from_hub.config == from_folder.config
    assert from_hub.declared_base == from_folder.declared_base == "org/base"


def test_folder_wins_and_scheme_forces_the_hub(
    model: Path,
    cache: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    serve: Callable[..., HubServer],
):
    hub = serve(org__name=RepoFixture(model))
    shutil.copytree(model, tmp_path / "here" / "org" / "name")
    monkeypatch.chdir(tmp_path / "here")
    assert resolve("org/name", cache_dir=cache).revision is None
    assert not hub.requests
    assert resolve("hf://org/name", cache_dir=cache).revision == hub.commit("org/name")


def test_snapshot_of_the_cache_is_an_ordinary_folder_when_named_as_one(
    model: Path, cache: Path, serve: Callable[..., HubServer]
):
    serve(org__name=RepoFixture(model))
    root = resolve("org/name", cache_dir=cache).root
    with pytest.raises(CheckpointError, match="symbolic link that leaves"):
        resolve(str(root))


def test_what_a_model_needs_is_not_imported_to_resolve_it(tmp_path: Path):
    write_model(tmp_path / "m")
    code = (
        "import sys; from auditor.checkpoints.resolve import resolve; resolve(sys.argv[1]);"
        "heavy = {'torch', 'transformers', 'safetensors', 'onnx', 'huggingface_hub'};"
        "sys.exit(' '.join(heavy & set(sys.modules)) or 0)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path / "m")], capture_output=True, text=True
    )
    assert (done.returncode, done.stderr.strip()) == (0, "")
