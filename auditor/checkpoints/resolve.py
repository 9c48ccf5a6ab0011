"""What the user typed -> Checkpoint: the one way in."""

from __future__ import annotations

from pathlib import Path

from auditor.checkpoints.hub import fetch
from auditor.checkpoints.inspect import inspect
from auditor.checkpoints.progress import Progress
from auditor.checkpoints.source import LocalSource, parse_source
from auditor.types import Checkpoint


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
    place = parse_source(source)
    if isinstance(place, LocalSource):
        return inspect(place.folder, source=source, weights=place.weights)
    snapshot = fetch(place, offline=offline, token=token, cache_dir=cache_dir, progress=progress)
    return inspect(
        snapshot.root,
        source=source,
        revision=snapshot.commit,
        links_within=snapshot.links_within,
    )
