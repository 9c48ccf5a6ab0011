"""Parquet in the Hub's image data-set layout: a column of `{bytes, path}`, a ClassLabel column."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache, partial
from itertools import accumulate
from pathlib import Path
from typing import TYPE_CHECKING

from PIL import Image

from auditor.checkpoints.wording import shown
from auditor.datasets.about import About
from auditor.datasets.features import ChosenColumns, Columns, choose_columns
from auditor.datasets.labelled import LabelledImages, UnreadableImageError, decode
from auditor.datasets.labels import read_labels
from auditor.errors import EntityError

if TYPE_CHECKING:
    import pyarrow as pa
    import pyarrow.parquet as pq

__all__ = ["Columns", "ParquetSplit", "read_parquet"]

# Encoded images that are held in memory; what does not fit is read again when it is asked for.
HELD_BYTES = 512_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class ParquetSplit:
    """The files of one split.

    Attributes:
        source: What the user called the data set.
        root: Its folder.
        files: The shards in order, as POSIX paths relative to `root`.
        about: What is said of its labels.
        revision: The commit on the Hub, None for what lies on disk.
    """

    source: str
    root: Path
    files: tuple[str, ...]
    about: About
    revision: str | None = None


def read_parquet(split: ParquetSplit, columns: Columns) -> LabelledImages:
    """Open one split. Labels are read now, images when they are asked for.

    Raises:
        EntityError: A file is no parquet file, or holds no image or label column, or no row.
        UsageError: A column named by the user does not exist.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    paths = [split.root / name for name in split.files]
    try:
        shards = [_consistent(pq.read_metadata(path), path) for path in paths]
        schemas = [shard.schema.to_arrow_schema() for shard in shards]
        chosen = [choose_columns(schema, columns, split.source) for schema in schemas]
        label_column = _label_column(paths, chosen)
    except (pa.ArrowException, OSError, UnicodeDecodeError) as error:
        raise EntityError(
            f"{shown(split.source)}: not a readable parquet data set ({type(error).__name__})",
            hint="Check that the download is complete, or name another --split.",
        ) from error
    if not len(label_column):
        raise EntityError(f"{shown(split.source)} has no rows", hint="Name another --split.")
    declared = next((each.label_names for each in chosen if each.label_names), ())
    names, labels = read_labels(label_column, declared, split.source)
    return LabelledImages(
        source=split.source,
        label_names=names,
        labels=labels,
        names=tuple(
            f"{name}[{row}]"
            for name, shard in zip(split.files, shards, strict=True)
            for row in range(shard.num_rows)
        ),
        load=_loader(paths, shards, [each.image for each in chosen]),
        about=split.about,
        revision=split.revision,
    )


def _consistent(shard: pq.FileMetaData, path: Path) -> pq.FileMetaData:
    """The shard's facts, if they can be true.

    Arrow reserves memory for as many rows as a row group says it has before it reads one, so a
    few bytes could ask for all there is. Rows of images take more than a byte each.

    Raises:
        pyarrow.ArrowInvalid: The row groups do not add up to the shard, or cannot be in the file.
    """
    import pyarrow as pa

    groups = [shard.row_group(number).num_rows for number in range(shard.num_row_groups)]
    if sum(groups) != shard.num_rows or not all(0 <= rows < path.stat().st_size for rows in groups):
        raise pa.ArrowInvalid("the numbers of rows contradict each other")
    return shard


def _label_column(paths: Sequence[Path], chosen: Sequence[ChosenColumns]) -> pa.ChunkedArray:
    import pyarrow as pa
    import pyarrow.parquet as pq

    parts: list[pa.Array] = []
    for path, columns in zip(paths, chosen, strict=True):
        with pq.ParquetFile(path, memory_map=True) as file:
            parts.extend(file.read(columns=[columns.label]).column(columns.label).chunks)
    return pa.chunked_array(parts, type=None if parts else pa.null())


def _loader(
    paths: Sequence[Path], shards: Sequence[pq.FileMetaData], columns: Sequence[str]
) -> Callable[[int], Image.Image]:
    """Images by row number over all shards, read one row group at a time."""
    groups = [
        (path, group, column, shard.row_group(group))
        for path, shard, column in zip(paths, shards, columns, strict=True)
        for group in range(shard.num_row_groups)
    ]
    ends = list(accumulate(facts.num_rows for *_, facts in groups))
    largest = max((facts.total_byte_size for *_, facts in groups), default=0)

    @lru_cache(maxsize=max(1, HELD_BYTES // max(1, largest)))
    def cells(number: int) -> pa.ChunkedArray:
        path, group, column, _ = groups[number]
        return _read_group(path, group, column)

    return partial(_load, cells, ends)


def _read_group(path: Path, group: int, column: str) -> pa.ChunkedArray:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        with pq.ParquetFile(path, memory_map=True) as file:
            return file.read_row_group(group, columns=[column]).column(column)
    except pa.ArrowException as error:
        raise UnreadableImageError(f"row group {group} is damaged") from error


def _load(cells: Callable[[int], pa.ChunkedArray], ends: Sequence[int], row: int) -> Image.Image:
    number = bisect_right(ends, row)
    try:
        value = cells(number)[row - (ends[number - 1] if number else 0)].as_py()
    except IndexError as error:  # its column of images may be shorter than that of labels
        raise UnreadableImageError("the row is not in the file") from error
    except ValueError as error:  # a path beside the bytes that is not text
        raise UnreadableImageError("the row cannot be read") from error
    encoded = value.get("bytes") if isinstance(value, dict) else value
    if not isinstance(encoded, bytes):
        raise UnreadableImageError("the row holds no image bytes")
    return decode(encoded)
