"""The raw results as CSV: one row a victim, evasion and scan, written as they come."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from pathlib import Path

from auditor.lab.csv_rows import (
    append_line,
    flag_in,
    line_of,
    number_in,
    read_rows_of,
    write_lines,
)

Key = tuple[str, str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One scan of one victim under one evasion.

    Attributes:
        model: Id of the victim in its zoo.
        evasion: Name in `EVASIONS`.
        scan: What the scan was given.
        found: Whether it has a finding.
        target_named: Whether the first finding names the true target; False without a finding.
        p_value: Of the model; None where undecided.
        success: Attack success on unseen pictures, by the ways in which the attacker expects the
            model to be asked.
        success_as_scanned: The same, asked as a scan asks.
        accuracy: On test pictures of the task; the lowest over these ways.
        settings: Digest of everything that the row depends on besides the code.
    """

    model: str
    evasion: str
    scan: str
    found: bool
    target_named: bool
    p_value: float | None
    success: Mapping[str, float]
    success_as_scanned: float
    accuracy: float
    settings: str

    @property
    def key(self) -> Key:
        """What tells it from other rows."""
        return self.model, self.evasion, self.scan


COLUMNS = tuple(each.name for each in fields(Row))


def read_rows(path: Path) -> tuple[Row, ...]:
    """Rows of an earlier run. A last line that a killed run left half-written does not count.

    Raises:
        UsageError: The file is not one of this benchmark.
    """
    return read_rows_of(path, COLUMNS, _row)


def write_rows(path: Path, rows: Iterable[Row]) -> None:
    """Write all rows anew, whole or not at all.

    Raises:
        UsageError: The folder cannot be written.
    """
    write_lines(path, COLUMNS, map(_said, rows))


def append_row(path: Path, row: Row) -> None:
    """Add one row at the end, at once on the disk."""
    append_line(path, _said(row))


def _said(row: Row) -> str:
    values = (getattr(row, name) for name in COLUMNS)
    return line_of(json.dumps(value) if isinstance(value, dict) else value for value in values)


def _row(said: dict[str, str]) -> Row:
    return Row(
        model=said["model"],
        evasion=said["evasion"],
        scan=said["scan"],
        found=flag_in(said["found"]),
        target_named=flag_in(said["target_named"]),
        p_value=number_in(said["p_value"]),
        success=json.loads(said["success"]),
        success_as_scanned=float(said["success_as_scanned"]),
        accuracy=float(said["accuracy"]),
        settings=said["settings"],
    )
