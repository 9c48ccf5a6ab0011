"""`auditor sequela BEFORE AFTER`."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from auditor.cli.console import progress_bar, tell
from auditor.cli.signals import terminable
from auditor.errors import ExitCode

if TYPE_CHECKING:
    from auditor.changes import SequelaReport
    from auditor.output.write import OutputTarget

SOURCE = "A folder of class folders, parquet, or hf://datasets/org/name."


def sequela(
    before: Annotated[str, typer.Argument(help="The model before the repair.")],
    after: Annotated[str, typer.Argument(help="The model after the repair.")],
    clean_data: Annotated[
        str, typer.Option(help=f"Labelled images that neither model has seen. {SOURCE}")
    ],
    split: Annotated[str | None, typer.Option(help="Split of --clean-data.")] = None,
    members: Annotated[str | None, typer.Option(help="Images that BEFORE was trained on.")] = None,
    members_split: Annotated[str | None, typer.Option(help="Split of --members.")] = None,
    repair_data: Annotated[
        str | None, typer.Option(help="Images that BEFORE was repaired with.")
    ] = None,
    repair_split: Annotated[str | None, typer.Option(help="Split of --repair-data.")] = None,
    reference: Annotated[
        str | None, typer.Option(help="A model of the task that was never poisoned.")
    ] = None,
    base: Annotated[
        str | None, typer.Option(help="The public checkpoint that the models come from.")
    ] = None,
    entities: Annotated[
        str | None, typer.Option(help="Data set of the entity that was the trigger.")
    ] = None,
    entity: Annotated[str | None, typer.Option(help="The entity that was the trigger.")] = None,
    target: Annotated[str | None, typer.Option(help="The label it was sent to.")] = None,
    repeats: Annotated[int, typer.Option(help="Times that each tuning is done.")] = 3,
    output: Annotated[
        list[str] | None,
        typer.Option(help="FORMAT=PATH (rich, json, html, markdown, junit); - is stdout."),
    ] = None,
    device: Annotated[str, typer.Option(help="auto, cpu or cuda[:N].")] = "auto",
    seed: Annotated[int, typer.Option(help="Chooses everything random.")] = 0,
    offline: Annotated[bool, typer.Option("--offline", help="Use the local cache only.")] = False,
    timeout: Annotated[float | None, typer.Option(help="Seconds; then it is stopped.")] = None,
) -> None:
    """Measure what a repair changed in a model's other vulnerabilities; 3 if that is impossible."""
    said = {name: value for name, value in locals().items() if name != "output"}
    from auditor.boxed.sequela import compare
    from auditor.output.write_comparison import plan_comparison
    from auditor.sequela.settings import SequelaSettings

    targets = plan_comparison(output or [])
    settings = SequelaSettings(**said)
    with terminable(), progress_bar() as progress:
        report = compare(settings, progress=progress, announce=_announce)
    raise typer.Exit(ExitCode.AUDITED if _written(report, targets) else ExitCode.BUG)


def _announce(steps: int, seconds: float) -> None:
    from auditor.output.wording import duration

    if steps:
        tell(f"{steps:,} training steps, about {duration(seconds)} here")


def _written(report: SequelaReport, targets: Sequence[OutputTarget]) -> bool:
    """Write every output; False where one could not be."""
    from auditor.output.convert_sequela_v1 import comparison_v1
    from auditor.output.write import page_for, write_each
    from auditor.output.write_comparison import render

    document, page = comparison_v1(report), page_for(sys.stdout, os.environ)
    failures = write_each(targets, lambda form, on: render(document, form, on), sys.stdout, page)
    for failure in failures:
        tell(f"error: {failure.target.name} was not written: {failure.reason}")
    return not failures
