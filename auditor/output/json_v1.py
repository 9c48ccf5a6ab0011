"""The JSON report, version 1: written, read back, and its schema."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from auditor.errors import UsageError
from auditor.output.convert_v1 import to_v1
from auditor.output.escaping import for_json, for_terminal
from auditor.output.report_v1 import SCHEMA_VERSION, ReportV1, schema
from auditor.types import Report

MOST_DIGITS = 19  # of a whole number
MOST_KEYS = 10_000  # of one object; each that is unknown would be a complaint of its own

__all__ = ["ReportV1", "parse", "render", "schema", "to_v1", "write_schema"]


def render(report: Report | ReportV1) -> str:
    """The report as JSON: stable key order, ASCII, a newline at the end.

    Raises:
        ValueError: The report breaks its own contract, such as a finding without evidence.
    """
    text = json.dumps(to_v1(report).model_dump(mode="json"), indent=2, allow_nan=False)
    return for_json(text) + "\n"


def parse(text: str) -> ReportV1:
    """Read a report that `render` wrote.

    Raises:
        UsageError: It is not JSON, of another schema version, or a field is wrong.
    """
    document = _load(text)
    _check_version(document)
    try:
        return ReportV1.model_validate(document)
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False, include_input=False)[0]
        raise UsageError(
            f"not a valid report: {_where(first['loc'])}: {first['msg']}",
            hint="Give a file written by `auditor scan --output json=PATH`, unedited.",
        ) from error


def write_schema(path: Path) -> None:
    """Write the schema where users find it.

    Raises:
        OSError: The path cannot be written.
    """
    path.write_text(json.dumps(schema(), indent=2) + "\n", encoding="utf-8", newline="\n")


def _load(text: str) -> Any:
    try:
        return json.loads(
            text,
            parse_constant=_refuse_constant,
            parse_float=_parse_float,
            parse_int=_parse_int,
            object_pairs_hook=_object,
        )
    except (ValueError, RecursionError) as error:
        raise UsageError(
            f"not a report: it is not valid JSON ({error})",
            hint="Give a file written by `auditor scan --output json=PATH`.",
        ) from error


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    if len(pairs) > MOST_KEYS:
        raise ValueError(f"an object has more than {MOST_KEYS} keys")
    return dict(pairs)


def _refuse_constant(name: str) -> float:
    raise ValueError(f"{name} is not a JSON number")


def _parse_float(digits: str) -> float:
    value = float(digits)
    if not math.isfinite(value):
        raise ValueError("a number is out of range")
    return value


def _parse_int(digits: str) -> int:
    # Greater ones cannot become a float, and nothing that is counted here gets near them.
    if len(digits) > MOST_DIGITS:
        raise ValueError("a number is out of range")
    return int(digits)


def _check_version(document: Any) -> None:
    found = document.get("schema_version") if isinstance(document, Mapping) else None
    if not isinstance(found, str):
        raise UsageError(
            "not a valid report: schema_version: missing, or not a string",
            hint="Give a file written by `auditor scan --output json=PATH`.",
        )
    if found != SCHEMA_VERSION:
        newer = found.isdecimal() and len(found) < 10 and int(found) > int(SCHEMA_VERSION)
        raise UsageError(
            f"the report has schema version {for_terminal(found, 20)}"
            f"{', written by a newer auditor' if newer else ''}; "
            f"this auditor understands version {SCHEMA_VERSION}",
            hint="Upgrade auditor: pip install --upgrade model-auditor."
            if newer
            else "Write the report again with `auditor scan --output json=PATH`.",
        )


def _where(location: tuple[int | str, ...]) -> str:
    """`("findings", 0, "severity")` as `findings[0].severity`."""
    path = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in location)
    return for_terminal(path.removeprefix("."), 200)
