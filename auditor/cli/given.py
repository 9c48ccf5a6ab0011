"""Which options a person typed. A default that nobody typed must not win over a file."""

from __future__ import annotations

from enum import Enum
from typing import Any

import typer

from auditor.errors import UsageError

# The model is an argument, and tracebacks are no setting.
_APART = ("model", "verbose")


def options_given(context: typer.Context) -> dict[str, Any]:
    """The options on the command line of `auditor scan`, by name, as plain values.

    Raises:
        UsageError: A batch size that is no number.
    """
    typed = {
        name: _plain(value)
        for name, value in context.params.items()
        if name not in _APART and _was_typed(context, name)
    }
    if "batch_size" in typed:
        typed["batch_size"] = _batch_size(typed["batch_size"])
    return typed


def _was_typed(context: typer.Context, name: str) -> bool:
    source = context.get_parameter_source(name)
    return source is not None and source.name == "COMMANDLINE"


def _plain(value: Any) -> Any:
    if isinstance(value, list):
        return [_plain(each) for each in value]
    return value.value if isinstance(value, Enum) else value


def _batch_size(text: str) -> int | str:
    if text == "auto":
        return text
    if not text.isdecimal():
        raise UsageError(f"--batch-size {text} is no number", hint="Use auto or a number >= 1.")
    return int(text)
