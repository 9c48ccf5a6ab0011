"""Parquet in the Hub's image data-set layout: a column of `{bytes, path}`, a ClassLabel column."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from auditor.datasets.labelled import LabelledImages, decode
from auditor.errors import EntityError, UsageError

if TYPE_CHECKING:
    import pyarrow as pa

METADATA_BYTES_LIMIT = 32_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Columns:
    """Which columns hold the image and the label; None means: find out."""

    image: str | None = None
    label: str | None = None


def read_parquet(files: Sequence[Path], columns: Columns, *, source: str) -> LabelledImages:
    """Read one split, which may be sharded over several files.

    Images stay encoded. Label names come from the ClassLabel feature in the file's metadata,
    or, for a column of strings, from its distinct values in sorted order.

    Raises:
        EntityError: A file is no parquet file, or holds no image or label column, or no row.
        UsageError: A column named by the user does not exist.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        tables = [pq.read_table(file, memory_map=True) for file in files]
        table = pa.concat_tables(tables)
    except (pa.ArrowException, OSError) as error:
        raise EntityError(
            f"{source}: not a readable parquet data set ({error.__class__.__name__})",
            hint="Check that the download is complete, or name another --split.",
        ) from error
    image_column, label_column = _columns(table, columns, source)
    names, labels = _labels(table, label_column)
    if not len(labels):
        raise EntityError(f"{source} has no rows", hint="Name another --split.")
    cells = table.column(image_column)
    return LabelledImages(
        source=source,
        label_names=names,
        labels=labels,
        names=tuple(f"{_stem(files)}[{row}]" for row in range(table.num_rows)),
        load=lambda index: decode(_bytes(cells[index].as_py())),
        about=_about(files[0]),
    )


def _columns(table: pa.Table, wanted: Columns, source: str) -> tuple[str, str]:
    available = table.column_names
    for name in (wanted.image, wanted.label):
        if name is not None and name not in available:
            raise UsageError(
                f"{source} has no column {name!r}", hint=f"It has: {', '.join(available)}."
            )
    image = wanted.image or next((n for n in available if _holds_images(table, n)), None)
    label = wanted.label or next(
        (n for n in ("label", "labels", "fine_label", "class") if n in available), None
    )
    if image is None or label is None:
        raise EntityError(
            f"{source} has no {'image' if image is None else 'label'} column",
            hint=f"It has: {', '.join(available)}. Use --image-column and --label-column.",
        )
    return image, label


def _holds_images(table: pa.Table, name: str) -> bool:
    import pyarrow as pa

    kind = table.schema.field(name).type
    if pa.types.is_struct(kind):
        return any(kind.field(i).name == "bytes" for i in range(kind.num_fields))
    return bool(pa.types.is_binary(kind) or pa.types.is_large_binary(kind))


def _labels(table: pa.Table, column: str) -> tuple[tuple[str, ...], np.ndarray[Any, Any]]:
    values = table.column(column).to_pylist()
    if values and all(isinstance(v, str) for v in values):
        names = sorted(set(values))
        index = {name: i for i, name in enumerate(names)}
        return tuple(names), np.array([index[v] for v in values], dtype=np.int64)
    labels = np.array([-1 if v is None else int(v) for v in values], dtype=np.int64)
    highest = int(labels.max()) if len(labels) else -1
    names = _class_label_names(table.schema.metadata or {}, column)
    if len(names) <= highest:
        names = [*names, *(str(i) for i in range(len(names), highest + 1))]
    return tuple(names), labels


def _class_label_names(metadata: Mapping[bytes, bytes], column: str) -> list[str]:
    raw = metadata.get(b"huggingface", b"")
    if not raw or len(raw) > METADATA_BYTES_LIMIT:
        return []
    try:
        names = json.loads(raw)["info"]["features"][column]["names"]
    except (ValueError, KeyError, TypeError, RecursionError):
        return []
    if isinstance(names, dict):
        names = [names[key] for key in sorted(names, key=int)]
    return [str(name) for name in names] if isinstance(names, list) else []


def _bytes(cell: object) -> bytes:
    raw = cell.get("bytes") if isinstance(cell, dict) else cell
    if not isinstance(raw, bytes):
        raise OSError("the row holds no image bytes")
    return raw


def _about(first: Path) -> Mapping[str, Mapping[str, object]]:
    """What an `entities.json` beside the data says of the labels, where there is one."""
    for folder in (first.parent, first.parent.parent):
        path = folder / "entities.json"
        if path.is_file() and path.stat().st_size < METADATA_BYTES_LIMIT:
            try:
                said = json.loads(path.read_text(encoding="utf-8"))
            except (ValueError, RecursionError):
                return {}
            if isinstance(said, dict):
                return {str(k): v for k, v in said.items() if isinstance(v, dict)}
    return {}


def _stem(files: Sequence[Path]) -> str:
    return files[0].name if len(files) == 1 else f"{files[0].parent.name}/{files[0].stem}..."
