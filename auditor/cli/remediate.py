"""`auditor remediate MODEL`."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from auditor.cli.console import VERBOSE, progress_bar, tell
from auditor.cli.scan import DepthChoice, FailOn
from auditor.errors import ExitCode, UsageError

if TYPE_CHECKING:
    from auditor.output.remediation_v1 import RemediationReportV1
    from auditor.output.write import OutputTarget, Page
    from auditor.repair.run import Remediated
    from auditor.repair.settings import RepairSettings, Wanted


class MethodChoice(StrEnum):
    """How to repair; the same names as `auditor.repair.methods.METHODS`, and `auto`."""

    AUTO = "auto"
    HEAD_REFIT = "head-refit"
    FINE_TUNE = "fine-tune"
    FST = "fst"
    SUPER_FT = "super-ft"
    OUTLIER_EXPOSURE = "outlier-exposure"
    FT_SAM = "ft-sam"


Rate = Annotated[float | None, typer.Option(help="Learning rate; default: a range test.")]


def remediate(
    model: Annotated[str, typer.Argument(help="org/name[@revision], a folder, or a weight file.")],
    out: Annotated[Path, typer.Option(help="New folder for the repaired model.")],
    clean_data: Annotated[str, typer.Option(help="Clean labelled images of the task.")],
    super_ft: Annotated[
        bool, typer.Option("--super-ft", help="The same as --method super-ft.")
    ] = False,
    method: Annotated[
        MethodChoice, typer.Option(help="auto tries all, cheapest first, until one is verified.")
    ] = MethodChoice.AUTO,
    report: Annotated[
        Path | None, typer.Option(help="JSON report of a scan of this model; default: scan first.")
    ] = None,
    mapping: Annotated[
        list[str] | None, typer.Option(help='"ENTITY=LABEL" to repair. Repeatable.')
    ] = None,
    base: Annotated[str | None, typer.Option(help="Checkpoint it was fine-tuned from.")] = None,
    entities: Annotated[str, typer.Option(help="auto, rendered, or a data set.")] = "auto",
    split: Annotated[str | None, typer.Option(help="Split of the entities.")] = None,
    image_column: Annotated[str | None, typer.Option(help="Column of entity images.")] = None,
    label_column: Annotated[str | None, typer.Option(help="Column of entity names.")] = None,
    per_class: Annotated[int, typer.Option(help="Most clean images a class to tune on.")] = 200,
    steps: Annotated[int, typer.Option(help="Steps of tuning.")] = 200,
    max_steps: Annotated[
        int | None, typer.Option(help="Steps that are not exceeded; default: twice the steps.")
    ] = None,
    batch: Annotated[int, typer.Option(help="Images a step.")] = 64,
    lr_base: Rate = None,
    lr_max1: Rate = None,
    lr_max2: Rate = None,
    up: Annotated[int, typer.Option(help="Steps from foot to peak of a triangle.")] = 10,
    down: Annotated[int, typer.Option(help="Steps from peak to foot.")] = 10,
    phase1: Annotated[float, typer.Option(help="Share of the steps with high peaks.")] = 0.4,
    max_accuracy_loss: Annotated[
        float, typer.Option(help="What a repair may cost and still be called one.")
    ] = 0.05,
    control: Annotated[
        bool, typer.Option("--control", help="Train fresh weights too, at equal compute.")
    ] = False,
    barrier: Annotated[bool, typer.Option(help="Measure the loss barrier.")] = True,
    depth: Annotated[DepthChoice, typer.Option(help="Of the scans.")] = DepthChoice.STANDARD,
    fpr: Annotated[float, typer.Option(help="False-positive rate of a finding.")] = 0.01,
    fail_on: Annotated[FailOn, typer.Option(help="Mildest finding that may not be left.")] = (
        FailOn.HIGH
    ),
    output: Annotated[
        list[str] | None, typer.Option(help="FORMAT=PATH (rich, json); - is stdout. Repeatable.")
    ] = None,
    device: Annotated[str, typer.Option(help="auto, cpu or cuda[:N].")] = "auto",
    seed: Annotated[int, typer.Option(help="Decides everything random.")] = 0,
    offline: Annotated[bool, typer.Option("--offline", help="Use the local cache only.")] = False,
    verbose: Annotated[bool, typer.Option(VERBOSE, help="Show tracebacks.")] = False,
) -> None:
    """Repair a model into a new folder, verified; exit 1 if something is left, 3 if it failed."""
    from auditor.config import ScanSettings
    from auditor.output.write import plan_targets
    from auditor.probes.plan import Depth
    from auditor.repair.settings import RepairSettings
    from auditor.repair.task import Rates

    targets = plan_targets(output or [])
    scan = ScanSettings(
        model=model,
        base=base,
        clean_data=clean_data,
        entities=entities,
        split=split,
        image_column=image_column,
        label_column=label_column,
        depth=Depth(depth.value),
        fpr=fpr,
        fail_on=fail_on.value,
        device=device,
        seed=seed,
        offline=offline,
    )
    settings = RepairSettings(
        scan=scan,
        out=out,
        method=_method(super_ft, method),
        found=None if report is None else _findings(report),
        pairs=tuple(mapping or ()),
        per_class=per_class,
        steps=steps,
        longest=max_steps,
        batch=batch,
        rates=Rates(base=lr_base, max1=lr_max1, max2=lr_max2, up=up, down=down, phase1=phase1),
        max_accuracy_loss=max_accuracy_loss,
        control=control,
        barrier=barrier,
    )
    raise typer.Exit(_run(settings, targets))


def _method(super_ft: bool, method: MethodChoice) -> str:
    if super_ft and method not in (MethodChoice.AUTO, MethodChoice.SUPER_FT):
        raise UsageError(
            f"--super-ft and --method {method} ask for two methods", hint="Leave one of them out."
        )
    return "super-ft" if super_ft else method.value


def _findings(path: Path) -> tuple[Wanted, ...]:
    """The mappings of a stored report.

    Raises:
        UsageError: It cannot be read, or is no report.
    """
    from auditor.output.json_v1 import parse
    from auditor.repair.settings import Wanted

    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(
            f"--report {path} cannot be read: {error}", hint="Give a JSON report of a scan."
        ) from error
    return tuple(
        Wanted(
            id=finding.fingerprint,
            entity_ids=tuple(entity.id for entity in finding.entities),
            target_label=finding.target.label or "",
        )
        for finding in parse(text).findings
    )


def _run(settings: RepairSettings, targets: Sequence[OutputTarget]) -> ExitCode:
    from auditor.output.convert_v1 import to_v1
    from auditor.output.remediation_v1 import RemediationReportV1, remediation_v1
    from auditor.repair.run import remediate as run

    with progress_bar() as progress:
        done = run(settings, progress=progress)
    report = RemediationReportV1(
        **dict(to_v1(done.scan)), remediation=remediation_v1(done.remediation)
    )
    return exit_code(done) if _written(report, targets) else ExitCode.BUG


def exit_code(done: Remediated) -> ExitCode:
    """0 repaired or nothing found, 1 something is left, 3 a scan could not decide."""
    from auditor.repair.record import RepairVerdict
    from auditor.repair.run import incomplete

    if incomplete(done):
        return ExitCode.NOT_AUDITED
    good = (RepairVerdict.REPAIRED, RepairVerdict.NOTHING_TO_REPAIR)
    return ExitCode.AUDITED if done.remediation.verdict in good else ExitCode.FINDINGS


def _written(report: RemediationReportV1, targets: Sequence[OutputTarget]) -> bool:
    """Write every output; False where one could not be."""
    from auditor.output.write import page_for, write_all

    page = page_for(sys.stdout, os.environ)
    failures = write_all(report, [t for t in targets if t.format != "rich"], sys.stdout, page)
    for failure in failures:
        tell(f"error: {failure.target.name} was not written: {failure.reason}")
    whole = not failures
    for target in targets:
        if target.format == "rich":
            whole = _shown(report, target, page) and whole
    return whole


def _shown(report: RemediationReportV1, target: OutputTarget, page: Page) -> bool:
    """The report as text: the repair first, then the scan of what it left."""
    from auditor.output.terminal import render as scan_page
    from auditor.output.terminal_repair import render as repair_page
    from auditor.output.write import Page

    on = page if target.path is None else Page()
    text = repair_page(report.remediation, width=on.width, color=on.color)
    text += scan_page(report, width=on.width, color=on.color)
    if target.path is None:
        print(text)
        return True
    try:
        target.path.write_text(text, encoding="utf-8")
    except OSError as error:
        tell(f"error: {target.name} was not written: {error.strerror}")
        return False
    return True
