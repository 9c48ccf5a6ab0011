"""Entity banks that fill memory, and settings that accept what there is not."""

from __future__ import annotations

import os
import struct
import zlib
from collections.abc import Callable
from pathlib import Path

from tests.hostile.case import Case, Place, copy_real, sparse, write_small


def chunk(kind: bytes, data: bytes) -> bytes:
    return len(data).to_bytes(4, "big") + kind + data + zlib.crc32(kind + data).to_bytes(4, "big")


def png(width: int, height: int) -> bytes:
    """A picture of zeros; a row of it takes a few bytes."""
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    data = zlib.compress(bytes(1_000_000))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", data) + chunk(b"IEND", b"")


def bank(fill: Callable[[Path], object]) -> Callable[[Place], object]:
    """A model that loads, and a bank in which every picture is like that."""

    def make(place: Place) -> None:
        copy_real(place)
        for entity in ("a", "b", "c"):
            folder = place.root / "bank" / entity
            folder.mkdir(parents=True)
            fill(folder / "1.png")

    return make


def program(path: Path) -> None:
    """Pillow would start Ghostscript for this kind."""
    path.write_bytes(b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n(canary) (w) file\n")


def parquet(place: Place) -> None:
    copy_real(place)
    sparse(place.root / "bank.parquet", 10**10, b"PAR1")


def settings(text: str) -> Callable[[Place], object]:
    def make(place: Place) -> None:
        write_small(place)
        (place.root / "auditor.toml").write_text(text)

    return make


NOTHING_READ = "no instance could be read"
BANK = {"entities": "{root}/bank", "early": False, "says": NOTHING_READ, "names": "1.png"}
CONFIG = ("--config", "{root}/auditor.toml")
CASES = (
    Case(
        name="bank-bomb",
        about="pictures of 10^10 pixels",
        make=bank(lambda p: p.write_bytes(png(100_000, 100_000))),
        **BANK,
    ),
    Case(
        name="bank-strip",
        about="pictures of one row",
        make=bank(lambda p: p.write_bytes(png(1_000_000, 1))),
        **BANK,
    ),
    Case(name="bank-pipe", about="pipes for pictures", make=bank(os.mkfifo), **BANK),
    Case(name="bank-program", about="programs for pictures", make=bank(program), **BANK),
    Case(
        name="bank-10-gb",
        about="pictures of 10 GB, sparse",
        make=bank(lambda p: sparse(p, 10**10)),
        **BANK,
    ),
    Case(
        name="bank-parquet",
        about="a table of 10 GB without an end",
        make=parquet,
        says="parquet",
        names="bank.parquet",
        entities="{root}/bank.parquet",
        early=False,
    ),
    Case(
        name="setting-trust",
        about="a risk that there is not, on the command line",
        make=write_small,
        says="--trust",
        names="--trust",
        exit=2,
        options=("--trust", "everything"),
    ),
    Case(
        name="setting-trust-file",
        about="a risk that there is not, in a file",
        make=settings('trust = ["pickles"]\n'),
        says="is not allowed",
        names="auditor.toml line 1",
        exit=2,
        options=CONFIG,
    ),
    Case(
        name="setting-trust-variable",
        about="a risk that there is not, in a variable",
        make=write_small,
        says="is not allowed",
        names="AUDITOR_TRUST",
        exit=2,
        variables={"AUDITOR_TRUST": "all"},
    ),
)
