"""What picklescan says of a pickle. It is taken apart here, and never loaded.

A pickle that cannot be taken apart to its end is the worst kind: Python carries out what stands
before the place where a reader gives up.
"""

from __future__ import annotations

import io
import logging
import pickletools
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path, PurePosixPath
from typing import IO

from numpy.lib import format as npy

from auditor.checkpoints.content import HEAD_BYTES, FileKind, carries_out
from auditor.checkpoints.wording import shown
from auditor.errors import CheckpointError, MissingPackage
from auditor.types import FileDigest, FileFact

DANGEROUS, OTHER = "dangerous-pickle", "pickle"  # kinds of evidence
MAX_STREAM_BYTES = 134_217_728  # of one pickle; tensors lie outside of it in files of torch
MAX_MEMBER_BYTES = 33_554_432  # of one in an archive, which may be packed a thousandfold
MAX_OPCODES = 1_000_000  # in one file; real ones have thousands, and each costs memory
MAX_DIRECTORY_BYTES = 16_000_000
MAX_PICKLES = 64  # one after another, or in one archive
MOST_NAMED = 20
_NAMES = frozenset({".bin", ".pt", ".pth", ".ckpt", ".pkl", ".pickle", ".joblib", ".dat"})
_MAYBE = frozenset({FileKind.TEXT, FileKind.OTHER})
_LOOKED_INTO = frozenset({FileKind.PICKLE, FileKind.NUMPY, FileKind.ZIP})
_PICKLED_MEMBER = (".pkl", ".pickle", ".joblib", ".dat", ".data")
_END = b"PK\x05\x06"
_END64 = b"PK\x06\x06"


class Danger(StrEnum):
    """picklescan's three words, and one for what it could not read."""

    INNOCUOUS = "innocuous"
    SUSPICIOUS = "suspicious"
    DANGEROUS = "dangerous"
    UNREADABLE = "unreadable"


@dataclass(frozen=True, slots=True, kw_only=True)
class PickleVerdict:
    """What a file would import, gravest first, and the gravest word on any of it."""

    danger: Danger
    imports: tuple[str, ...] = ()
    why: str = ""


def pickle_fact(path: Path, file: FileDigest) -> FileFact | None:
    """What a rule may say of a file; None where it holds no pickle."""
    kind = FileKind(file.kind)
    named_so = PurePosixPath(file.path).suffix.lower() in _NAMES
    by_name = named_so and kind in _MAYBE and file.size_bytes > HEAD_BYTES
    if kind not in _LOOKED_INTO and not by_name:
        return None
    verdict = scan_pickle(path, kind)
    if verdict is None:
        return None
    grave = verdict.danger in (Danger.DANGEROUS, Danger.UNREADABLE)
    what = f"picklescan calls it {verdict.danger}"
    if verdict.danger is Danger.UNREADABLE:
        what = f"picklescan cannot read it to its end ({verdict.why})"
    return FileFact(
        kind=DANGEROUS if grave else OTHER,
        file=file,
        says=what,
        count=max(1, len(verdict.imports)),
        named=verdict.imports[:MOST_NAMED],
    )


def scan_pickle(path: Path, kind: FileKind) -> PickleVerdict | None:
    """Let picklescan read every pickle in a file.

    Args:
        path: A pickle, an array of numpy, an archive, or what may be a pickle by its name.
        kind: What its content is.

    Returns:
        The verdict; None where there is no pickle in it.

    Raises:
        MissingPackage: picklescan is not installed.
        OSError: It cannot be read.
    """
    try:
        from picklescan.scanner import scan_pickle_bytes
    except ModuleNotFoundError as error:
        raise MissingPackage(
            "pickles are looked at with the package picklescan, which is not installed",
            hint="Install it with: pip install --upgrade model-auditor",
        ) from error
    logging.getLogger("picklescan").setLevel(logging.CRITICAL)  # it warns of what it finds
    found: list[tuple[Danger, str]] = []
    pickles = 0
    try:
        for stream in _streams(path, kind):
            pickles += 1
            if pickles > MAX_PICKLES:
                raise ValueError(f"more than {MAX_PICKLES} pickles")
            result = scan_pickle_bytes(io.BytesIO(stream), "", multiple_pickles=False)
            found += [
                (Danger(each.safety.value), shown(f"{each.module}.{each.name}", 120))
                for each in result.globals
            ]
    except OSError:
        raise
    except Exception as error:  # whatever a hostile stream provokes in a parser
        if kind in _MAYBE and not pickles:
            return None
        return PickleVerdict(
            danger=Danger.UNREADABLE, imports=_sorted(found), why=shown(error, 120) or "broken"
        )
    if not pickles:
        return None
    gravest = max((danger for danger, _ in found), key=list(Danger).index, default=Danger.INNOCUOUS)
    return PickleVerdict(danger=gravest, imports=_sorted(found))


