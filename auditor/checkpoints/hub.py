"""A Hub repository -> the needed files of one commit, in the Hub client's own cache.

The revision is turned into a commit first, and everything is fetched at that commit, so that
a branch which moves meanwhile cannot mix two versions. Only files that auditor reads are
asked for; a pickle never reaches this machine.
"""

from __future__ import annotations

import os
import re
import time
from collections.abc import Callable, Collection
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from auditor import __version__
from auditor.checkpoints.classifier import architecture_of, labels_of
from auditor.checkpoints.hub_errors import Target, explain, is_cut
from auditor.checkpoints.inspect import file_names
from auditor.checkpoints.json_file import read_json_object
from auditor.checkpoints.layout import CONFIG, INDEX, choose_layout, shards_in
from auditor.checkpoints.progress import Progress, bar_class
from auditor.checkpoints.source import HubSource
from auditor.checkpoints.wording import shown
from auditor.errors import CheckpointError

PUBLIC_ENDPOINT = "https://huggingface.co"
DEFAULT_BRANCH = "main"
# The client resumes a broken download by itself, though not after every kind of break.
ATTEMPTS = 3
FIRST_WAIT_SECONDS = 1.0
_COMMIT = re.compile(r"[0-9a-f]{40}")
_T = TypeVar("_T")


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

    Returns:
        Where the files are, and which commit they are of.

    Raises:
        CheckpointError: If the repository cannot be found, reached or read, or holds no
            weights that auditor opens.
        UnsupportedModel: If it holds no image classifier with labels; found out before any
            weights are fetched.
    """
    from huggingface_hub import is_offline_mode

    endpoint = os.environ.get("HF_ENDPOINT", "").rstrip("/") or PUBLIC_ENDPOINT
    hub = _Hub(
        target=Target(
            repo_id=source.repo_id,
            revision=source.revision or DEFAULT_BRANCH,
            endpoint=endpoint,
        ),
        token=token,
        cache_dir=None if cache_dir is None else cache_dir.expanduser().absolute(),
        progress=progress,
    )
    return _cached(hub) if offline or is_offline_mode() else _downloaded(hub)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Hub:
    target: Target
    token: str | None
    cache_dir: Path | None
    progress: Progress | None

    def listing(self) -> tuple[str, frozenset[str]]:
        """The commit that the revision stands for, and the files of that commit."""
        from huggingface_hub import HfApi, constants

        api = HfApi(
            endpoint=self.target.endpoint,
            token=self.token,
            library_name="auditor",
            library_version=__version__,
        )
        info = self._ask(
            lambda: api.model_info(
                self.target.repo_id,
                revision=self.target.revision,
                timeout=constants.HF_HUB_ETAG_TIMEOUT,
            )
        )
        if not _COMMIT.fullmatch(info.sha or ""):
            raise CheckpointError(
                f"{shown(self.target.endpoint)} did not say which commit "
                f"{shown(self.target.revision)} of {self.target.repo_id} is",
                hint="check HF_ENDPOINT; a mirror must answer as the Hub does",
            )
        return str(info.sha), frozenset(file.rfilename for file in info.siblings or ())

    def download(self, name: str, revision: str) -> Path:
        """Fetch one file unless the cache holds it."""
        from huggingface_hub import hf_hub_download

        path = self._ask(
            lambda: hf_hub_download(
                self.target.repo_id,
                name,
                revision=revision,
                endpoint=self.target.endpoint,
                token=self.token,
                cache_dir=self.cache_dir,
                library_name="auditor",
                library_version=__version__,
                tqdm_class=bar_class(name, self.progress),
            )
        )
        return Path(path)

    def _ask(self, call: Callable[[], _T]) -> _T:
        for attempt in range(1, ATTEMPTS + 1):
            try:
                return call()
            except Exception as error:
                explained = explain(error, self.target)
                if explained is None:
                    raise
                if attempt == ATTEMPTS or not is_cut(error):
                    raise explained from error
            time.sleep(FIRST_WAIT_SECONDS * 2 ** (attempt - 1))
        raise AssertionError("the last attempt returns or raises")


def _downloaded(hub: _Hub) -> Snapshot:
    commit, names = hub.listing()
    layout = choose_layout(names, hub.target.repo_id)
    if hub.target.revision != commit:
        # By its name, so that the cache learns which commit the name stands for: without
        # that, `--offline` would not find this commit again.
        hub.download(CONFIG, hub.target.revision)
    config = hub.download(CONFIG, commit)
    _require_supported(config)
    root = config.parent
    for name in layout.names:
        hub.download(name, commit)
    if layout.index is not None:
        for shard in shards_in(root / INDEX, names):
            hub.download(shard, commit)
    return _snapshot(root)


def _require_supported(config: Path) -> None:
    # `inspect` asks the same again; here it saves downloading weights in vain.
    parsed = read_json_object(config)
    architecture_of(parsed)
    labels_of(parsed)


def _cached(hub: _Hub) -> Snapshot:
    # Not hf_hub_download(local_files_only=True): building its request headers can make the
    # client ask the Hub for a list of known agents.
    from huggingface_hub import try_to_load_from_cache

    target = hub.target
    found = try_to_load_from_cache(
        target.repo_id, CONFIG, cache_dir=hub.cache_dir, revision=target.revision
    )
    if not isinstance(found, str):
        raise CheckpointError(
            f"{target.repo_id} at {shown(target.revision)} is not in the local cache",
            hint="run once without --offline (and without HF_HUB_OFFLINE) to download it",
        )
    root = Path(found).parent
    try:
        _require_complete(root, file_names(root), target.repo_id)
    except CheckpointError as error:
        raise CheckpointError(
            f"the local cache holds only a part of {target.repo_id}: {error.message}",
            hint="run once without --offline (and without HF_HUB_OFFLINE) to complete it",
        ) from error
    return _snapshot(root)


def _require_complete(root: Path, names: Collection[str], repo_id: str) -> None:
    if choose_layout(names, repo_id).index is not None:
        shards_in(root / INDEX, names)


def _snapshot(root: Path) -> Snapshot:
    # The client's documented layout: <cache>/<repository>/snapshots/<commit>/<file>, links to
    # <cache>/<repository>/blobs, from where some lead on to <cache>/blobs.
    repository = root.parent.parent
    return Snapshot(
        root=root, commit=root.name, links_within=(repository, repository.parent / "blobs")
    )
