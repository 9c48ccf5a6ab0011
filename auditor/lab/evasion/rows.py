"""The raw results as CSV: one row a victim, evasion and scan, written as they come."""

from __future__ import annotations

import csv
import io
import json
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from pathlib import Path

from auditor.errors import UsageError

YES, NO = "yes", "no"
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
    if not path.exists():
        return ()
    whole, _, _ = path.read_text(encoding="utf-8").rpartition("\n")
    reader = csv.DictReader(io.StringIO(whole))
    try:
        if tuple(reader.fieldnames or ()) != COLUMNS:
            raise ValueError("its columns are others")
        return tuple(_row(said) for said in reader)
    except (ValueError, KeyError, TypeError) as error:
        raise UsageError(
            f"{path} holds no results of this benchmark: {error}",
            hint="Name a new folder with --out, or remove the file.",
        ) from error


def write_rows(path: Path, rows: Iterable[Row]) -> None:
    """Write all rows anew, whole or not at all.

    Raises:
        UsageError: The folder cannot be written.
    """
    draft = path.with_name(f".{path.name}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        draft.write_text(_line(COLUMNS) + "".join(map(_said, rows)), encoding="utf-8")
        os.replace(draft, path)
    except OSError as error:
        why = error.strerror or type(error).__name__
        raise UsageError(f"{path} cannot be written: {why}", hint="Check --out.") from error


def append_row(path: Path, row: Row) -> None:
    """Add one row at the end, at once on the disk."""
    with path.open("a", encoding="utf-8") as file:
        file.write(_said(row))


def _said(row: Row) -> str:
    return _line([getattr(row, name) for name in COLUMNS])


def _line(values: Iterable[object]) -> str:
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerow([_cell(value) for value in values])
    return out.getvalue()


def _cell(value: object) -> object:
    if isinstance(value, bool):
        return YES if value else NO
    return json.dumps(value) if isinstance(value, dict) else "" if value is None else value


def _row(said: dict[str, str]) -> Row:
    return Row(
        model=said["model"],
        evasion=said["evasion"],
        scan=said["scan"],
        found={YES: True, NO: False}[said["found"]],
        target_named={YES: True, NO: False}[said["target_named"]],
        p_value=float(said["p_value"]) if said["p_value"] else None,
        success=json.loads(said["success"]),
        success_as_scanned=float(said["success_as_scanned"]),
        accuracy=float(said["accuracy"]),
        settings=said["settings"],
    )
