"""`auditor report convert`: what a stored report says, without a scan and without torch."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from auditor.cli.outputs import OutputOption, write_outputs
from auditor.errors import ExitCode
from auditor.output.write import STDOUT, plan_targets

report_app = typer.Typer(help="Stored reports in other formats.", no_args_is_help=True)


@report_app.command()
def convert(
    report: Annotated[str, typer.Argument(help="A JSON report; - is standard input.")],
    output: OutputOption = None,
) -> None:
    """Write a stored JSON report in other formats; the verdict does not change the exit code."""
    from auditor.output.read_v1 import read_file, read_stream

    targets = plan_targets(output or [], always_on_stdout=False)
    if report == STDOUT:
        stored = read_stream(sys.stdin.buffer, "standard input")
    else:
        stored = read_file(Path(report))
    raise typer.Exit(ExitCode.AUDITED if write_outputs(stored, targets) else ExitCode.BUG)
