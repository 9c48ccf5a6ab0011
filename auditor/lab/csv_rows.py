"""Results as CSV that are written as they come: a killed run leaves whole rows, and goes on."""

from __future__ import annotations

import csv
import io
import os
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import TypeVar

from auditor.errors import UsageError

YES, NO = "yes", "no"
Row = TypeVar("Row")


def line_of(values: Iterable[object]) -> str:
    """One line; truth as yes or no, what there is not as nothing."""
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerow([_cell(value) for value in values])
    return out.getvalue()


def _cell(value: object) -> object:
    if isinstance(value, bool):
        return YES if value else NO
    return "" if value is None else value


def write_lines(path: Path, columns: Sequence[str], lines: Iterable[str]) -> None:
    """Write the header and all lines anew, whole or not at all.

    Raises:
        UsageError: The folder cannot be written.
    """
    draft = path.with_name(f".{path.name}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        draft.write_text(line_of(columns) + "".join(lines), encoding="utf-8")
        os.replace(draft, path)
    except OSError as error:
        why = error.strerror or type(error).__name__
        raise UsageError(f"{path} cannot be written: {why}", hint="Check --out.") from error


def append_line(path: Path, line: str) -> None:
    """Add one line at the end, at once on the disk."""
    with path.open("a", encoding="utf-8") as file:
        file.write(line)


def read_rows_of(
    path: Path, columns: Sequence[str], row_of: Callable[[dict[str, str]], Row]
) -> tuple[Row, ...]:
    """Rows of an earlier run. A last line that a killed run left half-written does not count.

    Raises:
        UsageError: The file has other columns, or `row_of` cannot make sense of a row.
    """
    if not path.exists():
        return ()
    whole, _, _ = path.read_text(encoding="utf-8").rpartition("\n")
    reader = csv.DictReader(io.StringIO(whole))
    try:
        if tuple(reader.fieldnames or ()) != tuple(columns):
            raise ValueError("its columns are others")
        return tuple(row_of(said) for said in reader)
    except (ValueError, KeyError, TypeError) as error:
        raise UsageError(
            f"{path} holds no results of this benchmark: {error}",
            hint="Name a new folder with --out, or remove the file.",
        ) from error


def number_in(cell: str) -> float | None:
    """What `line_of` made of a number, or of none."""
    return float(cell) if cell else None


def flag_in(cell: str) -> bool:
    """What `line_of` made of a flag.

    Raises:
        ValueError: It is none.
    """
    if cell not in (YES, NO):
        raise ValueError(f"{cell!r} is neither {YES} nor {NO}")
    return cell == YES
