"""Where answers are kept, who may write there, and how much room they may take."""

from __future__ import annotations

import os
import stat
import time
from collections.abc import Iterator
from pathlib import Path

from platformdirs import user_cache_path

PLACE_VARIABLE = "AUDITOR_CACHE"
SUFFIX = ".answers"
PARTIAL = ".partial"
MOST_BYTES = 2 * 1024**3  # of all answers together
OLD_SECONDS = 3600.0  # a partial file of this age belongs to nobody who is still writing


def cache_folder() -> Path:
    """`AUDITOR_CACHE`, else where this platform keeps the caches of a user."""
    named = os.environ.get(PLACE_VARIABLE)
    return Path(named).absolute() if named else user_cache_path("auditor", appauthor=False)


def own_folder(folder: Path) -> Path:
    """Make a folder that nobody else may write to.

    Raises:
        OSError: It cannot be made, or somebody else may write there: they could choose what a
            report says.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    if os.name == "posix":
        about = folder.stat()
        if about.st_uid != os.geteuid() or about.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
            raise PermissionError(None, "others may write there", str(folder))
    return folder


def tidy(root: Path, most_bytes: int = MOST_BYTES) -> None:
    """Drop the answers used longest ago until the rest fits, and what a killed run left half done.

    Another scan may read or write here at the same time: what is gone is asked for again.
    """
    kept, now = [], time.time()
    for path in _files(root):
        try:
            about = path.stat()
        except OSError:
            continue
        if path.name.endswith(SUFFIX):
            kept.append((about.st_mtime, about.st_size, path))
        elif PARTIAL in path.name and abs(now - about.st_mtime) > OLD_SECONDS:
            _drop(path)
    room = most_bytes
    for _, size, path in sorted(kept, reverse=True):
        room -= size
        if room < 0:
            _drop(path)


def _files(root: Path) -> Iterator[Path]:
    for folder, _, names in os.walk(root, followlinks=False):
        yield from (Path(folder, name) for name in names)


def _drop(path: Path) -> None:
    try:
        path.unlink()
        path.parent.rmdir()  # if that was the last one
    except OSError:
        pass
