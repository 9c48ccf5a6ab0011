"""`--output FORMAT=PATH`, the same for every command that writes reports."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from typing import Annotated

import typer

from auditor.cli.console import tell
from auditor.output.report_v1 import ReportV1
from auditor.output.write import FORMATS, OutputTarget, page_for, write_all
from auditor.types import Report

OutputOption = Annotated[
    list[str] | None,
    typer.Option(help=f"FORMAT=PATH ({', '.join(FORMATS)}); - is stdout. Repeatable."),
]


def write_outputs(report: Report | ReportV1, targets: Sequence[OutputTarget]) -> bool:
    """Write every output and name those that could not be; True if none."""
    failures = write_all(report, targets, sys.stdout, page_for(sys.stdout, os.environ))
    for failure in failures:
        tell(f"error: {failure.target.name} was not written: {failure.reason}")
    return not failures
