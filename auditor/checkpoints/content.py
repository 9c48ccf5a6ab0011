"""What a file is by its first bytes. Its name is what somebody chose to call it."""

from __future__ import annotations

import io
import json
import pickletools
from collections.abc import Sequence
from enum import StrEnum

HEAD_BYTES = 65_536  # of a file, enough to tell what it is
IMPORTS = frozenset({"GLOBAL", "INST", "STACK_GLOBAL"})  # steps of a pickle that run code
_PICKLE_OPCODES = 100_000  # of the first protocols, which have no mark of their own


class FileKind(StrEnum):
    """What a content can be. `OTHER` are bytes that nothing here knows."""

    SAFETENSORS = "safetensors"
    ONNX = "onnx"
    PICKLE = "pickle"
    NUMPY = "numpy array"
    ZIP = "zip archive"
    ARCHIVE = "archive"
    HDF5 = "hdf5"
    GGUF = "gguf"
    TFLITE = "tflite"
    EXECUTABLE = "executable"
    PICTURE = "picture"
    PARQUET = "parquet"
    LFS_POINTER = "git-lfs pointer"
    JSON = "json"
    TEXT = "text"
    EMPTY = "empty"
    OTHER = "other"


# First bytes, longest first where one begins like another.
_MARKS: Sequence[tuple[bytes, FileKind]] = (
    (b"\x93NUMPY", FileKind.NUMPY),
    (b"PK\x03\x04", FileKind.ZIP),
    (b"PK\x05\x06", FileKind.ZIP),
    (b"7z\xbc\xaf\x27\x1c", FileKind.ARCHIVE),
    (b"\x1f\x8b", FileKind.ARCHIVE),
    (b"BZh", FileKind.ARCHIVE),
    (b"\xfd7zXZ\x00", FileKind.ARCHIVE),
    (b"\x28\xb5\x2f\xfd", FileKind.ARCHIVE),
    (b"\x04\x22\x4d\x18", FileKind.ARCHIVE),
    (b"Rar!\x1a\x07", FileKind.ARCHIVE),
    (b"\x89HDF\r\n\x1a\n", FileKind.HDF5),
    (b"GGUF", FileKind.GGUF),
    (b"\x7fELF", FileKind.EXECUTABLE),
    (b"MZ", FileKind.EXECUTABLE),
    (b"\xcf\xfa\xed\xfe", FileKind.EXECUTABLE),
    (b"\xca\xfe\xba\xbe", FileKind.EXECUTABLE),
    (b"#!", FileKind.EXECUTABLE),
    (b"\x89PNG\r\n\x1a\n", FileKind.PICTURE),
    (b"\xff\xd8\xff", FileKind.PICTURE),
    (b"GIF8", FileKind.PICTURE),
    (b"BM", FileKind.PICTURE),
    (b"II*\x00", FileKind.PICTURE),
    (b"MM\x00*", FileKind.PICTURE),
    (b"PAR1", FileKind.PARQUET),
    (b"version https://git-lfs.github.com/spec/", FileKind.LFS_POINTER),
)
_LATER_MARKS = (
    (4, b"TFL3", FileKind.TFLITE),
    (8, b"WEBP", FileKind.PICTURE),
    (257, b"ustar", FileKind.ARCHIVE),
)
# Of an ONNX model: its first field is the version of the format, and one of these comes next.
_ONNX_NEXT = frozenset(b"\x12\x1a\x22\x28\x32\x3a\x42\x72\xa2")


def kind_of(head: bytes, size_bytes: int) -> FileKind:
    """Tell what a file is.

    Args:
        head: Its first `HEAD_BYTES` bytes, or all of a shorter one.
        size_bytes: Its size.
    """
    if not head:
        return FileKind.EMPTY
    if _is_safetensors(head, size_bytes):
        return FileKind.SAFETENSORS
    for mark, kind in _MARKS:
        # Two letters begin many a text.
        if head.startswith(mark) and (len(mark) > 2 or not _text(head) or mark == b"#!"):
            return kind
    for at, mark, kind in _LATER_MARKS:
        if head[at:].startswith(mark):
            return kind
    if _is_pickle(head):
        return FileKind.PICKLE
    if len(head) > 2 and head[0] == 8 and 0 < head[1] < 64 and head[2] in _ONNX_NEXT:
        return FileKind.ONNX
    text = _text(head)
    if text is None:
        return FileKind.OTHER
    return FileKind.JSON if text.lstrip("\ufeff \t\r\n")[:1] in ("{", "[") else FileKind.TEXT


def _is_safetensors(head: bytes, size_bytes: int) -> bool:
    length = int.from_bytes(head[:8], "little")
    return head[8:9] == b"{" and 8 + length <= size_bytes


def _is_pickle(head: bytes) -> bool:
    """Protocols from 2 on open with a mark; older ones are a pickle if all of it reads as one."""
    if head[0] == 0x80 and head[1:2] <= b"\x05" and len(head) > 1:
        return True
    if _is_json(head):
        return False
    names = []
    try:
        for opcode, *_ in pickletools.genops(io.BytesIO(head)):
            names.append(opcode.name)
            if opcode.name == "STOP" or len(names) > _PICKLE_OPCODES:
                return len(names) > 1  # a lone full stop is punctuation
    except Exception:  # pickletools raises many kinds on what is none
        # Cut off, or broken on purpose: an import before that is carried out all the same.
        return not IMPORTS.isdisjoint(names)
    return False


def _is_json(head: bytes) -> bool:
    try:
        json.loads(head)
    except (ValueError, RecursionError):
        return False
    return True


def _text(head: bytes) -> str | None:
    """The head as text; None where it is none. A character may be cut at its end."""
    if b"\0" in head:
        return None
    for cut in range(4):
        try:
            return head[: len(head) - cut].decode("utf-8")
        except UnicodeDecodeError as error:
            if error.start < len(head) - 4:
                return None
    return None
