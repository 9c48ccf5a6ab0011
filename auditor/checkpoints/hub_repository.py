"""One repository of the Hub: its commits, its files, and what the client's cache holds of it.

Models and data sets are asked for in the same way, so that pinning to a commit, trying again
and what is said when it fails are the same for both.
"""

from __future__ import annotations

import os
import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from auditor import __version__
from auditor.checkpoints.hub_errors import (
    RepoKind,
    Target,
    asked_to_wait,
    explain,
    worth_another_try,
)
from auditor.checkpoints.progress import Progress, bar_class
from auditor.checkpoints.source import HubSource
from auditor.checkpoints.wording import shown
from auditor.errors import CheckpointError

PUBLIC_ENDPOINT = "https://huggingface.co"
DEFAULT_BRANCH = "main"
# The client resumes a broken download by itself, though not after every kind of break.
ATTEMPTS = 3
FIRST_WAIT_SECONDS = 1.0
LONGEST_WAIT_SECONDS = 60.0  # whatever the Hub asks for
_COMMIT = re.compile(r"[0-9a-f]{40}")
_T = TypeVar("_T")


@dataclass(frozen=True, slots=True, kw_only=True)
class HubRepository:
    """A repository as the Hub client reaches it.

    Every method that makes a request raises CheckpointError where it fails in a foreseen way.
    """

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
            lambda: api.repo_info(
                self.target.repo_id,
                repo_type=self.target.kind.value,
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
        siblings = getattr(info, "siblings", None) or ()
        return str(info.sha), frozenset(file.rfilename for file in siblings)

    def download_first(self, name: str, commit: str) -> Path:
        """Fetch the first file of a commit, in a way that `--offline` finds it again."""
        if self.target.revision != commit:
            # By its name, so that the cache learns which commit the name stands for.
            self.download(name, self.target.revision)
        return self.download(name, commit)

    def download(self, name: str, revision: str) -> Path:
        """Fetch one file unless the cache holds it."""
        from huggingface_hub import hf_hub_download

        path = self._ask(
            lambda: hf_hub_download(
                self.target.repo_id,
                name,
                repo_type=self.target.kind.value,
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

    def cached(self) -> Path:
        """The folder in which the cache holds the revision; no request is made.

        Raises:
            CheckpointError: The cache does not hold it.
        """
        # Not snapshot_download(local_files_only=True): building its request headers can make
        # the client ask the Hub for a list of known agents. The layout is documented:
        # <cache>/<kind>s--<org>--<name>/{refs/<revision>,snapshots/<commit>/<file>}
        from huggingface_hub import constants

        cache = self.cache_dir or Path(constants.HF_HUB_CACHE)
        name = "--".join([f"{self.target.kind}s", *self.target.repo_id.split("/")])
        commit = self.target.revision
        with_name = cache / name / "refs" / commit
        if with_name.is_file():
            commit = with_name.read_text(encoding="utf-8", errors="replace").strip()
        root = cache / name / "snapshots" / commit
        if not _COMMIT.fullmatch(commit) or not root.is_dir():
            raise CheckpointError(
                f"{self.target.repo_id} at {shown(self.target.revision)} is not in the local cache",
                hint="run once without --offline (and without HF_HUB_OFFLINE) to download it",
            )
        return root

    def _ask(self, call: Callable[[], _T]) -> _T:
        for attempt in range(1, ATTEMPTS + 1):
            try:
                return call()
            except Exception as error:
                explained = explain(error, self.target)
                if explained is None:
                    raise
                if attempt == ATTEMPTS or not worth_another_try(error):
                    raise explained from error
                wait = FIRST_WAIT_SECONDS * 2 ** (attempt - 1)
                wait = max(wait, asked_to_wait(error) or 0.0)
            time.sleep(min(wait, LONGEST_WAIT_SECONDS))
        raise AssertionError("the last attempt returns or raises")


def repository(
    source: HubSource,
    kind: RepoKind,
    *,
    token: str | None,
    cache_dir: Path | None,
    progress: Progress | None,
) -> HubRepository:
    """Name a repository on the Hub that `HF_ENDPOINT` says; nothing is asked yet.

    Args:
        source: The repository and revision.
        kind: Whether it is a model or a data set.
        token: An access token; by default the client looks for one itself.
        cache_dir: The cache; by default the client's own.
        progress: Told about each file while it is downloaded.

    Returns:
        The repository.
    """
    return HubRepository(
        target=Target(
            repo_id=source.repo_id,
            revision=source.revision or DEFAULT_BRANCH,
            endpoint=os.environ.get("HF_ENDPOINT", "").rstrip("/") or PUBLIC_ENDPOINT,
            kind=kind,
        ),
        token=token,
        cache_dir=None if cache_dir is None else cache_dir.expanduser().absolute(),
        progress=progress,
    )


def stays_offline(offline: bool) -> bool:
    """Say whether no request may be made: `--offline`, or `HF_HUB_OFFLINE` in the environment."""
    from huggingface_hub import is_offline_mode

    return offline or is_offline_mode()
