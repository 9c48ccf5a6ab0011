"""A Hub repository -> the needed files of one commit, in the Hub client's own cache.

The revision is turned into a commit first, and everything is fetched at that commit, so that
a branch which moves meanwhile cannot mix two versions. Only files that auditor reads are
asked for; a pickle never reaches this machine.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

from auditor.checkpoints.classifier import architecture_of, labels_of
from auditor.checkpoints.hub_errors import RepoKind
from auditor.checkpoints.hub_repository import HubRepository, repository, stays_offline
from auditor.checkpoints.inspect import file_names
from auditor.checkpoints.json_file import read_json_object
from auditor.checkpoints.layout import CONFIG, choose_layout, shards_in
from auditor.checkpoints.progress import Progress
from auditor.checkpoints.source import HubSource
from auditor.errors import CheckpointError
from auditor.types import Trust


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """The files of one commit on disk.

    `links_within` are the folders of the cache in which the client keeps what the links in
    `root` lead to.
    """

    root: Path
    commit: str
    links_within: tuple[Path, ...]


def fetch(
    source: HubSource,
    *,
    offline: bool = False,
    token: str | None = None,
    cache_dir: Path | None = None,
    progress: Progress | None = None,
    trust: Collection[Trust] = (),
) -> Snapshot:
    """Bring the needed files of a repository into the cache.

    Args:
        source: The repository and revision.
        offline: Use only what the cache holds; no request is made. `HF_HUB_OFFLINE` does
            the same.
        token: An access token; by default the client looks for one itself (`HF_TOKEN`, or
            what `hf auth login` stored).
        cache_dir: The cache; by default the client's own.
        progress: Told about each file while it is downloaded.
        trust: The risks that the user accepts: pickles and code are fetched only then.

    Returns:
        Where the files are, and which commit they are of.

    Raises:
        CheckpointError: If the repository cannot be found, reached or read, or holds no
            weights that auditor opens.
        UnsupportedModel: If it holds no image classifier with labels; found out before any
            weights are fetched.
    """
    hub = repository(source, RepoKind.MODEL, token=token, cache_dir=cache_dir, progress=progress)
    return _cached(hub, trust) if stays_offline(offline) else _downloaded(hub, trust)


def _downloaded(hub: HubRepository, trust: Collection[Trust]) -> Snapshot:
    commit, names = hub.listing()
    layout = choose_layout(names, hub.target.repo_id, trust)
    config = hub.download_first(CONFIG, commit)
    _require_supported(config)
    root = config.parent
    for name in layout.names:
        hub.download(name, commit)
    if layout.index is not None:
        for shard in shards_in(root / layout.index, names):
            hub.download(shard, commit)
    return _snapshot(root)


def _require_supported(config: Path) -> None:
    # `inspect` asks the same again; here it saves downloading weights in vain.
    parsed = read_json_object(config)
    architecture_of(parsed)
    labels_of(parsed)


def _cached(hub: HubRepository, trust: Collection[Trust]) -> Snapshot:
    root = hub.cached()
    try:
        _require_complete(root, file_names(root), hub.target.repo_id, trust)
    except CheckpointError as error:
        raise CheckpointError(
            f"the local cache holds only a part of {hub.target.repo_id}: {error.message}",
            hint="run once without --offline (and without HF_HUB_OFFLINE) to complete it",
        ) from error
    return _snapshot(root)


def _require_complete(
    root: Path, names: Collection[str], repo_id: str, trust: Collection[Trust]
) -> None:
    index = choose_layout(names, repo_id, trust).index
    if index is not None:
        shards_in(root / index, names)


def _snapshot(root: Path) -> Snapshot:
    # The client's documented layout: <cache>/<repository>/snapshots/<commit>/<file>, links to
    # <cache>/<repository>/blobs, from where some lead on to <cache>/blobs.
    folder = root.parent.parent
    return Snapshot(root=root, commit=root.name, links_within=(folder, folder.parent / "blobs"))
