"""Headers of safetensors that lie, and files that are not what they are called."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tests.hostile.case import Case, Place, header, write_small, write_weights
from tests.hostile.payload import pickled

F32 = {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]}


def said(
    what: Any, data: bytes = b"\0" * 8, length: int | None = None
) -> Callable[[Place], object]:
    def make(place: Place) -> None:
        write_small(place)
        header(place.model / "model.safetensors", what, data, length)

    return make


def tensor(**changes: Any) -> Callable[[Place], object]:
    return said({"w": {**F32, **changes}})


def content(raw: bytes) -> Callable[[Place], object]:
    def make(place: Place) -> None:
        write_small(place)
        (place.model / "model.safetensors").write_bytes(raw)

    return make


def pickle_inside(place: Place) -> None:
    write_small(place)
    (place.model / "model.safetensors").write_bytes(pickled(place.code))


def terabyte(place: Place) -> None:
    write_small(place)
    size = 10**12
    what = {"w": {"dtype": "F32", "shape": [size // 4], "data_offsets": [0, size]}}
    path = header(place.model / "model.safetensors", what)
    with path.open("r+b") as file:
        file.truncate(path.stat().st_size + size)


def other_head(place: Place) -> None:
    write_small(place)
    write_weights(place.model / "model.safetensors", rows=40)


FILE = "model.safetensors"
ROWS = (
    ("header-of-2-to-the-63", "a header of 2^63 bytes", said({"w": F32}, length=2**63), "is not a"),
    ("header-past-the-end", "a header longer than the file", said({}, length=5000), "is truncated"),
    ("header-bytes", "no UTF-8", said(b"\xff\xfe{}"), "is not valid JSON"),
    ("header-brackets", "100,000 brackets", said(b'{"w":' + b"[" * 100_000), "is not valid JSON"),
    ("header-list", "no object", said([1]), "is not a JSON object"),
    ("header-twice", "one name, two tensors", said(b'{"w": 1, "w": 2}'), "'w' occurs twice"),
    ("offsets-overlap", "two tensors in one place", said({"v": F32, "w": F32}), "overlaps"),
    (
        "offsets-beyond",
        "a tensor past the end",
        said({"w": {"dtype": "F32", "shape": [9], "data_offsets": [0, 36]}}),
        "is truncated",
    ),
    (
        "offsets-gap",
        "bytes that belong to nothing",
        tensor(shape=[1], data_offsets=[4, 8]),
        "leaves a gap",
    ),
    ("offsets-reversed", "an end before its begin", tensor(data_offsets=[8, 0]), "impossible"),
    ("offsets-negative", "a begin below zero", tensor(data_offsets=[-8, 0]), "lacks a valid"),
    ("offsets-huge", "an offset of 80 bits", tensor(data_offsets=[0, 2**80]), "not valid JSON"),
    ("bytes-after-the-end", "a tail", said({"w": F32}, b"\0" * 99), "follow the last tensor"),
    ("shape-overflow", "sides that overflow 64 bits", tensor(shape=[2**62] * 4), "does not fill"),
    ("shape-negative", "a side below zero", tensor(shape=[-2]), "lacks a valid"),
    ("shape-of-40-sides", "40 sides", tensor(shape=[1] * 40), "impossible"),
    ("shape-of-booleans", "true as a side", tensor(shape=[True, 2]), "lacks a valid"),
    ("dtype-nonsense", "a type that there is not", tensor(dtype="PYOBJECT"), "which there is not"),
    ("dtype-number", "a number as a type", tensor(dtype=32), "lacks a valid"),
    ("git-lfs", "a pointer for weights", content(b"version https://git-lfs\n"), "git-lfs pointer"),
    ("empty", "nothing at all", content(b""), "is truncated"),
    ("program", "a program for weights", content(b"\x7fELF" + b"\0" * 99), "executable"),
    ("archive", "an archive for weights", content(b"PK\x05\x06" + b"\0" * 18), "zip archive"),
    ("terabyte", "1 TB of tensors in a sparse file", terabyte, "1,000 GB"),
    ("other-head", "40 rows for three labels", other_head, "has 40 rows"),
)
CASES = (
    *(
        Case(
            name=f"weights-{name}",
            about=about,
            make=make,
            says=says,
            names="classifier.weight" if name == "other-head" else FILE,
        )
        for name, about, make, says in ROWS
    ),
    Case(
        name="weights-pickle",
        about="a pickle under the name of safetensors",
        make=pickle_inside,
        says="is a file of another kind by its content: pickle",
        names=FILE,
        finding="dangerous-pickle",
    ),
)
