"""What a file is by its first bytes. Its name is what somebody chose to call it."""

from __future__ import annotations

import io
import json
import pickletools
from collections.abc import Sequence
from enum import StrEnum

HEAD_BYTES = 65_536  # of a file, enough to tell what it is
_RUN = frozenset({"BUILD", "INST", "NEWOBJ", "NEWOBJ_EX", "OBJ", "REDUCE"})  # steps that call
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
    """Protocols from 2 on open with a mark; older ones are letters, and so is any text."""
    if head[0] == 0x80 and head[1:2] <= b"\x05" and len(head) > 1:
        return True
    return not _is_json(head) and carries_out(head)


def carries_out(data: bytes) -> bool:
    """Whether Python, loading this, would come to an end, or run something before it breaks off.

    Args:
        data: What may be a pickle, whole or not. Only as many steps as a file is judged by are
            taken.
    """
    stack: list[object] = []
    try:
        for count, (opcode, *_) in enumerate(pickletools.genops(io.BytesIO(data))):
            if not _popped(stack, opcode.stack_before):
                return False  # nothing lies where this step would take something from: a text
            stack.extend(opcode.stack_after)
            if opcode.name in _RUN or count > _PICKLE_OPCODES:
                return True
            if opcode.name == "STOP":
                return count > 0
    except Exception:  # pickletools raises many kinds on what is none
        return False
    return False


def _popped(stack: list[object], wanted: Sequence[object]) -> bool:
    count = len(wanted)
    if pickletools.markobject in wanted:
        if pickletools.markobject not in stack:
            return False
        while stack.pop() is not pickletools.markobject:
            pass
        count = list(wanted).index(pickletools.markobject)
    if count > len(stack):
        return False
    del stack[len(stack) - count :]
    return True


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
