"""`auditor report diff BEFORE AFTER`."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from auditor.cli.console import tell
from auditor.cli.scan import FailOn
from auditor.errors import ExitCode
from auditor.output.write import Page, page_for, plan_targets, write_each

if TYPE_CHECKING:
    from auditor.diff.compare import Difference

FORMATS = ("rich", "json", "markdown")


def diff(
    before: Annotated[Path, typer.Argument(help="JSON report of the earlier revision.")],
    after: Annotated[Path, typer.Argument(help="JSON report of the later revision.")],
    fail_on: Annotated[
        FailOn, typer.Option(help="Mildest severity of a new finding that fails.")
    ] = FailOn.HIGH,
    output: Annotated[
        list[str] | None,
        typer.Option(help="FORMAT=PATH (rich, json, markdown); - is stdout. Repeatable."),
    ] = None,
) -> None:
    """Say what is new, gone or changed between two revisions; exit 1 on new findings."""
    from auditor.diff.compare import compare
    from auditor.output.read_v1 import read_file

    targets = plan_targets(output or [], FORMATS)
    difference = compare(read_file(before), read_file(after))
    failures = write_each(
        targets,
        lambda format, page: _text(difference, fail_on, format, page),
        sys.stdout,
        page_for(sys.stdout, os.environ),
    )
    for failure in failures:
        tell(f"error: {failure.target.name} was not written: {failure.reason}")
    raise typer.Exit(ExitCode.BUG if failures else exit_code(difference, fail_on))


def exit_code(difference: Difference, fail_on: FailOn) -> ExitCode:
    """Not audited first, then new findings at or above the gate."""
    if difference.after.verdict == "not-audited":
        return ExitCode.NOT_AUDITED
    return ExitCode.FINDINGS if difference.fails(fail_on.value) else ExitCode.AUDITED


def _text(difference: Difference, fail_on: FailOn, format: str, page: Page) -> str:
    from auditor.diff import diff_v1, markdown, terminal

    match format:
        case "json":
            return diff_v1.render(difference, fail_on.value)
        case "markdown":
            return markdown.render(difference, fail_on.value)
    return terminal.render(difference, fail_on.value, width=page.width, color=page.color)
