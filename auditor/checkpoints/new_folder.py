"""A folder that appears whole or not at all, and never in place of another."""

from __future__ import annotations

import glob
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from auditor.errors import UsageError

PARTIAL = ".partial-"  # in the hidden name of what a killed run leaves beside the folder


def require_new(folder: Path) -> None:
    """Refuse a folder that already holds something, before hours are spent on filling it.

    Raises:
        UsageError: The folder exists and is not empty, or is a file.
    """
    if folder.is_file() or (folder.is_dir() and any(folder.iterdir())):
        raise UsageError(f"{folder} exists already", hint="Name a new folder with --out.")


@contextmanager
def room_beside(folder: Path) -> Iterator[Path]:
    """A hidden room beside `folder` to prepare it in; it is gone when the block ends.

    Write to it within `writing_to`; `publish` makes it, or a folder in it, the one that was asked
    for. A killed run leaves at most the hidden room.

    Raises:
        UsageError: The folder exists and is not empty, or cannot be written.
    """
    require_new(folder)
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        room = Path(tempfile.mkdtemp(prefix=f".{folder.name}{PARTIAL}", dir=folder.parent))
    except OSError as error:
        raise UsageError(f"{folder} cannot be written: {error}", hint="Check --out.") from error
    try:
        yield room
    finally:
        shutil.rmtree(room, ignore_errors=True)


def sweep_rooms_of(folder: Path) -> None:
    """Remove what killed runs left beside `folder`; only for who knows that no other is at work."""
    for room in folder.parent.glob(f"{glob.escape(f'.{folder.name}{PARTIAL}')}*"):
        shutil.rmtree(room, ignore_errors=True)


def publish(room: Path, folder: Path) -> None:
    """Give a finished folder the name that was asked for, in one step.

    Raises:
        UsageError: The disk refuses.
    """
    with writing_to(folder):
        _open_to_readers(room)
        if folder.exists():
            folder.rmdir()
        os.replace(room, folder)


@contextmanager
def writing_to(folder: Path) -> Iterator[None]:
    """Whatever the disk refuses is the user's to mend, and no bug.

    Raises:
        UsageError: It refused.
    """
    from safetensors import SafetensorError

    try:
        yield
    except (OSError, SafetensorError) as error:
        raise UsageError(
            f"{folder} cannot be written: {error}", hint="Check --out, and the room on that disk."
        ) from error


def _open_to_readers(room: Path) -> None:
    """A room is made private, as safetensors makes its files; a checkpoint is to be read."""
    room.chmod(0o755)
    for path in room.rglob("*"):
        path.chmod(0o755 if path.is_dir() else 0o644)
