from __future__ import annotations

import hashlib
import shutil
from pathlib import Path

import pytest

from auditor.checkpoints.inspect import inspect, weight_files
from auditor.types import CheckpointFormat
from tests.checkpoints.conftest import (
    CONFIG,
    write_config,
    write_sharded,
    write_weights,
)


def test_whole_model(model: Path):
    checkpoint = inspect(model, source="the model")
    assert checkpoint.source == "the model"
    assert checkpoint.revision is None
    assert checkpoint.root == model
    assert checkpoint.format is CheckpointFormat.SAFETENSORS
    assert checkpoint.config == CONFIG
    assert checkpoint.declared_base == "org/base"
    assert [file.path for file in checkpoint.files] == [
        "README.md",
        "config.json",
        "model.safetensors",
        "preprocessor_config.json",
    ]
    weights = next(file for file in checkpoint.files if file.path == "model.safetensors")
    content = (model / "model.safetensors").read_bytes()
    assert weights.size_bytes == len(content)
    assert weights.sha256 == hashlib.sha256(content).hexdigest()
    assert weight_files(checkpoint) == (model / "model.safetensors",)


def test_digest_unchanged_when_model_moved(model: Path, tmp_path: Path):
    digest = inspect(model, source="a").digest
    moved = shutil.move(model, tmp_path / "elsewhere")
    assert inspect(Path(moved), source="b").digest == digest


def test_digest_changes_with_one_weight(model: Path):
    digest = inspect(model, source="a").digest
    content = bytearray((model / "model.safetensors").read_bytes())
    content[-1] ^= 1
    (model / "model.safetensors").write_bytes(content)
    assert inspect(model, source="a").digest != digest


def test_files_that_auditor_does_not_read_are_left_out(model: Path):
    digest = inspect(model, source="a").digest
    (model / "pytorch_model.bin").write_bytes(b"pickle")
    (model / ".git").mkdir()
    (model / ".git" / "config").touch()
    (model / "checkpoint-5").mkdir()
    assert inspect(model, source="a").digest == digest


def test_sharded(tmp_path: Path):
    checkpoint = inspect(write_sharded(tmp_path / "m"), source="m")
    assert [path.name for path in weight_files(checkpoint)] == [
        "model-00001-of-00002.safetensors",
        "model-00002-of-00002.safetensors",
    ]
    assert "model.safetensors.index.json" in [file.path for file in checkpoint.files]


def test_whole_file_wins_over_shards_as_in_transformers(tmp_path: Path):
    root = write_sharded(tmp_path / "m")
    write_weights(root / "model.safetensors")
    assert [p.name for p in weight_files(inspect(root, source="m"))] == ["model.safetensors"]


@pytest.mark.parametrize("name", ["model.onnx", "onnx/model.onnx"])
def test_onnx(tmp_path: Path, name: str):
    write_config(tmp_path)
    (tmp_path / name).parent.mkdir(exist_ok=True)
    (tmp_path / name).write_bytes(b"onnx")
    (tmp_path / f"{name}_data").write_bytes(b"tensors")
    checkpoint = inspect(tmp_path, source="m")
    assert checkpoint.format is CheckpointFormat.ONNX
    assert [file.path for file in checkpoint.files] == ["config.json", name, f"{name}_data"]
    assert weight_files(checkpoint) == (tmp_path / name,)


def test_safetensors_wins_over_onnx(model: Path):
    (model / "model.onnx").write_bytes(b"onnx")
    assert inspect(model, source="m").format is CheckpointFormat.SAFETENSORS


def test_one_weight_file_and_its_config(model: Path):
    write_weights(model / "best.safetensors")
    checkpoint = inspect(model, source="m", weights="best.safetensors")
    assert weight_files(checkpoint) == (model / "best.safetensors",)
    assert "model.safetensors" not in [file.path for file in checkpoint.files]


def test_one_onnx_file_and_its_data(tmp_path: Path):
    write_config(tmp_path)
    (tmp_path / "net.onnx").write_bytes(b"onnx")
    (tmp_path / "net.onnx.data").write_bytes(b"tensors")
    checkpoint = inspect(tmp_path, source="m", weights="net.onnx")
    paths = [file.path for file in checkpoint.files]
    assert paths == ["config.json", "net.onnx", "net.onnx.data"]


def test_broken_card_is_not_fatal(model: Path):
    (model / "README.md").write_bytes(b"---\n\xff: [\n---\n")
    assert inspect(model, source="m").declared_base is None


def test_no_card(model: Path):
    (model / "README.md").unlink()
    assert inspect(model, source="m").declared_base is None
