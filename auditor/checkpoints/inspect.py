"""A folder -> Checkpoint: every file found, bounded, checked and hashed; nothing loaded."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable, Mapping
from pathlib import Path, PurePosixPath

from auditor.checkpoints.card import declared_base
from auditor.checkpoints.classifier import architecture_of, labels_of, require_matching_head
from auditor.checkpoints.content import FileKind
from auditor.checkpoints.json_file import read_json_object
from auditor.checkpoints.layout import (
    CARD,
    CONFIG,
    PICKLES,
    PROCESSORS,
    Layout,
    choose_layout,
    layout_of_file,
    shards_in,
)
from auditor.checkpoints.listing import cannot_read, digest_of, require_inside
from auditor.checkpoints.safetensors_header import read_header
from auditor.checkpoints.wording import shown
from auditor.errors import CheckpointError
from auditor.memory import memory_bytes
from auditor.types import Checkpoint, CheckpointFormat, FileDigest, Trust

# Files that are surely something else than weights of the format their name promises.
_OTHER_THINGS = frozenset(FileKind) - {
    *(FileKind.SAFETENSORS, FileKind.ONNX, FileKind.OTHER, FileKind.TEXT, FileKind.JSON),
    *(FileKind.EMPTY, FileKind.LFS_POINTER),
}


def inspect(
    root: Path,
    *,
    source: str,
    revision: str | None = None,
    weights: str | None = None,
    links_within: Collection[Path] = (),
    trust: tuple[Trust, ...] = (),
    listing: Collection[FileDigest] = (),
) -> Checkpoint:
    """Find out what checkpoint a folder holds, without loading it.

    Args:
        root: The folder.
        source: What the user called the model.
        revision: The commit hash it was downloaded at.
        weights: One weight file in `root` which the user named instead of the folder.
        links_within: More folders that symbolic links in `root` may lead to.
        trust: The risks that the user accepts for it.
        listing: What is known of its files already; others are listed here.

    Returns:
        The checkpoint. Its files are those that auditor reads: configuration, processor,
        card and weights; other files of the folder do not change its digest.

    Raises:
        CheckpointError: If files are missing, broken, truncated, unreadable or outside.
        UnsupportedModel: If it is not an image classifier with labels that fit its head.
    """
    try:
        names = file_names(root)
        layout = (
            choose_layout(names, source, trust)
            if weights is None
            else layout_of_file(weights, names, source, trust)
        )
        files = _files(root, layout, names, (root, *links_within))
        digests = _digests(root, files, {file.path: file for file in listing})
        config = _checked_config(layout, files, digests)
    except OSError as error:
        raise cannot_read(error, root) from error
    return Checkpoint(
        source=source,
        revision=revision,
        root=root,
        format=layout.format,
        config=config,
        files=digests,
        declared_base=declared_base(files[CARD]) if CARD in files else None,
        trust=trust,
    )


def weight_files(checkpoint: Checkpoint) -> tuple[Path, ...]:
    """Say which files hold the weights.

    Args:
        checkpoint: What `inspect` returned.

    Returns:
        All shards of a checkpoint in safetensors or pickles, or the one `.onnx` file.
    """
    wanted = PICKLES if checkpoint.format is CheckpointFormat.PICKLE else {f".{checkpoint.format}"}
    return tuple(
        checkpoint.root / file.path
        for file in checkpoint.files
        if PurePosixPath(file.path).suffix.lower() in wanted
    )


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


def _files(
    root: Path, layout: Layout, names: Collection[str], links_within: Iterable[Path]
) -> dict[str, Path]:
    """The paths of all files that the layout names, shards included, none outside of bounds."""
    bounds = [folder.resolve() for folder in links_within]
    files = {name: require_inside(root, name, bounds) for name in layout.names}
    if layout.index is not None:
        for shard in shards_in(files[layout.index], names):
            files[shard] = require_inside(root, shard, bounds)
    return files


def _digests(
    root: Path, files: Mapping[str, Path], known: Mapping[str, FileDigest]
) -> tuple[FileDigest, ...]:
    """Digest and kind of each, once it is sure that there is memory for what they hold."""
    total = sum(path.stat().st_size for path in files.values())
    memory = memory_bytes()
    if memory and total > memory:
        raise CheckpointError(
            f"the model's files hold {total / 1e9:,.1f} GB, this machine has "
            f"{memory / 1e9:,.1f} GB of memory",
            hint="scan it on a machine with more memory, if the model is as large as it says",
        )
    return tuple(known.get(name) or digest_of(root, name) for name in sorted(files))


def _checked_config(
    layout: Layout, files: Mapping[str, Path], digests: Collection[FileDigest]
) -> dict[str, object]:
    """The configuration, after everything that can be refused from text and headers."""
    config = read_json_object(files[CONFIG])
    for name in PROCESSORS:
        if name in files:  # transformers reads it later, without a bound
            read_json_object(files[name])
    architecture_of(config)
    labels = labels_of(config)
    if layout.format is not CheckpointFormat.PICKLE:
        _require_content(digests)
    if layout.format is CheckpointFormat.SAFETENSORS:
        shards = [path for name, path in files.items() if name.endswith(".safetensors")]
        require_matching_head(labels, [t for path in shards for t in read_header(path)])
    return config


def _require_content(digests: Collection[FileDigest]) -> None:
    for file in digests:
        if file.path.endswith((".safetensors", ".onnx")) and file.kind in _OTHER_THINGS:
            raise CheckpointError(
                f"{shown(file.path)} is a file of another kind by its content: {file.kind}",
                hint="compare the file with its source; nothing is opened under a false name",
            )
