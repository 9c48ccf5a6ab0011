"""Tiny checkpoints, and a Hub on loopback to serve them from."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import huggingface_hub
import numpy as np
import pytest
from safetensors.numpy import save_file

from auditor.errors import AuditorError, ExitCode
from tests.hub_server import HubServer, RepoFixture, use_hub

CONFIG: dict[str, Any] = {
    "architectures": ["ViTForImageClassification"],
    "model_type": "vit",
    "id2label": {"0": "cat", "1": "dog", "2": "owl"},
}
CARD = "---\nbase_model: org/base\nlicense: mit\n---\n# A model\n"


def write_weights(path: Path, *, rows: int = 3, head: str = "classifier.weight") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    tensors = {
        head: np.arange(rows * 4, dtype=np.float32).reshape(rows, 4),
        "classifier.bias": np.zeros(rows, dtype=np.float32),
    }
    save_file(tensors, path)
    return path


def write_config(folder: Path, config: Any = CONFIG) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "config.json"
    path.write_text(config if isinstance(config, str) else json.dumps(config))
    return path


def write_model(folder: Path, config: Any = CONFIG, *, rows: int = 3) -> Path:
    write_config(folder, config)
    (folder / "preprocessor_config.json").write_text('{"size": {"height": 4, "width": 4}}')
    (folder / "README.md").write_text(CARD)
    write_weights(folder / "model.safetensors", rows=rows)
    return folder


def write_sharded(folder: Path) -> Path:
    write_model(folder)
    (folder / "model.safetensors").unlink()
    first, second = "model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors"
    write_weights(folder / first)
    save_file({"vit.weight": np.zeros((2, 2), dtype=np.float32)}, folder / second)
    shards = {"classifier.weight": first, "classifier.bias": first, "vit.weight": second}
    index = {"metadata": {"total_size": 76}, "weight_map": shards}
    (folder / "model.safetensors.index.json").write_text(json.dumps(index))
    return folder


def require_plain(error: AuditorError) -> None:
    """What the command line prints: exit code 3, a message and a hint of one line each."""
    assert error.exit_code is ExitCode.NOT_AUDITED
    assert error.message.isprintable()
    assert error.hint.isprintable()
    assert error.hint


@pytest.fixture
def model(tmp_path: Path) -> Path:
    """A complete checkpoint of three classes."""
    return write_model(tmp_path / "model")


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    return tmp_path / "cache"


@pytest.fixture
def serve(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., HubServer]]:
    """Start a Hub with the given repositories and point the client at it."""
    with ExitStack() as stack:

        def start(**repos: RepoFixture) -> HubServer:
            models = {name.replace("__", "/"): fixture for name, fixture in repos.items()}
            hub = stack.enter_context(HubServer(models))
            use_hub(monkeypatch, hub)
            return hub

        yield start
    # Its connections would outlive the server, and be reported as leaks of another test.
    huggingface_hub.close_session()


@pytest.fixture
def short_waits(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Every wait is noted and takes no time; the client has no setting for its own."""
    waits: list[float] = []
    monkeypatch.setattr(time, "sleep", waits.append)
    return waits
