"""The header of a safetensors file: which tensors it holds and whether all bytes are there.

Eight bytes (little-endian length), that many bytes of JSON, then the tensors without gaps.
Only the header is read. See https://huggingface.co/docs/safetensors for the format.
"""

from __future__ import annotations

import math
import os
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, TypeGuard

from auditor.checkpoints.json_file import strict_json
from auditor.checkpoints.wording import shown
from auditor.errors import CheckpointError

# The same bound as the Hub client; a pickle or a text file read as a length lies far above it.
MAX_HEADER_BYTES = 25_000_000
MAX_RANK = 32
_LENGTH_BYTES = 8
_LFS_POINTER = b"version "
_DAMAGED = "download the file again and compare its SHA-256 with the source"

_BITS = {
    "F4": 4,
    **dict.fromkeys(("F6_E2M3", "F6_E3M2"), 6),
    **dict.fromkeys(("BOOL", "U8", "I8", "F8_E5M2", "F8_E4M3", "F8_E8M0"), 8),
    **dict.fromkeys(("F8_E5M2FNUZ", "F8_E4M3FNUZ"), 8),
    **dict.fromkeys(("U16", "I16", "F16", "BF16"), 16),
    **dict.fromkeys(("U32", "I32", "F32"), 32),
    **dict.fromkeys(("U64", "I64", "F64", "C64"), 64),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class TensorEntry:
    """One tensor of the header; `begin` and `end` count from the end of the header."""

    name: str
    dtype: str
    shape: tuple[int, ...]
    begin: int
    end: int


def read_header(path: Path) -> tuple[TensorEntry, ...]:
    """Read and check the header of a safetensors file.

    Args:
        path: The file.

    Returns:
        Its tensors, in the order of their bytes.

    Raises:
        CheckpointError: If the file is truncated, has bytes that belong to no tensor, or does
            not follow the format.
    """
    name = shown(path.name)
    with path.open("rb") as file:
        size = os.fstat(file.fileno()).st_size
        raw = _header_bytes(file, size, name)
    tensors = tuple(sorted(_parse(raw, name), key=lambda t: (t.begin, t.end)))
    promised = _LENGTH_BYTES + len(raw) + max((t.end for t in tensors), default=0)
    if promised > size:
        raise _truncated(name, promised, size)
    if promised < size:
        raise _broken(name, f"{size - promised} bytes follow the last tensor")
    _check_contiguous(tensors, name)
    return tensors


def _header_bytes(file: BinaryIO, size: int, name: str) -> bytes:
    start = file.read(_LENGTH_BYTES)
    if start == _LFS_POINTER:
        raise CheckpointError(
            f"{name} is a git-lfs pointer, not the weights", hint="run `git lfs pull` in its folder"
        )
    if len(start) < _LENGTH_BYTES:
        raise _truncated(name, _LENGTH_BYTES, size)
    length = int.from_bytes(start, "little")
    if length > MAX_HEADER_BYTES:
        raise CheckpointError(
            f"{name} is not a safetensors file: its header would be {length} bytes long",
            hint="check that the file is what its name says; pickles are never opened",
        )
    if _LENGTH_BYTES + length > size:
        raise _truncated(name, _LENGTH_BYTES + length, size)
    return file.read(length)


def _parse(raw: bytes, name: str) -> list[TensorEntry]:
    try:
        header = strict_json(raw)
    except (ValueError, RecursionError) as error:
        raise _broken(name, f"the header is not valid JSON: {shown(error, 120)}") from error
    if not isinstance(header, dict):
        raise _broken(name, "the header is not a JSON object")
    return [_entry(key, value, name) for key, value in header.items() if key != "__metadata__"]


def _entry(key: str, value: object, name: str) -> TensorEntry:
    tensor = shown(key, 80)
    if not isinstance(value, dict):
        raise _broken(name, f"tensor {tensor} is not described by an object")
    dtype, shape, offsets = value.get("dtype"), value.get("shape"), value.get("data_offsets")
    if not (isinstance(dtype, str) and _naturals(shape) and _naturals(offsets)):
        raise _broken(name, f"tensor {tensor} lacks a valid dtype, shape or data_offsets")
    if len(offsets) != 2 or offsets[0] > offsets[1] or len(shape) > MAX_RANK:
        raise _broken(name, f"tensor {tensor} has impossible data_offsets or shape")
    begin, end = offsets
    if dtype not in _BITS:
        raise _broken(name, f"tensor {tensor} has the dtype {shown(dtype, 40)}, which there is not")
    if math.prod(shape) * _BITS[dtype] != (end - begin) * 8:
        raise _broken(name, f"tensor {tensor} does not fill its data_offsets")
    return TensorEntry(name=key, dtype=dtype, shape=tuple(shape), begin=begin, end=end)


def _naturals(value: object) -> TypeGuard[list[int]]:
    return isinstance(value, list) and all(
        type(number) is int and 0 <= number < 2**63 for number in value
    )


def _check_contiguous(tensors: tuple[TensorEntry, ...], name: str) -> None:
    expected = 0
    for tensor in tensors:
        if tensor.begin != expected:
            what = "overlaps another" if tensor.begin < expected else "leaves a gap before it"
            raise _broken(name, f"tensor {shown(tensor.name, 80)} {what}")
        expected = tensor.end


def _truncated(name: str, promised: int, size: int) -> CheckpointError:
    return CheckpointError(
        f"{name} is truncated: header promises {promised} bytes, file has {size}", hint=_DAMAGED
    )


def _broken(name: str, what: str) -> CheckpointError:
    return CheckpointError(f"{name} is not a valid safetensors file: {what}", hint=_DAMAGED)
