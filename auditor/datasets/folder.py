"""A folder of class folders: `SRC/<label>/<image>`."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import numpy as np
from PIL import Image

from auditor.checkpoints.wording import shown
from auditor.datasets.about import About
from auditor.datasets.labelled import MAX_BYTES, LabelledImages, UnreadableImageError, decode
from auditor.errors import EntityError

IMAGE_SUFFIXES = frozenset(
    {".bmp", ".gif", ".jpeg", ".jpg", ".png", ".ppm", ".tif", ".tiff", ".webp"}
)


def read_folder(root: Path, *, source: str, about: About) -> LabelledImages:
    """List the images of a folder of class folders; sub-folders become labels, sorted by name.

    Args:
        root: The folder.
        source: What the user called it.
        about: What is said of its labels.

    Raises:
        EntityError: No sub-folder holds an image.
        OSError: A folder cannot be read.
    """
    folders = [f for f in sorted(root.iterdir()) if f.is_dir() and not f.name.startswith(".")]
    classes = [(folder.name, files) for folder in folders if (files := _images_in(folder))]
    if not classes:
        raise EntityError(f"{shown(source)} holds no images in class folders", hint=_hint(folders))
    files = [file for _, members in classes for file in members]
    labels = np.repeat(np.arange(len(classes)), [len(members) for _, members in classes])
    return LabelledImages(
        source=source,
        label_names=tuple(name for name, _ in classes),
        labels=labels.astype(np.int64),
        names=tuple(file.relative_to(root).as_posix() for file in files),
        load=partial(_load, files),
        about=about,
    )


def _images_in(folder: Path) -> list[Path]:
    # Names that begin with a dot are what macOS and editors leave behind.
    return sorted(
        path
        for path in folder.iterdir()
        if path.suffix.lower() in IMAGE_SUFFIXES and not path.name.startswith(".")
    )


def _load(files: list[Path], index: int) -> Image.Image:
    file = files[index]
    if not file.is_file():  # reading a pipe of that name would wait for ever
        raise UnreadableImageError("is no file")
    if file.stat().st_size > MAX_BYTES:
        raise UnreadableImageError(f"has more than {MAX_BYTES // 1_000_000} MB")
    return decode(file.read_bytes())


def _hint(folders: list[Path]) -> str:
    for folder in folders:
        if any(inner.is_dir() and _images_in(inner) for inner in sorted(folder.iterdir())):
            return f"Its class folders lie one level deeper: name {shown(folder)} instead."
    return "Expected <folder>/<entity name>/<image>.jpg, or a data/*.parquet data set."
