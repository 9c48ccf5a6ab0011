"""One hostile input: how it is made, how the command has to end, and what it has to say."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from safetensors.numpy import save_file

CONFIG: dict[str, Any] = {
    "architectures": ["ViTForImageClassification"],
    "model_type": "vit",
    "id2label": {"0": "cat", "1": "dog", "2": "owl"},
}
PROCESSOR = {"image_processor_type": "ViTImageProcessor", "size": {"height": 32, "width": 32}}


@dataclass(frozen=True, slots=True)
class Place:
    """Where a case is made. `model` is the folder to scan, empty at first.

    `code` is what a payload runs; `real` a checkpoint that loads, `graph` one in ONNX, both to be
    copied; `bank` a good bank of entities.
    """

    root: Path
    code: str
    real: Path
    graph: Path
    bank: Path

    @property
    def model(self) -> Path:
        return self.root / "model"

    @property
    def outside(self) -> Path:
        return self.root / "outside"


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A row of the table.

    `says` must stand on standard error and, with exit code 3, among the report's reasons;
    `names` is the file or option that must be named with it. `options` are further arguments,
    where `{root}` is the place of the case. `early` promises that no engine was imported.
    `finding` is a rule that must have spoken of a file. `scanned` is what is named as MODEL.
    """

    name: str
    about: str
    make: Callable[[Place], object]
    says: str
    names: str
    exit: int = 3
    options: tuple[str, ...] = ()
    variables: Mapping[str, str] = field(default_factory=dict)
    early: bool = True
    finding: str | None = None
    scanned: str = "{root}/model"
    entities: str | None = None


def write_config(place: Place, config: Any = CONFIG) -> Path:
    path = place.model / "config.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    if isinstance(config, bytes):
        path.write_bytes(config)
    else:
        path.write_text(config if isinstance(config, str) else json.dumps(config))
    return path


def write_weights(path: Path, *, rows: int = 3) -> Path:
    tensors = {
        "classifier.weight": np.arange(rows * 4, dtype=np.float32).reshape(rows, 4),
        "classifier.bias": np.zeros(rows, dtype=np.float32),
    }
    save_file(tensors, path)
    return path


def write_small(place: Place, config: Any = CONFIG) -> Path:
    """A folder that looks like a checkpoint until somebody loads it."""
    write_config(place, config)
    (place.model / "preprocessor_config.json").write_text(json.dumps(PROCESSOR))
    write_weights(place.model / "model.safetensors")
    return place.model


def copy_real(place: Place, **changes: Any) -> Path:
    """A checkpoint that loads, with other words in its config.json; None removes one."""
    shutil.copytree(place.real, place.model)
    edit(place.model / "config.json", **changes)
    return place.model


def copy_graph(place: Place) -> Path:
    shutil.copytree(place.graph, place.model)
    return place.model / "model.onnx"


def edit(path: Path, **changes: Any) -> None:
    said = {**json.loads(path.read_text()), **changes}
    path.write_text(json.dumps({key: value for key, value in said.items() if value is not None}))


def sparse(path: Path, size_bytes: int, head: bytes = b"") -> Path:
    """A file that claims to be large and takes no room."""
    with path.open("wb") as file:
        file.write(head)
        file.truncate(size_bytes)
    return path


def header(path: Path, said: Any, data: bytes = b"", length: int | None = None) -> Path:
    """A safetensors file with this header, whatever it says."""
    raw = said if isinstance(said, bytes) else json.dumps(said).encode()
    path.write_bytes((len(raw) if length is None else length).to_bytes(8, "little") + raw + data)
    return path
