"""SRC -> labelled images: the one place that knows every form a data set can be named in."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from auditor.checkpoints.progress import Progress
from auditor.checkpoints.wording import shown
from auditor.datasets.about import read_about
from auditor.datasets.files import DatasetFiles, local_files
from auditor.datasets.folder import read_folder
from auditor.datasets.hub import find_on_hub
from auditor.datasets.labelled import LabelledImages
from auditor.datasets.layout import parquet_splits, pick_split, split_of
from auditor.datasets.parquet import Columns, ParquetSplit, read_parquet
from auditor.errors import EntityError

HUB_PREFIX = "hf://datasets/"


@dataclass(frozen=True, slots=True, kw_only=True)
class DatasetSpec:
    """A data set as the user names it: SRC, and what the defaults do not fit.

    `split` None means `train`, else the only split there is.
    """

    source: str
    split: str | None = None
    columns: Columns = field(default_factory=Columns)
    offline: bool = False


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class FoundDataset:
    """A data set that is there, of which nothing was read or downloaded yet.

    Attributes:
        spec: As the user names it.
        files: Its files.
        shards: Parquet files by split; empty for a folder of class folders.
    """

    spec: DatasetSpec
    files: DatasetFiles
    shards: Mapping[str, tuple[str, ...]]

    @property
    def splits(self) -> tuple[str, ...]:
        """Names of the splits. A folder of class folders has none; offline, those cached."""
        return tuple(self.shards)

    def read(self, split: str | None = None) -> LabelledImages:
        """Bring one split to this machine and open it.

        Args:
            split: Its name; None means `train`, else the only one.

        Raises:
            EntityError: There is no such split, it cannot be fetched or read, or holds no
                labelled image.
            UsageError: A column named by the user does not exist.
        """
        source = self.spec.source
        with _readable(source):
            if not self.shards:
                return self._read_folder(split)
            root, chosen = self.fetch(split)
            return read_parquet(
                ParquetSplit(
                    source=source,
                    root=root,
                    files=chosen,
                    revision=self.files.revision,
                    about=read_about(root),
                ),
                self.spec.columns,
            )

    def fetch(self, split: str | None = None) -> tuple[Path, tuple[str, ...]]:
        """Bring one split to this machine without opening it: the folder, and its files in that.

        Raises:
            EntityError: There is no such split, or it cannot be fetched.
        """
        if not self.shards:
            return self.files.fetch(()), ()
        with _told_when_offline(self.files):
            chosen = self.shards[pick_split(self.shards, split, self.spec.source)]
        return self.files.fetch(chosen), chosen

    def _read_folder(self, split: str | None) -> LabelledImages:
        if split is not None:
            raise EntityError(
                f"{shown(self.spec.source)} is a folder of class folders, which has no splits",
                hint=f"Leave --split out, or name the folder that holds {shown(split, 60)}.",
            )
        root = self.files.fetch(())
        return read_folder(root, source=self.spec.source, about=read_about(root))


def find_dataset(
    spec: DatasetSpec,
    *,
    token: str | None = None,
    cache_dir: Path | None = None,
    progress: Progress | None = None,
) -> FoundDataset:
    """Find a data set and say which splits it has; its files are fetched by `read`.

    Args:
        spec: The data set. Its `split` is not looked at.
        token: An access token for the Hub; by default the Hub client looks for one itself.
        cache_dir: Where downloads are kept; by default the Hub client's cache.
        progress: Told the name, bytes so far and total bytes of a file being downloaded.

    Raises:
        EntityError: It does not exist or cannot be reached.
    """
    if not spec.source.startswith(HUB_PREFIX):
        return _find_here(spec)
    name = spec.source.removeprefix(HUB_PREFIX)
    files = find_on_hub(
        name, offline=spec.offline, token=token, cache_dir=cache_dir, progress=progress
    )
    with _told_when_offline(files):
        shards = parquet_splits(files.names, spec.source)
    if not shards:
        raise EntityError(
            f"{shown(spec.source)} holds no parquet files",
            hint="Download it and name a folder of class folders instead.",
        )
    return FoundDataset(spec=spec, files=files, shards=shards)


def _find_here(spec: DatasetSpec) -> FoundDataset:
    # os.path, unlike Path, answers False to names that no file system could hold.
    path = os.path.expanduser(spec.source)
    if os.path.isfile(path) and path.endswith(".parquet"):
        files = DatasetFiles(names=(), fetch=lambda _: Path(path).parent)
        name = os.path.basename(path)
        return FoundDataset(spec=spec, files=files, shards={split_of(name): (name,)})
    if not os.path.isdir(path):
        raise EntityError(
            f"{shown(spec.source)}: no such folder, parquet file or data set",
            hint="Name a folder of class folders, a parquet file, or hf://datasets/org/name.",
        )
    with _readable(spec.source):
        files = local_files(Path(path))
    return FoundDataset(spec=spec, files=files, shards=parquet_splits(files.names, spec.source))


def open_dataset(
    spec: DatasetSpec,
    *,
    token: str | None = None,
    cache_dir: Path | None = None,
    progress: Progress | None = None,
) -> LabelledImages:
    """Open a folder of class folders, a parquet file or folder, or a Hub data set.

    Args:
        spec: The data set and split.
        token: As for `find_dataset`.
        cache_dir: As for `find_dataset`.
        progress: As for `find_dataset`.

    Raises:
        EntityError: It does not exist, cannot be reached, has no such split, or holds no
            labelled image.
        UsageError: A column named by the user does not exist.
    """
    found = find_dataset(spec, token=token, cache_dir=cache_dir, progress=progress)
    return found.read(spec.split)


@contextmanager
def _readable(source: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise EntityError(
            f"{shown(source)} cannot be read: {error.strerror or type(error).__name__}",
            hint="Check that it exists and that you may read it.",
        ) from error


@contextmanager
def _told_when_offline(files: DatasetFiles) -> Iterator[None]:
    """What is not in the cache may well be on the Hub."""
    try:
        yield
    except EntityError as error:
        if not files.cached_only:
            raise
        more = "Only the cache was looked at: run once without --offline to get the rest."
        raise EntityError(error.message, hint=f"{error.hint} {more}") from error
