"""A configuration file, found and read: `auditor.toml`, or `[tool.auditor]` in `pyproject.toml`."""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from auditor.configuration.document import ConfigDocument, option_of, problem_of
from auditor.configuration.given import Given, Source
from auditor.configuration.lines import KeyPath, line_of, lines_of
from auditor.configuration.paths import rooted
from auditor.configuration.suppressions import suppressions_of
from auditor.errors import UsageError
from auditor.output.escaping import for_terminal
from auditor.types import Suppression

OWN_NAME = "auditor.toml"
SHARED_NAME = "pyproject.toml"
_TABLE = ("tool", "auditor")
_BYTES_LIMIT = 1_000_000
_AT_END = " (at end of document)"
_LINE = re.compile(r" \(at line (\d+), column \d+\)$")


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfigFile:
    """What one file says. Paths in it are meant from where auditor was started."""

    path: Path
    given: Mapping[str, Given]
    ignore: tuple[Suppression, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Parsed:
    """A TOML file; `table` holds what it says to auditor, `top` where that stands in it."""

    path: Path
    lines: Mapping[KeyPath, int]
    table: Mapping[str, Any]
    top: tuple[str, ...]

    @property
    def name(self) -> str:
        return for_terminal(str(self.path), 300)

    def where(self, *keys: str | int) -> str:
        return f"{self.name} line {line_of(self.lines, (*self.top, *keys))}"


def find_and_read(named: Path | None, folder: Path) -> ConfigFile | None:
    """The file that was named, else the one in the folder; None where there is none.

    Raises:
        UsageError: It cannot be read, holds what no setting takes, or the folder has two.
    """
    if named is not None:
        parsed = _parsed(named)
        if parsed is None:
            raise UsageError(
                f"{for_terminal(str(named), 300)} has no table [tool.auditor]",
                hint="Add the table, or name another file with --config.",
            )
        return _checked(parsed)
    found = [
        parsed
        for name in (OWN_NAME, SHARED_NAME)
        if os.path.lexists(folder / name) and (parsed := _parsed(folder / name)) is not None
    ]
    if len(found) > 1:
        raise UsageError(
            f"there are two configurations: {found[0].name} and [tool.auditor] in {found[1].name}",
            hint="Keep one of them, or name the one that is meant with --config.",
        )
    return _checked(found[0]) if found else None


def _parsed(path: Path) -> _Parsed | None:
    """None for a `pyproject.toml` that says nothing to auditor."""
    text = _text(path)
    document = _toml(text, for_terminal(str(path), 300))
    if path.name != SHARED_NAME:
        return _Parsed(path=path, lines=lines_of(text), table=document, top=())
    tools = document.get(_TABLE[0])
    if not isinstance(tools, dict) or _TABLE[1] not in tools:
        return None
    table = tools[_TABLE[1]]
    lines = lines_of(text)
    if not isinstance(table, dict):
        raise UsageError(
            f"{for_terminal(str(path), 300)} line {line_of(lines, _TABLE)}: tool.auditor is no "
            "table",
            hint="Write [tool.auditor] above its keys.",
        )
    return _Parsed(path=path, lines=lines, table=table, top=_TABLE)


def _text(path: Path) -> str:
    name = for_terminal(str(path), 300)
    try:
        with path.open("rb") as file:
            content = file.read(_BYTES_LIMIT + 1)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise UsageError(
            f"{name} cannot be read: {reason}", hint="Check the path given with --config."
        ) from error
    if len(content) > _BYTES_LIMIT:
        raise UsageError(f"{name} is too large for settings", hint="Keep it below 1 MB.")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise UsageError(f"{name} line {line}: not UTF-8", hint="Save it as UTF-8.") from error


def _toml(text: str, name: str) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except RecursionError as error:
        raise UsageError(f"{name} is nested too deeply", hint="Settings are flat.") from error
    except ValueError as error:  # not only TOMLDecodeError: a number may be too long for int
        said = str(error)
        found = _LINE.search(said)
        line = f" line {found[1]}" if found else ""
        if said.endswith(_AT_END):
            line = f" line {text.rstrip().count(chr(10)) + 1}"
        reason = for_terminal(_LINE.sub("", said).removesuffix(_AT_END), 200)
        raise UsageError(
            f"{name}{line}: not valid TOML: {reason[:1].lower()}{reason[1:]}",
            hint="Text stands in quotes, a list in [brackets]; see https://toml.io.",
        ) from error


def _checked(parsed: _Parsed) -> ConfigFile:
    try:
        document = ConfigDocument.model_validate(parsed.table)
    except ValidationError as error:
        problem = problem_of(error, parsed.table)
        raise UsageError(
            f"{parsed.where(*problem.location)}: {problem.message}", hint=problem.hint
        ) from error
    given = {
        name: Given(
            value=rooted(name, value, parsed.path.parent),
            source=Source.FILE,
            where=parsed.where(option_of(name)),
        )
        for name, value in document.model_dump(exclude={"ignore"}, exclude_unset=True).items()
    }
    places = [parsed.where("ignore", at) for at in range(len(document.ignore))]
    return ConfigFile(
        path=parsed.path, given=given, ignore=suppressions_of(document.ignore, places)
    )
