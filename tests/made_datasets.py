"""Small image data sets, made on the spot."""

from __future__ import annotations

import io
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from PIL import Image

from auditor.errors import AuditorError, ExitCode

NAMES = ("cat", "dog", "owl")


def picture(seed: int, size: tuple[int, int] = (12, 10)) -> Image.Image:
    rng = np.random.default_rng(seed)
    return Image.fromarray(rng.integers(0, 256, (size[1], size[0], 3), dtype=np.uint8))


def encoded(image: Image.Image, kind: str = "PNG", **options: Any) -> bytes:
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def pictures(count: int, first: int = 0) -> list[bytes | None]:
    return [encoded(picture(seed)) for seed in range(first, first + count)]


def write_parquet(
    path: Path,
    labels: Sequence[Any] | pa.Array,
    *,
    images: Sequence[bytes | None] | None = None,
    names: Any = NAMES,
    image_column: str = "image",
    label_column: str = "label",
    row_group_size: int | None = None,
) -> Path:
    """A file as the Hub's `datasets` writes it; `names` None leaves the ClassLabel out."""
    path.parent.mkdir(parents=True, exist_ok=True)
    images = pictures(len(labels)) if images is None else images
    cells = [{"bytes": each, "path": f"{row}.png"} for row, each in enumerate(images)]
    kind = pa.struct({"bytes": pa.binary(), "path": pa.string()})
    table = pa.table(
        {
            "id": list(range(len(labels))),
            image_column: pa.array(cells, kind),
            label_column: labels,
        }
    )
    if names is not None:
        label = {"_type": "ClassLabel", "names": list(names) if names is NAMES else names}
        features = {image_column: {"_type": "Image"}, label_column: label}
        table = table.replace_schema_metadata(
            {"huggingface": json.dumps({"info": {"features": features}})}
        )
    pq.write_table(table, path, row_group_size=row_group_size)
    return path


def write_dataset(folder: Path, per_label: int = 4, *, about: Any = None) -> Path:
    """A data set of three labels with a train split of two files and a test split of one."""
    labels = [i % 3 for i in range(3 * per_label)]
    half = len(labels) // 2
    write_parquet(folder / "data" / "train-00000-of-00002.parquet", labels[:half])
    write_parquet(
        folder / "data" / "train-00001-of-00002.parquet",
        labels[half:],
        images=pictures(len(labels) - half, first=half),
    )
    test = folder / "data" / "test-00000-of-00001.parquet"
    write_parquet(test, [0, 1, 2], images=pictures(3, first=100))
    (folder / "README.md").write_text("# Pets\n")
    if about is not None:
        (folder / "entities.json").write_text(json.dumps(about))
    return folder


def write_folder(folder: Path, counts: dict[str, int]) -> Path:
    """A folder of class folders with so many pictures each."""
    for number, (name, count) in enumerate(counts.items()):
        (folder / name).mkdir(parents=True)
        for i in range(count):
            picture(1000 * number + i).save(folder / name / f"{i}.png")
    return folder


def same(image: Image.Image, other: Image.Image) -> bool:
    return image.mode == other.mode and np.array_equal(np.asarray(image), np.asarray(other))


def require_plain(error: AuditorError, code: ExitCode = ExitCode.NOT_AUDITED) -> None:
    """What the command line prints: a message and a hint of one line each."""
    assert error.exit_code is code
    assert error.message.isprintable()
    assert error.hint.isprintable()
    assert error.hint
