"""A column of a parquet file -> label names and one label index a row."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from auditor.checkpoints.wording import shown
from auditor.errors import EntityError

if TYPE_CHECKING:
    import pyarrow as pa

UNLABELLED = -1
Labels = tuple[tuple[str, ...], NDArray[np.int64]]


def read_labels(column: pa.ChunkedArray, declared: Sequence[str], where: str) -> Labels:
    """Turn a column of strings or numbers into label names and indices `(N,)`.

    Numbers index the declared names; without those, and for strings, the distinct values in
    sorted order are the names. A row without a value, or with a negative number, is
    `UNLABELLED`.

    Args:
        column: The column.
        declared: Names of a ClassLabel feature; empty where there is none.
        where: What the user called the data set.

    Raises:
        EntityError: It holds neither strings nor whole numbers, no label at all, or a number
            that has no name.
    """
    import pyarrow as pa

    kind = column.type
    if pa.types.is_dictionary(kind):
        column = column.cast(kind.value_type)
        kind = column.type
    if _is_string(kind):
        names, labels = _of_strings(column, where)
    elif _is_number(kind):
        names, labels = _of_numbers(column, declared, where)
    else:
        raise EntityError(
            f"the label column of {shown(where)} holds {shown(kind, 60)}, not names or numbers",
            hint="Name another one with --label-column.",
        )
    if not (labels >= 0).any():
        raise EntityError(
            f"{shown(where)} has no labelled row", hint="Name another --split or --label-column."
        )
    return names, labels


def _is_string(kind: pa.DataType) -> bool:
    import pyarrow as pa

    return bool(
        pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind)
    )


def _is_number(kind: pa.DataType) -> bool:
    import pyarrow as pa

    # Numbers with gaps are often written as floating point, and a column of gaps as null.
    tests = (pa.types.is_integer, pa.types.is_floating, pa.types.is_boolean, pa.types.is_null)
    return any(test(kind) for test in tests)


def _of_strings(column: pa.ChunkedArray, where: str) -> Labels:
    try:
        values = column.to_pylist()
    except UnicodeDecodeError as error:
        raise EntityError(
            f"{shown(where)} has a label that is not text in UTF-8",
            hint="Write the data set again, or name another --label-column.",
        ) from error
    names = sorted({value for value in values if value is not None})
    index = {name: i for i, name in enumerate(names)}
    labels = [UNLABELLED if value is None else index[value] for value in values]
    return tuple(names), np.array(labels, dtype=np.int64)


def _of_numbers(column: pa.ChunkedArray, declared: Sequence[str], where: str) -> Labels:
    import pyarrow as pa

    try:
        whole = column.cast(pa.int64()).fill_null(UNLABELLED)
    except pa.ArrowInvalid as error:
        raise EntityError(
            f"the label column of {shown(where)} holds numbers that are not whole",
            hint="Name another one with --label-column.",
        ) from error
    values = np.asarray(whole.to_numpy(), dtype=np.int64)
    values = np.where(values < 0, UNLABELLED, values)
    if not declared:
        kept = np.unique(values[values >= 0])
        labels = np.where(values < 0, UNLABELLED, np.searchsorted(kept, values))
        return tuple(str(value) for value in kept), labels.astype(np.int64)
    highest = int(values.max(initial=UNLABELLED))
    if highest >= len(declared):
        raise EntityError(
            f"{shown(where)} names {len(declared)} labels, and has a row of label {highest}",
            hint="Write the data set again with all names, or name another --label-column.",
        )
    return tuple(declared), values