def _sorted(found: list[tuple[Danger, str]]) -> tuple[str, ...]:
    order = {danger: -at for at, danger in enumerate(Danger)}
    return tuple(
        dict.fromkeys(name for _, name in sorted(found, key=lambda f: (order[f[0]], f[1])))
    )


def _streams(path: Path, kind: FileKind) -> Iterator[bytes]:
    """Every pickle of a file, one after another.

    Raises:
        Exception: One is broken, too long, or cannot be reached.
    """
    reader = _Reader()
    if kind is FileKind.ZIP:
        yield from _members(path, reader)
        return
    with path.open("rb") as file:
        if kind is FileKind.NUMPY and not _holds_objects(file):
            return
        data = file.read(MAX_STREAM_BYTES + 1)
    end = reader.end_of(data, 0)
    if end is None:
        raise ValueError("it breaks off")
    start = 0
    while end is not None:
        yield data[start:end]
        start = end
        end = reader.end_of(data, start)
    # What follows is mostly numbers: tensors in torch's old format. Who loads a second time
    # carries out what is in them all the same, up to where they break off.
    rest = data[start : start + HEAD_BYTES]
    if carries_out(rest):
        yield rest


@dataclass(slots=True)
class _Reader:
    """Takes pickles apart, as many steps as are left for a file."""

    steps_left: int = MAX_OPCODES

    def end_of(self, data: bytes, start: int) -> int | None:
        """Where the pickle that begins at `start` ends; None where none ends."""
        stream = io.BytesIO(data)
        stream.seek(start)
        for name in self._steps(stream):
            if name == "STOP":
                return stream.tell()
        return None

    def _steps(self, stream: io.BytesIO) -> Iterator[str]:
        steps = pickletools.genops(stream)
        while True:
            try:
                opcode, *_ = next(steps)
            except Exception:  # its end, or one of many kinds of errors on what is no pickle
                return
            self.steps_left -= 1
            if self.steps_left < 0:
                raise OverflowError(f"more than {MAX_OPCODES:,} steps")
            yield opcode.name


def _holds_objects(file: IO[bytes]) -> bool:
    """Whether an array of numpy is a pickle behind its header, where the file is then."""
    version = npy.read_magic(file)
    read = npy.read_array_header_1_0 if version == (1, 0) else npy.read_array_header_2_0
    return bool(read(file)[2].hasobject)


def _members(path: Path, reader: _Reader) -> Iterator[bytes]:
    """Pickles in an archive of zip, as torch and numpy write them."""
    from picklescan.relaxed_zipfile import RelaxedZipFile

    _require_small_directory(path)
    with RelaxedZipFile(str(path)) as archive:
        for member in archive.infolist():
            with archive.open(member, "r") as stream:
                head = stream.read(8)
            is_array = head.startswith(b"\x93NUMPY")
            if not (is_array or head[:1] == b"\x80" or member.filename.endswith(_PICKLED_MEMBER)):
                continue
            with archive.open(member, "r") as stream:
                if is_array and not _holds_objects(stream):
                    continue
                data = stream.read(MAX_MEMBER_BYTES + 1)
            end = reader.end_of(data, 0)
            if end is None:
                raise ValueError(f"{shown(member.filename, 60)} breaks off, or is too large")
            yield data[:end]


def require_plain_archive(path: Path) -> None:
    """Refuse a file of torch whose members are packed: tensors are stored as they are.

    Raises:
        CheckpointError: Unpacked, it would be larger than the file.
        OSError: It cannot be read.
    """
    with path.open("rb") as file:
        if not file.read(4).startswith(b"PK"):
            return
    try:
        _require_small_directory(path)
        with zipfile.ZipFile(path) as archive:
            unpacked = sum(member.file_size for member in archive.infolist())
    except (ValueError, zipfile.BadZipFile) as error:
        raise CheckpointError(
            f"{shown(path.name)} is a broken archive: {shown(error, 120)}",
            hint="download the file again and compare its SHA-256 with the source",
        ) from error
    if unpacked > path.stat().st_size:
        raise CheckpointError(
            f"{shown(path.name)} is packed, and would be {unpacked:,} bytes unpacked",
            hint="torch saves tensors as they are: ask for a file that torch.save wrote",
        )


def _require_small_directory(path: Path) -> None:
    """The list of members is read into memory as a whole: how long it is stands at the end."""
    with path.open("rb") as file:
        file.seek(0, io.SEEK_END)
        size = file.tell()
        file.seek(max(0, size - 65_536 - 256))
        tail = file.read()
    at, at64 = tail.rfind(_END), tail.rfind(_END64)
    if at < 0 or len(tail) < at + 22:
        raise ValueError("the archive has no end")
    length = int.from_bytes(tail[at + 12 : at + 16], "little")
    if at64 >= 0 and len(tail) >= at64 + 56:
        length = max(length % 0xFFFFFFFF, int.from_bytes(tail[at64 + 40 : at64 + 48], "little"))
    if length > MAX_DIRECTORY_BYTES:
        raise ValueError("the archive's list of members is too long")
