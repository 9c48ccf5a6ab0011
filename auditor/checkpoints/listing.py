"""Every file of a folder: where it leads, how large it is, what it is, and its digest.

This comes before anything is opened. A folder that cannot be listed as a whole is refused: what
nobody listed, nobody can be told of.
"""

from __future__ import annotations

import hashlib
import os
import stat
import unicodedata
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path, PurePosixPath

from auditor.checkpoints.content import HEAD_BYTES, kind_of
from auditor.checkpoints.wording import shown
from auditor.errors import CheckpointError
from auditor.types import FileDigest

MAX_FILES = 10_000
MAX_FOLDERS_DEEP = 16
MAX_BYTES = 20_000_000_000  # half a minute of hashing
_ALONE = "put the model into a folder of its own"
_ASK = "ask whoever made the folder what it is for; a model needs nothing of the kind"
# On a file system that takes two names for one, they would be another model.
_READ = frozenset({".json", ".md", ".safetensors", ".onnx", ".data", ".onnx_data", ".py"})


def list_files(root: Path, *, links_within: Collection[Path] = ()) -> tuple[FileDigest, ...]:
    """List every file of a folder, with its size, digest and kind.

    Args:
        root: The folder.
        links_within: More folders that symbolic links in `root` may lead to.

    Returns:
        The files, sorted by their paths.

    Raises:
        CheckpointError: There is something in it that is no file, a link that leaves it, two
            names that are one elsewhere, or more than can be listed.
    """
    try:
        names = tuple(sorted(_walk(root, [each.resolve() for each in (root, *links_within)])))
        _require_distinct(names)
        _require_room(root, names)
        return tuple(digest_of(root, name) for name in names)
    except OSError as error:
        raise cannot_read(error, root) from error


def list_named(root: Path, names: Sequence[str]) -> tuple[FileDigest, ...]:
    """List files that a user named, when they named a file rather than its folder.

    Raises:
        CheckpointError: One cannot be read, or is no file.
    """
    try:
        _require_room(root, names)
        return tuple(digest_of(root, name) for name in sorted(names))
    except OSError as error:
        raise cannot_read(error, root) from error


def digest_of(root: Path, name: str) -> FileDigest:
    """One file, listed.

    Raises:
        CheckpointError: It is no regular file.
        OSError: It cannot be read.
    """
    # Whoever puts a pipe in its place now would have us wait for ever.
    descriptor = os.open(root / name, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0))
    with open(descriptor, "rb") as file:
        found = os.fstat(descriptor)
        if not stat.S_ISREG(found.st_mode):
            raise _no_file(name, found.st_mode)
        head = file.read(HEAD_BYTES)
        file.seek(0)
        return FileDigest(
            path=name,
            size_bytes=found.st_size,
            sha256=hashlib.file_digest(file, "sha256").hexdigest(),
            kind=kind_of(head, found.st_size).value,
        )


def cannot_read(error: OSError, root: Path) -> CheckpointError:
    """What the system refuses, in a sentence."""
    why = error.strerror or "input/output error"
    return CheckpointError(
        f"cannot read {shown(error.filename or root)}: {why}",
        hint="check that the file exists and that you may read it",
    )


def require_inside(root: Path, name: str, bounds: Sequence[Path]) -> Path:
    """Refuse a link that leads out: it could make auditor hash or show any file there is.

    Args:
        root: The folder.
        name: A file of it.
        bounds: The folders, resolved, that it may lie in.

    Raises:
        CheckpointError: It lies elsewhere.
    """
    path = root / name
    try:
        target = path.resolve(strict=True)
    except (OSError, RuntimeError) as error:
        raise CheckpointError(
            f"{shown(name)} is a symbolic link to nothing",
            hint="download the model again, or remove the link",
        ) from error
    if not any(target.is_relative_to(folder) for folder in bounds):
        raise CheckpointError(
            f"{shown(name)} is a symbolic link that leaves {shown(root)}",
            hint="copy the model with its links followed (cp -rL) if you trust where they lead",
        )
    return path


def _walk(root: Path, bounds: Sequence[Path]) -> Iterator[str]:
    """The paths of all files below a folder, POSIX style; links to folders are not entered."""
    folders = [""]
    count = 0
    while folders:
        folder = folders.pop()
        with os.scandir(root / folder) as entries:
            for entry in entries:
                name = folder + entry.name
                count += 1
                if count > MAX_FILES:
                    raise CheckpointError(
                        f"{shown(root)} holds more than {MAX_FILES:,} files", hint=_ALONE
                    )
                if "\\" in entry.name:
                    raise CheckpointError(
                        f"{shown(name)} has a name that leads out of its folder where \\ parts "
                        "folders",
                        hint=_ASK,
                    )
                if entry.is_symlink():
                    require_inside(root, name, bounds)
                    if entry.is_dir():
                        continue
                if entry.is_dir(follow_symlinks=False):
                    folders.append(_below(name))
                elif entry.is_file():
                    yield name
                else:
                    raise _no_file(name, entry.stat(follow_symlinks=True).st_mode)


def _below(name: str) -> str:
    if name.count("/") >= MAX_FOLDERS_DEEP:
        raise CheckpointError(
            f"{shown(name)} lies more than {MAX_FOLDERS_DEEP} folders deep", hint=_ALONE
        )
    return f"{name}/"


def _no_file(name: str, mode: int) -> CheckpointError:
    kinds = ((stat.S_ISFIFO, "a named pipe"), (stat.S_ISSOCK, "a socket"))
    what = next((word for test, word in kinds if test(mode)), "a device")
    what = "a folder" if stat.S_ISDIR(mode) else what
    return CheckpointError(f"{shown(name)} is {what}, not a file", hint=_ASK)


def _require_distinct(names: Sequence[str]) -> None:
    seen: dict[str, str] = {}
    for name in names:
        if PurePosixPath(name).suffix.lower() not in _READ:
            continue
        folded = unicodedata.normalize("NFC", name).casefold()
        if folded in seen:
            raise CheckpointError(
                f"{shown(seen[folded])} and {shown(name)} are one file where case does not count",
                hint="remove the one that does not belong to the model",
            )
        seen[folded] = name


def _require_room(root: Path, names: Sequence[str]) -> None:
    sizes = {name: (root / name).stat().st_size for name in names}
    total = sum(sizes.values())
    if total > MAX_BYTES:
        largest = max(sizes, key=lambda name: sizes[name])
        raise CheckpointError(
            f"{shown(root)} holds {total / 1e9:,.0f} GB, {shown(largest)} alone "
            f"{sizes[largest] / 1e9:,.0f} GB; at most {MAX_BYTES / 1e9:,.0f} GB are looked at",
            hint=_ALONE,
        )
