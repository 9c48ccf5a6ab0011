"""A data set on the Hub: its parquet files and what describes them, at one commit.

The listing comes first and costs one request; the files of a split are fetched when that split
is read.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from auditor.checkpoints.hub_errors import RepoKind
from auditor.checkpoints.hub_repository import HubRepository, repository, stays_offline
from auditor.checkpoints.progress import Progress
from auditor.checkpoints.source import hub_source
from auditor.checkpoints.wording import shown
from auditor.datasets.files import DatasetFiles, parquet_and_companions
from auditor.datasets.layout import COMPANIONS
from auditor.errors import CheckpointError, EntityError


def find_on_hub(
    name: str,
    *,
    offline: bool,
    token: str | None = None,
    cache_dir: Path | None = None,
    progress: Progress | None = None,
) -> DatasetFiles:
    """List the data set `org/name[@revision]` at one commit.

    Args:
        name: What the user typed after `hf://datasets/`.
        offline: Use only what the cache holds; no request is made.
        token: An access token; by default the Hub client looks for one itself.
        cache_dir: The cache; by default the client's own.
        progress: Told about each file while it is downloaded.

    Returns:
        Its files. Offline, those that the cache holds of it.

    Raises:
        EntityError: It does not exist, is private, or cannot be reached.
    """
    with _as_entity_error():
        source = hub_source(name)
        if source is None:
            raise EntityError(
                f"{shown(name)} is not the name of a data set on the Hub",
                hint="Name it hf://datasets/org/name or hf://datasets/org/name@revision.",
            )
        hub = repository(
            source, RepoKind.DATASET, token=token, cache_dir=cache_dir, progress=progress
        )
        if stays_offline(offline):
            return _cached(hub)
        commit, names = hub.listing()
        return DatasetFiles(
            names=names, fetch=partial(_download, hub, commit, names), revision=commit
        )


def _cached(hub: HubRepository) -> DatasetFiles:
    root = hub.cached()
    return DatasetFiles(
        names=parquet_and_companions(root),
        fetch=lambda _: root,
        revision=root.name,
        cached_only=True,
    )


def _download(
    hub: HubRepository, commit: str, there: Collection[str], wanted: Collection[str]
) -> Path:
    first, *others = [*(name for name in COMPANIONS if name in there), *wanted]
    with _as_entity_error():
        path = hub.download_first(first, commit)
        for name in others:
            hub.download(name, commit)
    # <cache>/<repository>/snapshots/<commit>/<file>, and the file may lie in a folder.
    return path.parents[first.count("/")]


@contextmanager
def _as_entity_error() -> Iterator[None]:
    """What went wrong is the same as for a model; what cannot be used is a data set."""
    try:
        yield
    except CheckpointError as error:
        raise EntityError(error.message, hint=error.hint) from error
