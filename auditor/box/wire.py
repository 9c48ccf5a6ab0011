"""What parent and child say to each other: one JSON document a line, checked on arrival.

Never a pickle: what comes out of the box is as little to be trusted as the model in it.
"""

from __future__ import annotations

import json
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

MOST_LINE = 256 * 1024**2  # bytes
# Shown on a terminal: nothing but printable ASCII.
_Stage = Annotated[str, Field(pattern=r"^[ -~]{1,80}$")]
_Count = Annotated[int, Field(ge=0, le=2**53)]
_Text = Annotated[str, Field(max_length=20_000)]


class _Message(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class Walls(_Message):
    """Said first: what the platform could not do."""

    kind: Literal["walls"] = "walls"
    missing: list[_Text]


class Step(_Message):
    """How far a stage is."""

    kind: Literal["step"] = "step"
    stage: _Stage
    done: _Count
    total: _Count


class Expected(_Message):
    """What it is going to take, said before it begins."""

    kind: Literal["expected"] = "expected"
    steps: _Count
    seconds: Annotated[float, Field(ge=0, le=2**40)]


class Result(_Message):
    """What came of it; its own schema is for whoever asked."""

    kind: Literal["result"] = "result"
    value: Any


class Failure(_Message):
    """A foreseen failure, by the name of its error."""

    kind: Literal["failure"] = "failure"
    error: _Text
    message: _Text
    hint: _Text


class Interrupted(_Message):
    """It was interrupted before there was anything to tell."""

    kind: Literal["interrupted"] = "interrupted"


class Bug(_Message):
    """An error that nobody foresaw."""

    kind: Literal["bug"] = "bug"
    error: _Text
    traceback: _Text


Message = Walls | Step | Expected | Result | Failure | Interrupted | Bug
_READER: TypeAdapter[Message] = TypeAdapter(Annotated[Message, Field(discriminator="kind")])


class NoMessage(ValueError):  # noqa: N818 - what it is, rather than that it is an error
    """A line that the child's half of this program would not have written."""


def from_line(line: bytes) -> Message:
    """Read a line that `auditor.box.child` wrote.

    Raises:
        NoMessage: It is none.
    """
    try:
        return _READER.validate_python(json.loads(line))
    except (ValueError, RecursionError, ValidationError) as error:
        raise NoMessage("the child said what it cannot say") from error
