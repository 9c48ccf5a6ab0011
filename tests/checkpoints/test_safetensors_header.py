from __future__ import annotations

import json
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from safetensors.numpy import save, save_file

from auditor.checkpoints.safetensors_header import read_header
from auditor.errors import CheckpointError

F32 = {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]}


def write(path: Path, header: Any, data: bytes = b"\0" * 8) -> Path:
    raw = header if isinstance(header, bytes) else json.dumps(header).encode()
    path.write_bytes(len(raw).to_bytes(8, "little") + raw + data)
    return path


def test_reads_what_the_library_writes(tmp_path: Path):
    path = tmp_path / "model.safetensors"
    tensors = {
        "classifier.weight": np.zeros((3, 4), dtype=np.float32),
        "scale": np.zeros((), dtype=np.float16),
        "empty": np.zeros((0, 7), dtype=np.int64),
        "mask": np.zeros(5, dtype=np.bool_),
    }
    save_file(tensors, path, metadata={"format": "pt"})
    shapes = {tensor.name: tensor.shape for tensor in read_header(path)}
    assert shapes == {name: array.shape for name, array in tensors.items()}


def test_truncated_file_says_how_much_is_missing(tmp_path: Path):
    path = tmp_path / "model.safetensors"
    save_file({"classifier.weight": np.zeros((3, 4), dtype=np.float32)}, path)
    whole = path.stat().st_size
    path.write_bytes(path.read_bytes()[:-10])
    with pytest.raises(CheckpointError) as caught:
        read_header(path)
    assert caught.value.message == (
        f"model.safetensors is truncated: header promises {whole} bytes, file has {whole - 10}"
    )


@pytest.mark.parametrize("kept", [0, 5, 8, 20])
def test_truncated_within_the_header(tmp_path: Path, kept: int):
    path = write(tmp_path / "model.safetensors", {"w": F32})
    path.write_bytes(path.read_bytes()[:kept])
    with pytest.raises(CheckpointError, match=f"is truncated: .* file has {kept}$"):
        read_header(path)


@pytest.mark.parametrize(
    ("header", "message"),
    [
        (b"{not json", "the header is not valid JSON"),
        (b"\xff\xfe", "the header is not valid JSON"),
        (b"[" * 100_000, "the header is not valid JSON"),
        (b'{"w": 1' + b"0" * 5000 + b"}", "the header is not valid JSON"),
        ([1], "the header is not a JSON object"),
        ({"w": 3}, "tensor w is not described by an object"),
        ({"w": {}}, "lacks a valid dtype, shape or data_offsets"),
        ({"w": {**F32, "shape": [-2]}}, "lacks a valid dtype, shape or data_offsets"),
        ({"w": {**F32, "shape": [True, 2]}}, "lacks a valid dtype, shape or data_offsets"),
        ({"w": {**F32, "shape": [2**63]}}, "lacks a valid dtype, shape or data_offsets"),
        ({"w": {**F32, "shape": [1] * 40}}, "has impossible data_offsets or shape"),
        ({"w": {**F32, "data_offsets": [8, 0]}}, "has impossible data_offsets or shape"),
        ({"w": {**F32, "data_offsets": [0]}}, "has impossible data_offsets or shape"),
        ({"w": {**F32, "shape": [3]}}, "does not fill its data_offsets"),
        ({"w": {**F32, "shape": [1], "data_offsets": [4, 8]}}, "leaves a gap before it"),
        ({"v": F32, "w": F32}, "overlaps another"),
        (b'{"w": 1, "w": 2}', "'w' occurs twice in one object"),
        ({}, "8 bytes follow the last tensor"),
    ],
)
def test_broken_header(tmp_path: Path, header: Any, message: str):
    path = write(tmp_path / "model.safetensors", header)
    with pytest.raises(CheckpointError, match=message) as caught:
        read_header(path)
    assert caught.value.message.startswith("model.safetensors is not a valid safetensors file: ")
    assert caught.value.message.isprintable()


def test_bytes_after_the_last_tensor(tmp_path: Path):
    path = write(tmp_path / "model.safetensors", {"w": F32}, b"\0" * 11)
    with pytest.raises(CheckpointError, match="3 bytes follow the last tensor"):
        read_header(path)


def test_pickle_under_another_name(tmp_path: Path):
    path = tmp_path / "model.safetensors"
    path.write_bytes(b"PK\x03\x04" + b"\x80\x02pickle" * 20)
    with pytest.raises(CheckpointError, match="is not a safetensors file"):
        read_header(path)


def test_git_lfs_pointer(tmp_path: Path):
    path = tmp_path / "model.safetensors"
    path.write_text("version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 1\n")
    with pytest.raises(CheckpointError, match="is a git-lfs pointer") as caught:
        read_header(path)
    assert "git lfs pull" in caught.value.hint


@pytest.mark.parametrize("dtype", ["F3", "f32", "PYOBJECT", "", "F32\n"])
def test_a_dtype_whose_size_nobody_knows(tmp_path: Path, dtype: str):
    path = write(tmp_path / "model.safetensors", {"w": {**F32, "dtype": dtype}})
    with pytest.raises(CheckpointError, match="which there is not"):
        read_header(path)


VALID = save({"a": np.zeros((2, 3), dtype=np.float32), "b": np.zeros(4, dtype=np.int64)})


@given(st.integers(0, len(VALID) - 1), st.integers(0, 255), st.integers(0, len(VALID)))
def test_no_damage_escapes_as_another_error(position: int, byte: int, kept: int):
    damaged = bytearray(VALID)
    damaged[position] = byte
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.safetensors"
        path.write_bytes(bytes(damaged[:kept]))
        with suppress(CheckpointError):
            read_header(path)
