"""The files of a data set, by name, before any of them is read."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class DatasetFiles:
    """Where a data set lies, on this machine or on the Hub.

    Attributes:
        names: The files there are, as POSIX paths relative to its root.
        fetch: Brings files to this machine and returns the folder that is the root.
        revision: The commit on the Hub, None for a folder.
        cached_only: Whether these are only the files that the cache holds.
    """

    names: Collection[str]
    fetch: Callable[[Collection[str]], Path]
    revision: str | None = None
    cached_only: bool = False


def local_files(root: Path) -> DatasetFiles:
    """The files of a folder and of the folders in it; pictures of class folders are left out."""
    return DatasetFiles(names=parquet_and_companions(root), fetch=lambda _: root)


def parquet_and_companions(root: Path) -> frozenset[str]:
    """List the files at the root, and the parquet files one folder below, in POSIX paths."""
    names: set[str] = set()
    with os.scandir(root) as entries:
        for entry in entries:
            if entry.is_file():
                names.add(entry.name)
            elif entry.is_dir() and not entry.name.startswith("."):
                with os.scandir(entry.path) as inner:
                    names.update(
                        f"{entry.name}/{file.name}"
                        for file in inner
                        if file.name.endswith(".parquet") and file.is_file()
                    )
    return frozenset(names)
