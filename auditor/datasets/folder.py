"""A folder of class folders: `SRC/<label>/<image>`."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from auditor.datasets.labelled import LabelledImages, decode
from auditor.errors import EntityError

IMAGE_SUFFIXES = frozenset({".bmp", ".gif", ".jpeg", ".jpg", ".png", ".webp"})


def read_folder(root: Path) -> LabelledImages:
    """List the images of a folder of class folders; sub-folders become labels, sorted by name.

    Raises:
        EntityError: No sub-folder holds an image.
    """
    classes = [
        (folder.name, sorted(p for p in folder.iterdir() if p.suffix.lower() in IMAGE_SUFFIXES))
        for folder in sorted(root.iterdir())
        if folder.is_dir() and not folder.name.startswith(".")
    ]
    classes = [(name, files) for name, files in classes if files]
    if not classes:
        raise EntityError(
            f"{root} holds no images in class folders",
            hint="Expected <folder>/<entity name>/<image>.jpg, or a data/*.parquet data set.",
        )
    files = [file for _, members in classes for file in members]
    labels = np.repeat(np.arange(len(classes)), [len(members) for _, members in classes])
    return LabelledImages(
        source=str(root),
        label_names=tuple(name for name, _ in classes),
        labels=labels.astype(np.int64),
        names=tuple(file.relative_to(root).as_posix() for file in files),
        load=lambda index: decode(files[index].read_bytes()),
    )
