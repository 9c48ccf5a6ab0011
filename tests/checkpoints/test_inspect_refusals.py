from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from auditor.checkpoints.inspect import inspect
from auditor.errors import AuditorError, CheckpointError, UnsupportedModel
from auditor.types import CheckpointFormat
from tests.checkpoints.conftest import (
    CONFIG,
    require_plain,
    write_config,
    write_model,
    write_sharded,
    write_weights,
)


def failure(
    root: Path, kind: type[AuditorError] = CheckpointError, weights: str | None = None
) -> AuditorError:
    with pytest.raises(kind) as caught:
        inspect(root, source=str(root), weights=weights)
    error = caught.value
    assert type(error) is kind
    require_plain(error)
    return error


# What is missing


def test_empty_folder(tmp_path: Path):
    assert failure(tmp_path).message.endswith("has no config.json")


def test_weight_file_without_config(model: Path):
    (model / "config.json").unlink()
    assert failure(model, weights="model.safetensors").message.endswith("has no config.json")


def test_no_weights(tmp_path: Path):
    write_config(tmp_path)
    assert failure(tmp_path).message.endswith("has no weights")


@pytest.mark.parametrize(
    "name", ["pytorch_model.bin", "model.pt", "model.pth", "last.ckpt", "model.pkl"]
)
def test_pickle_only(tmp_path: Path, name: str):
    write_config(tmp_path)
    (tmp_path / name).write_bytes(b"\x80\x04.")
    error = failure(tmp_path)
    assert name in error.message
    assert "can run code when it is loaded" in error.message
    assert "safetensors" in error.hint


def test_the_model_is_named_before_other_pickles(tmp_path: Path):
    write_config(tmp_path)
    for name in ("arguments.bin", "pytorch_model.bin"):
        (tmp_path / name).write_bytes(b"\x80\x04.")
    assert "only in pytorch_model.bin" in failure(tmp_path).message


@pytest.mark.parametrize("name", ["tf_model.h5", "flax_model.msgpack"])
def test_other_formats(tmp_path: Path, name: str):
    write_config(tmp_path)
    (tmp_path / name).touch()
    assert f"only in {name}, a format" in failure(tmp_path).message


def test_weights_under_another_name(model: Path):
    (model / "model.safetensors").rename(model / "best.safetensors")
    error = failure(model)
    assert "only best.safetensors" in error.message
    assert "name that file itself" in error.hint


@pytest.mark.parametrize("with_config", [True, False])
def test_adapter(tmp_path: Path, with_config: bool):
    if with_config:
        write_config(tmp_path)
    (tmp_path / "adapter_config.json").write_text("{}")
    (tmp_path / "adapter_model.safetensors").touch()
    error = failure(tmp_path, UnsupportedModel)
    assert "holds a PEFT adapter" in error.message
    assert "merge" in error.hint


def test_an_adapter_beside_whole_weights_is_refused_too(model: Path):
    """Whoever has peft installed would run the two together; the weights alone are not it."""
    (model / "adapter_config.json").write_text("{}")
    (model / "adapter_model.safetensors").touch()
    assert "holds a PEFT adapter" in failure(model, UnsupportedModel).message


# What is broken


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("{", "config.json is not valid JSON"),
        ("[" * 100_000, "config.json is not valid JSON"),
        ('{"a": 1' + "0" * 5000 + "}", "config.json is not valid JSON"),
        ("", "config.json is not valid JSON"),
        ("[]", "config.json holds a list, not a JSON object"),
        ("null", "config.json holds a NoneType, not a JSON object"),
        ('{"a":' * 80 + "1" + "}" * 80, "config.json is nested more than 64 levels deep"),
    ],
)
def test_broken_config(model: Path, content: str, message: str):
    write_config(model, content)
    assert failure(model).message.startswith(message)


def test_config_that_is_not_utf8(model: Path):
    (model / "config.json").write_bytes(b'{"a": "\xff"}')
    assert failure(model).message.startswith("config.json is not valid JSON")


def test_huge_config(model: Path):
    with (model / "config.json").open("wb") as file:
        file.truncate(20_000_000)
    assert failure(model).message == "config.json is larger than 10 MB"


def test_truncated_weights(model: Path):
    path = model / "model.safetensors"
    path.write_bytes(path.read_bytes()[:-1])
    assert failure(model).message.startswith("model.safetensors is truncated: header promises ")


def test_truncated_shard(tmp_path: Path):
    root = write_sharded(tmp_path / "m")
    path = root / "model-00002-of-00002.safetensors"
    path.write_bytes(path.read_bytes()[:-1])
    assert failure(root).message.startswith(f"{path.name} is truncated")


def test_missing_shard(tmp_path: Path):
    root = write_sharded(tmp_path / "m")
    (root / "model-00002-of-00002.safetensors").unlink()
    assert failure(root).message == (
        "model.safetensors.index.json names model-00002-of-00002.safetensors, which is missing"
    )


