"""Pickles that run code, hide it, or fill memory."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable
from typing import Any

import numpy as np

from tests.hostile.case import Case, Place, copy_real, sparse, write_config, write_small
from tests.hostile.payload import pickled, pickled_by_hand, pickled_then_broken

TRUST = ("--trust", "pickle")
BIN = "pytorch_model.bin"
REFUSED = "a Python pickle, which can run code when it is loaded"
NOT_LOADED = "is not loaded: picklescan"


def only(make: Callable[[str], bytes], name: str = BIN) -> Callable[[Place], object]:
    def made(place: Place) -> None:
        write_config(place)
        (place.model / name).write_bytes(make(place.code))

    return made


def torch_file(code: str, *, packed: bool = False, name: str = "model/data.pkl") -> bytes:
    raw = io.BytesIO()
    with zipfile.ZipFile(raw, "w", zipfile.ZIP_DEFLATED if packed else 0) as archive:
        archive.writestr(name, pickled(code))
        archive.writestr("model/version", "3")
    return raw.getvalue()


def false_checksum(code: str) -> bytes:
    """Readers that check the sum of a member give up on it; torch does not check."""
    raw = bytearray(torch_file(code))
    for mark, at in ((b"PK\x03\x04", 14), (b"PK\x01\x02", 16)):
        raw[raw.index(mark) + at] ^= 0xFF
    return bytes(raw)


def packed_bomb(place: Place) -> None:
    write_config(place)
    with zipfile.ZipFile(place.model / BIN, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("model/data.pkl", b"\x80\x02}.")
        with archive.open("model/data/0", "w") as member:
            for _ in range(300):
                member.write(bytes(1_000_000))


def packed_pickle_bomb(place: Place) -> None:
    write_config(place)
    with (
        zipfile.ZipFile(place.model / BIN, "w", zipfile.ZIP_DEFLATED) as archive,
        archive.open("model/data.pkl", "w") as member,
    ):
        member.write(b"\x80\x02")
        for _ in range(100):
            member.write(b"0" * 1_000_000)


def long_directory(place: Place) -> None:
    write_config(place)
    raw = bytearray(torch_file("0"))
    at = raw.rindex(b"PK\x05\x06")
    raw[at + 12 : at + 16] = (2**31).to_bytes(4, "little")
    (place.model / BIN).write_bytes(raw)


def many_steps(_: str) -> bytes:
    return b"\x80\x02" + b"N0" * 1_500_000 + b"N."


def huge_string(_: str) -> bytes:
    return b"\x80\x04\x8d" + (2**62).to_bytes(8, "little") + b"x" * 100 + b"."


def array(code: str) -> bytes:
    raw = io.BytesIO()
    np.lib.format.write_array_header_1_0(
        raw, {"descr": "|O", "fortran_order": False, "shape": (1,)}
    )
    return raw.getvalue() + pickled(code)


def arrays(code: str) -> bytes:
    raw = io.BytesIO()
    with zipfile.ZipFile(raw, "w") as archive:
        archive.writestr("a.npy", array(code))
    return raw.getvalue()


def beside(name: str, make: Callable[[str], bytes]) -> Callable[[Place], object]:
    """Beside a checkpoint that something else is wrong with, so that the scan ends early."""

    def made(place: Place) -> None:
        write_small(place, {"architectures": ["Nothing"]})
        (place.model / name).write_bytes(make(place.code))

    return made


def index(place: Place) -> None:
    write_config(place)
    (place.root / "evil.bin").write_bytes(pickled(place.code))
    said = {"weight_map": {"w": "../evil.bin"}}
    (place.model / f"{BIN}.index.json").write_text(json.dumps(said))


def terabyte(place: Place) -> None:
    write_config(place)
    sparse(place.model / BIN, 10**12, b"\x80\x02")


def saved(value: Callable[[], Any]) -> Callable[[Place], object]:
    """What `torch.save` makes of a value, instead of weights."""

    def made(place: Place) -> None:
        import torch

        copy_real(place)
        (place.model / "model.safetensors").unlink()
        torch.save(value(), place.model / BIN)

    return made


def stretched() -> Any:
    import torch

    return {"classifier.1.weight": torch.zeros(1).expand(10**6, 10**6)}


def device_of_nothing() -> Any:
    import torch

    return {"classifier.1.weight": torch.empty(5, 5, device="meta")}


def odd_class() -> Any:
    import argparse

    return {"args": argparse.Namespace(a=1)}


def row(name: str, about: str, make: Any, says: str, names: str = BIN, **more: Any) -> Case:
    return Case(name=f"pickle-{name}", about=about, make=make, says=says, names=names, **more)


DANGER = {"finding": "dangerous-pickle"}
CASES = (
    row("only", "weights that run code", only(pickled), REFUSED, **DANGER),
    row(
        "named", "the file itself as MODEL", only(pickled), REFUSED, scanned=f"{{root}}/model/{BIN}"
    ),
    row("protocol-0", "as text", only(lambda code: pickled(code, 0)), REFUSED, **DANGER),
    row("by-hand", "names taken from the memo", only(pickled_by_hand), REFUSED, **DANGER),
    row("broken", "code first, then nonsense", only(pickled_then_broken), REFUSED, **DANGER),
    row("torch", "in an archive of torch", only(torch_file), REFUSED, **DANGER),
    row("false-checksum", "in a damaged archive", only(false_checksum), REFUSED, **DANGER),
    row(
        "trusted",
        "weights that run code, trusted",
        only(pickled),
        NOT_LOADED,
        options=TRUST,
        **DANGER,
    ),
    row(
        "torch-trusted",
        "in an archive of torch, trusted",
        only(torch_file),
        NOT_LOADED,
        options=TRUST,
        **DANGER,
    ),
    row(
        "broken-trusted",
        "code, then nonsense, trusted",
        only(pickled_then_broken),
        NOT_LOADED,
        options=TRUST,
        **DANGER,
    ),
    row(
        "picture",
        "under the name of a picture",
        beside("cat.png", pickled),
        "is not of an image classifier",
        names="config.json",
        **DANGER,
    ),
    row(
        "array",
        "in an array of numpy",
        beside("mean.npy", array),
        "is not of an image classifier",
        names="config.json",
        **DANGER,
    ),
    row(
        "arrays",
        "in arrays in an archive",
        beside("means.npz", arrays),
        "is not of an image classifier",
        names="config.json",
        **DANGER,
    ),
    row(
        "steps",
        "three million steps",
        beside("rows.pkl", many_steps),
        "is not of an image classifier",
        names="config.json",
        **DANGER,
    ),
    row(
        "string",
        "a string of 2^62 characters",
        beside("rows.pkl", huge_string),
        "is not of an image classifier",
        names="config.json",
        **DANGER,
    ),
    row(
        "packed-steps",
        "100 million steps, packed",
        packed_pickle_bomb,
        NOT_LOADED,
        options=TRUST,
        **DANGER,
    ),
    row(
        "directory",
        "an archive with a list of 2 GB",
        long_directory,
        NOT_LOADED,
        options=TRUST,
        **DANGER,
    ),
    row("terabyte", "1 TB, sparse", terabyte, "at most 20 GB are looked at", options=TRUST),
    row(
        "index",
        "a shard outside of the folder, trusted",
        index,
        "which is not a .bin file of the same folder",
        names="../evil.bin",
        options=TRUST,
    ),
    row(
        "packed-tensors",
        "300 MB of tensors, packed",
        packed_bomb,
        "is packed, and would be",
        options=TRUST,
    ),
    row(
        "stretched",
        "one number seen as 10^12",
        saved(stretched),
        "something else than plain tensors",
        options=TRUST,
        early=False,
    ),
    row(
        "meta",
        "a tensor without content",
        saved(device_of_nothing),
        "something else than plain tensors",
        options=TRUST,
        early=False,
    ),
    row(
        "object",
        "an object of a class that nobody knows",
        saved(odd_class),
        "cannot be loaded as plain tensors (weights_only)",
        options=TRUST,
        early=False,
        finding="pickle",
    ),
    row(
        "no-dict",
        "a list instead of a state dict",
        saved(lambda: [1, 2, 3]),
        "holds no state dict",
        options=TRUST,
        early=False,
        finding="pickle",
    ),
)
