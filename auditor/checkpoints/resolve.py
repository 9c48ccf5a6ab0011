"""What the user typed -> Checkpoint: the one way in."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

from auditor.checkpoints.hub import fetch
from auditor.checkpoints.inspect import file_names, inspect
from auditor.checkpoints.layout import layout_of_file
from auditor.checkpoints.listing import list_files, list_named
from auditor.checkpoints.progress import Progress
from auditor.checkpoints.source import LocalSource, parse_source
from auditor.types import Checkpoint, FileDigest, Trust


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """Where a model lies on this machine; nothing of it has been opened.

    `weights` is the file that the user named rather than the folder; `links_within` are folders
    besides `root` that links in it may lead to.
    """

    source: str
    root: Path
    revision: str | None = None
    weights: str | None = None
    links_within: tuple[Path, ...] = ()
    trust: tuple[Trust, ...] = ()


def resolve(
    source: str,
    *,
    offline: bool = False,
    token: str | None = None,
    cache_dir: Path | None = None,
    progress: Progress | None = None,
) -> Checkpoint:
    """Find a checkpoint, bring it to this machine if need be, and check it; nothing is loaded.

    Args:
        source: A folder in Hub layout; a `.safetensors` or `.onnx` file with `config.json`
            beside it; `org/name`, `org/name@revision` or `hf://org/name@revision`. A folder
            that exists wins over a Hub id of the same spelling, `hf://` forces the Hub.
        offline: Take Hub models from the local cache only; no request is made.
        token: An access token for the Hub; by default the Hub client looks for one itself.
        cache_dir: Where downloads are kept; by default the Hub client's cache.
        progress: Told the name, bytes so far and total bytes of a file being downloaded.

    Returns:
        The checkpoint, with the SHA-256 of every file that auditor reads.

    Raises:
        CheckpointError: If it cannot be found, reached, or opened without risk.
        UnsupportedModel: If it is not an image classifier with labels that fit its head.
    """
    return checked(
        find(source, offline=offline, token=token, cache_dir=cache_dir, progress=progress)
    )


def find(
    source: str,
    *,
    offline: bool = False,
    token: str | None = None,
    cache_dir: Path | None = None,
    progress: Progress | None = None,
    trust: Collection[Trust] = (),
) -> Found:
    """Find a model and bring it to this machine if need be; `resolve` has the arguments.

    Raises:
        CheckpointError: It cannot be found or reached.
        UnsupportedModel: A repository holds no image classifier; found out before its weights
            are fetched.
    """
    accepted = tuple(sorted(set(trust)))
    place = parse_source(source)
    if isinstance(place, LocalSource):
        return Found(source=source, root=place.folder, weights=place.weights, trust=accepted)
    snapshot = fetch(
        place,
        offline=offline,
        token=token,
        cache_dir=cache_dir,
        progress=progress,
        trust=accepted,
    )
    return Found(
        source=source,
        root=snapshot.root,
        revision=snapshot.commit,
        links_within=snapshot.links_within,
        trust=accepted,
    )


def listed(found: Found) -> tuple[FileDigest, ...]:
    """Every file of the folder that was found; of a file that was named, what belongs to it.

    Raises:
        CheckpointError: The folder holds what cannot be listed without harm, or too much.
    """
    if found.weights is None:
        return list_files(found.root, links_within=found.links_within)
    names = file_names(found.root)
    layout = layout_of_file(found.weights, names, found.source, found.trust)
    return list_named(found.root, [name for name in layout.names if name in names])


def checked(found: Found, listing: Collection[FileDigest] = ()) -> Checkpoint:
    """Check what was found; what `listing` has of a file already is not read again.

    Raises:
        CheckpointError: It cannot be opened without risk.
        UnsupportedModel: It is not an image classifier with labels that fit its head.
    """
    return inspect(
        found.root,
        source=found.source,
        revision=found.revision,
        weights=found.weights,
        links_within=found.links_within,
        trust=found.trust,
        listing=listing,
    )
