"""A report that is already text, to the place it was asked for."""

from __future__ import annotations

from typing import TextIO

from auditor.output.write import OutputFailure, OutputTarget, _print, _write


def deliver(text: str, target: OutputTarget, stdout: TextIO) -> OutputFailure | None:
    """Write one text whole or not at all; None where that succeeded."""
    try:
        if target.path is None:
            _print(text, stdout)
        else:
            _write(text, target.path)
    except OSError as error:
        return OutputFailure(target=target, reason=error.strerror or type(error).__name__)
    return None
