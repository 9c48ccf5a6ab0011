"""What the user typed as MODEL, read as a place on this machine or a repository on the Hub."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path

from auditor.checkpoints.layout import PICKLES
from auditor.checkpoints.wording import shown
from auditor.errors import CheckpointError

HUB_SCHEME = "hf://"
_FORMS = "give org/name, org/name@revision, a folder, or a .safetensors or .onnx file"
_WEIGHT_SUFFIXES = (".safetensors", ".onnx")
_REPO_ID = re.compile(r"[\w.-]+/[\w.-]+", re.ASCII)
_REVISION = re.compile(r"\w[\w./-]*", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class LocalSource:
    """A folder, or one weight file in it."""

    folder: Path
    weights: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class HubSource:
    """A repository; without `revision` its branch `main` is meant."""

    repo_id: str
    revision: str | None = None


def parse_source(source: str) -> LocalSource | HubSource:
    """Read what the user typed. Something that exists on disk wins over a Hub id.

    Args:
        source: A path, `org/name`, `org/name@revision` or `hf://org/name@revision`.

    Returns:
        Where to find the checkpoint.

    Raises:
        CheckpointError: If it is a path that does not exist, or no known form at all.
    """
    if source.startswith(HUB_SCHEME):
        return _model(source, source.removeprefix(HUB_SCHEME))
    expanded = os.path.expanduser(source)
    # os.path, unlike Path, answers False to names that no file system could hold.
    if source and os.path.exists(expanded):
        return _local(source, Path(expanded))
    if looks_like_a_path(source):
        raise CheckpointError(
            f"{shown(source)} does not exist", hint=f"check the path; or {_FORMS}"
        )
    return _model(source, source)


def looks_like_a_path(source: str) -> bool:
    """Whether it could only be a path, be there something or not."""
    name = source.partition("@")[0]
    return (
        source.startswith((".", "/", "~"))
        or "\\" in source
        or name.count("/") > 1
        or source.endswith(_WEIGHT_SUFFIXES)
    )


def _local(source: str, path: Path) -> LocalSource:
    if path.is_dir():
        return LocalSource(folder=path.resolve())
    if path.suffix in _WEIGHT_SUFFIXES or path.suffix.lower() in PICKLES:
        return LocalSource(folder=path.parent.resolve(), weights=path.name)
    raise CheckpointError(
        f"{shown(source)} is neither a folder nor a .safetensors or .onnx file",
        hint="name a folder in Hub layout; archives are never unpacked",
    )


def _model(source: str, text: str) -> HubSource:
    if text.startswith("datasets/"):
        raise CheckpointError(f"{shown(source)} is a data set, not a model", hint=_FORMS)
    found = hub_source(text)
    if found is None:
        raise CheckpointError(f"{shown(source)} is neither a path nor a Hub id", hint=_FORMS)
    return found


def hub_source(text: str) -> HubSource | None:
    """Read `org/name` or `org/name@revision`.

    Args:
        text: What the user typed, without a scheme.

    Returns:
        The repository, or None if that is no Hub id.

    Raises:
        CheckpointError: If what stands after the `@` can be no revision.
    """
    repo_id, at, revision = text.partition("@")
    if not _REPO_ID.fullmatch(repo_id):
        return None
    if at and (not _REVISION.fullmatch(revision) or ".." in revision):
        raise CheckpointError(
            f"{shown(text)} does not name a revision after the @",
            hint="a revision is a branch, a tag or a commit hash",
        )
    return HubSource(repo_id=repo_id, revision=revision or None)
