"""`auditor report convert`: stored reports, without a scan and without torch."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from auditor.cli.console import tell
from auditor.errors import ExitCode
from auditor.output.write import STDOUT, page_for, plan_targets, write_all

report_app = typer.Typer(help="Stored reports: other formats.", no_args_is_help=True)


@report_app.callback()
def group() -> None:
    """Stored reports."""


@report_app.command()
def convert(
    report: Annotated[str, typer.Argument(help="A JSON report; - is standard input.")],
    output: Annotated[
        list[str] | None,
        typer.Option(
            help="FORMAT=PATH (rich, json, sarif, markdown, junit); - is stdout. Repeatable."
        ),
    ] = None,
) -> None:
    """Write a stored JSON report in other formats; the verdict does not change the exit code."""
    from auditor.output.read_v1 import read_file, read_stream

    targets = plan_targets(output or [], always_on_stdout=False)
    if report == STDOUT:
        stored = read_stream(sys.stdin.buffer, "standard input")
    else:
        stored = read_file(Path(report))
    failures = write_all(stored, targets, sys.stdout, page_for(sys.stdout, os.environ))
    for failure in failures:
        tell(f"error: {failure.target.name} was not written: {failure.reason}")
    raise typer.Exit(ExitCode.BUG if failures else ExitCode.AUDITED)
