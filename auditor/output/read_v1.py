"""Stored reports, read back: a file or a stream that anybody may have made.

What it holds is checked by `json_v1.parse`; here it is found, measured and decoded.
"""

from __future__ import annotations

from pathlib import Path
from typing import BinaryIO

from auditor.errors import UsageError
from auditor.output.escaping import for_terminal
from auditor.output.json_v1 import parse
from auditor.output.report_v1 import ReportV1

MOST_BYTES = 32 * 1024 * 1024  # nothing but brackets, these would be 800 MB of empty lists
_WHERE_FROM = "Give a file written by `auditor scan --output json=PATH`."


def read_file(path: Path) -> ReportV1:
    """The report in a file.

    Raises:
        UsageError: It cannot be read, or as `read_stream`.
    """
    try:
        with path.open("rb") as stream:
            return read_stream(stream, str(path))
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise UsageError(
            f"{for_terminal(str(path), 300)}: cannot be read: {reason}", hint=_WHERE_FROM
        ) from error


def read_stream(stream: BinaryIO, name: str) -> ReportV1:
    """The report in a stream.

    Args:
        stream: Where the bytes come from.
        name: What a message calls it.

    Raises:
        UsageError: It is too large, not UTF-8, not JSON, of another schema version, or a field is
            wrong; the message names the stream and the field.
    """
    named = for_terminal(name, 300)
    # One byte more than is allowed is enough to know that it is too much.
    said = stream.read(MOST_BYTES + 1)
    if len(said) > MOST_BYTES:
        limit = MOST_BYTES // 1024**2
        raise UsageError(f"{named}: larger than {limit} MiB, no report is", hint=_WHERE_FROM)
    try:
        return parse(said.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        raise UsageError(f"{named}: not a report: it is not UTF-8", hint=_WHERE_FROM) from error
    except UsageError as error:
        raise UsageError(f"{named}: {error.message}", hint=error.hint) from error