@pytest.mark.parametrize(
    "shard",
    ["../model.safetensors", "/etc/model.safetensors", "a/b.safetensors", "model.bin", "", 7, None],
)
def test_shard_outside_the_folder(tmp_path: Path, shard: Any):
    root = write_sharded(tmp_path / "m")
    index = root / "model.safetensors.index.json"
    index.write_text(json.dumps({"weight_map": {"classifier.weight": shard}}))
    message = failure(root).message
    assert message.endswith("which is not a .safetensors file of the same folder")


@pytest.mark.parametrize("index", ["{}", '{"weight_map": {}}', '{"weight_map": []}'])
def test_index_without_shards(tmp_path: Path, index: str):
    root = write_sharded(tmp_path / "m")
    (root / "model.safetensors.index.json").write_text(index)
    assert failure(root).message == "model.safetensors.index.json has no weight_map"


# What is not supported


def test_no_labels(model: Path):
    write_config(model, {"architectures": CONFIG["architectures"]})
    assert failure(model, UnsupportedModel).message == "config.json has no labels"


def test_head_of_another_size(tmp_path: Path):
    root = write_model(tmp_path / "m", rows=43)
    assert failure(root, UnsupportedModel).message == (
        "config.json names 3 labels, the head classifier.weight has 43 rows"
    )


def test_head_in_a_shard(tmp_path: Path):
    root = write_sharded(tmp_path / "m")
    write_weights(root / "model-00001-of-00002.safetensors", rows=7)
    assert "has 7 rows" in failure(root, UnsupportedModel).message


@pytest.mark.parametrize("name", ["model.safetensors", "model.onnx"])
def test_not_an_image_classifier(model: Path, name: str):
    (model / "model.safetensors").rename(model / name)
    write_config(model, {**CONFIG, "architectures": ["BertForSequenceClassification"]})
    assert "architectures says Bert" in failure(model, UnsupportedModel).message


# Links


@pytest.mark.parametrize("name", ["model.safetensors", "config.json", "README.md"])
def test_link_that_leaves_the_folder(model: Path, tmp_path: Path, name: str):
    (model / name).rename(tmp_path / name)
    (model / name).symlink_to(tmp_path / name)
    error = failure(model)
    assert f"{name} is a symbolic link that leaves" in error.message
    assert "cp -rL" in error.hint


def test_shard_link_that_leaves_the_folder(tmp_path: Path):
    root = write_sharded(tmp_path / "m")
    name = "model-00002-of-00002.safetensors"
    (root / name).rename(tmp_path / name)
    (root / name).symlink_to(tmp_path / name)
    assert f"{name} is a symbolic link that leaves" in failure(root).message


def test_linked_folder_that_leaves_the_folder(tmp_path: Path):
    write_config(tmp_path / "m")
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "model.onnx").write_bytes(b"onnx")
    (tmp_path / "m" / "onnx").symlink_to(tmp_path / "other")
    assert "onnx/model.onnx is a symbolic link that leaves" in failure(tmp_path / "m").message


def test_link_within_the_folder(model: Path):
    (model / "model.safetensors").rename(model / "weights")
    (model / "model.safetensors").symlink_to("weights")
    assert inspect(model, source="m").format is CheckpointFormat.SAFETENSORS


def test_folder_that_is_itself_a_link(model: Path, tmp_path: Path):
    (tmp_path / "latest").symlink_to(model)
    digest = inspect(tmp_path / "latest", source="m").digest
    assert digest == inspect(model, source="m").digest


def test_links_into_the_hub_cache_are_allowed(model: Path, tmp_path: Path):
    (tmp_path / "blobs").mkdir()
    (model / "model.safetensors").rename(tmp_path / "blobs" / "abc")
    (model / "model.safetensors").symlink_to("../blobs/abc")
    checkpoint = inspect(model, source="m", links_within=(tmp_path / "blobs",))
    assert len(checkpoint.files) == 4


def test_dangling_link(model: Path):
    (model / "model.safetensors").unlink()
    (model / "model.safetensors").symlink_to("nowhere")
    assert failure(model).message.endswith("has no weights")


def test_link_loop(model: Path):
    (model / "config.json").unlink()
    (model / "config.json").symlink_to("config.json")
    assert failure(model).hint


def test_named_pipe_does_not_hang(model: Path):
    (model / "model.safetensors").unlink()
    os.mkfifo(model / "model.safetensors")
    assert failure(model).message.endswith("has no weights")


def test_unreadable_file(model: Path, monkeypatch: pytest.MonkeyPatch):
    real = Path.open

    def refuse(path: Path, *args: Any, **kwargs: Any) -> Any:
        if path.name == "config.json":
            raise PermissionError(13, "Permission denied", str(path))
        return real(path, *args, **kwargs)

    # A test may run as root, whom permissions do not stop.
    monkeypatch.setattr(Path, "open", refuse)
    assert failure(model).message.endswith("config.json: Permission denied")
