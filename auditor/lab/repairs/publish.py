"""Write what a benchmark of repairs found: all rows as JSON, and a page."""

from __future__ import annotations

import importlib.metadata
import json
import platform
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from auditor import __version__
from auditor.checkpoints.json_file import MAX_INDEX_BYTES, read_json_object
from auditor.errors import AuditorError, UsageError
from auditor.lab.repairs.aftermath import Aftermath
from auditor.lab.repairs.aftermath_page import aftermath_page
from auditor.lab.repairs.page import page_of
from auditor.lab.repairs.record import Repaired
from auditor.lab.repairs.run import NAMES
from auditor.lab.save import write_whole

RESULT, PAGE = "repair.json", "repair.md"
SEQUELA_RESULT, SEQUELA_PAGE = "sequela.json", "sequela.md"


@dataclass(frozen=True, slots=True, kw_only=True)
class RepairResult:
    """Rows, and what made them."""

    made_by: str
    rows: tuple[Repaired, ...]


def publish(rows: Sequence[Repaired], out: Path, command: str) -> None:
    """Write `repair.json` and `repair.md`.

    Args:
        rows: All rows of the folder.
        out: The folder.
        command: What made the last of them.

    Raises:
        UsageError: The folder cannot be written.
    """
    order = {name: i for i, name in enumerate(NAMES)}
    rows = sorted(rows, key=lambda row: (row.per_class, row.victim, row.seed, order[row.method]))
    made_by = _made_by(command)
    said = {"made_by": made_by, "rows": [asdict(row) for row in rows]}
    _write(out, {RESULT: json.dumps(said, indent=1) + "\n", PAGE: page_of(rows, made_by)})


def publish_aftermath(rows: Sequence[Aftermath], out: Path, command: str) -> None:
    """Write `sequela.json` and `sequela.md`.

    Raises:
        UsageError: The folder cannot be written.
    """
    order = {name: i for i, name in enumerate(NAMES)}
    rows = sorted(rows, key=lambda row: (order[row.method], row.victim))
    made_by = _made_by(command)
    said = {"made_by": made_by, "rows": [asdict(row) for row in rows]}
    page = aftermath_page(rows, made_by)
    _write(out, {SEQUELA_RESULT: json.dumps(said, indent=1) + "\n", SEQUELA_PAGE: page})


def _made_by(command: str) -> str:
    torch = importlib.metadata.version("torch")
    machine = f"{platform.system()} {platform.machine()}"
    return f"`{command}` with auditor {__version__}, torch {torch}, {machine}"


def _write(out: Path, files: Mapping[str, str]) -> None:
    try:
        out.mkdir(parents=True, exist_ok=True)
        for name, text in files.items():
            write_whole(out / name, text)
    except OSError as error:
        why = error.strerror or type(error).__name__
        raise UsageError(f"{out} cannot be written: {why}", hint="Check --out.") from error


def read_result(folder: Path) -> RepairResult:
    """Read what `publish` wrote.

    Raises:
        UsageError: There is none.
    """
    path = folder / RESULT
    try:
        said = read_json_object(path, limit_bytes=MAX_INDEX_BYTES)
        rows = tuple(Repaired(**row) for row in said["rows"])
        return RepairResult(made_by=said["made_by"], rows=rows)
    except (AuditorError, OSError, KeyError, TypeError) as error:
        raise UsageError(
            f"{path} cannot be read: {error}",
            hint="Make it: auditor lab bench --what repair --zoo DIR --out DIR.",
        ) from error
