"""A folder -> Checkpoint: every file found, bounded, checked and hashed; nothing loaded."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Collection, Iterable
from pathlib import Path

from auditor.checkpoints.card import declared_base
from auditor.checkpoints.classifier import architecture_of, labels_of, require_matching_head
from auditor.checkpoints.json_file import read_json_object
from auditor.checkpoints.layout import (
    CARD,
    CONFIG,
    INDEX,
    choose_layout,
    layout_of_file,
    shards_in,
)
from auditor.checkpoints.safetensors_header import read_header
from auditor.checkpoints.wording import shown
from auditor.errors import CheckpointError
from auditor.types import Checkpoint, CheckpointFormat, FileDigest


def inspect(
    root: Path,
    *,
    source: str,
    revision: str | None = None,
    weights: str | None = None,
    links_within: Collection[Path] = (),
) -> Checkpoint:
    """Find out what checkpoint a folder holds, without loading it.

    Args:
        root: The folder.
        source: What the user called the model.
        revision: The commit hash it was downloaded at.
        weights: One weight file in `root` which the user named instead of the folder.
        links_within: More folders that symbolic links in `root` may lead to.

    Returns:
        The checkpoint. Its files are those that auditor reads: configuration, processor,
        card and weights; other files of the folder do not change its digest.

    Raises:
        CheckpointError: If files are missing, broken, truncated, unreadable or outside.
        UnsupportedModel: If it is not an image classifier with labels that fit its head.
    """
    try:
        return _inspect(root, source, revision, weights, (root, *links_within))
    except OSError as error:
        why = error.strerror or "input/output error"
        raise CheckpointError(
            f"cannot read {shown(error.filename or root)}: {why}",
            hint="check that the file exists and that you may read it",
        ) from error


def weight_files(checkpoint: Checkpoint) -> tuple[Path, ...]:
    """Say which files hold the weights.

    Args:
        checkpoint: What `inspect` returned.

    Returns:
        All shards of a safetensors checkpoint, or the one `.onnx` file.
    """
    suffix = f".{checkpoint.format.value}"
    return tuple(checkpoint.root / f.path for f in checkpoint.files if f.path.endswith(suffix))


def file_names(root: Path) -> frozenset[str]:
    """List the files that can belong to a checkpoint.

    Args:
        root: The folder.

    Returns:
        POSIX paths relative to `root`, of regular files in it and in its `onnx` folder.
    """
    names: set[str] = set()
    for prefix, folder in (("", root), ("onnx/", root / "onnx")):
        if folder.is_dir():
            with os.scandir(folder) as entries:
                names.update(prefix + entry.name for entry in entries if entry.is_file())
    return frozenset(names)


def _inspect(
    root: Path,
    source: str,
    revision: str | None,
    weights: str | None,
    links_within: Iterable[Path],
) -> Checkpoint:
    names = file_names(root)
    if weights is None:
        layout = choose_layout(names, source)
    else:
        layout = layout_of_file(weights, names, source)
    bounds = [folder.resolve() for folder in links_within]
    files = {name: _inside(root, name, bounds) for name in layout.names}
    if layout.index is not None:
        for shard in shards_in(files[INDEX], names):
            files[shard] = _inside(root, shard, bounds)
    config = read_json_object(files[CONFIG])
    architecture_of(config)
    labels = labels_of(config)
    if layout.format is CheckpointFormat.SAFETENSORS:
        shards = [path for name, path in files.items() if name.endswith(".safetensors")]
        require_matching_head(labels, [t for path in shards for t in read_header(path)])
    return Checkpoint(
        source=source,
        revision=revision,
        root=root,
        format=layout.format,
        config=config,
        files=tuple(_digest(name, path) for name, path in sorted(files.items())),
        declared_base=declared_base(files[CARD]) if CARD in files else None,
    )


def _inside(root: Path, name: str, bounds: Iterable[Path]) -> Path:
    """Refuse a link that leads out: it could make auditor hash or show any file there is."""
    path = root / name
    target = path.resolve()
    if not any(target.is_relative_to(folder) for folder in bounds):
        raise CheckpointError(
            f"{shown(name)} is a symbolic link that leaves {shown(root)}",
            hint="copy the model with its links followed (cp -rL) if you trust where they lead",
        )
    return path


def _digest(name: str, path: Path) -> FileDigest:
    with path.open("rb") as file:
        size = os.fstat(file.fileno()).st_size
        return FileDigest(
            path=name, size_bytes=size, sha256=hashlib.file_digest(file, "sha256").hexdigest()
        )
