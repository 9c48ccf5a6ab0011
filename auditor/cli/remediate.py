"""`auditor remediate MODEL`."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

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


ModelOption = Annotated[
    str, typer.Argument(help="org/name[@revision], a folder, or a weight file.")
]
OutOption = Annotated[Path, typer.Option(help="New folder for the repaired model.")]
CleanDataOption = Annotated[str, typer.Option(help="Clean labelled images of the task.")]
SuperFtOption = Annotated[bool, typer.Option("--super-ft", help="The same as --method super-ft.")]
MethodOption = Annotated[
    MethodChoice, typer.Option(help="auto tries all, cheapest first, until one is verified.")
]
ReportOption = Annotated[
    Path | None, typer.Option(help="JSON report of a scan of this model; default: scan first.")
]
MappingOption = Annotated[
    list[str] | None, typer.Option(help='"ENTITY=LABEL" to repair. Repeatable.')
]
BaseOption = Annotated[str | None, typer.Option(help="Checkpoint it was fine-tuned from.")]
EntitiesOption = Annotated[str, typer.Option(help="auto, rendered, or a data set.")]
SplitOption = Annotated[str | None, typer.Option(help="Split of the entities.")]
ImageColumnOption = Annotated[str | None, typer.Option(help="Column of entity images.")]
LabelColumnOption = Annotated[str | None, typer.Option(help="Column of entity names.")]
PerClassOption = Annotated[int, typer.Option(help="Most clean images a class to tune on.")]
StepsOption = Annotated[int, typer.Option(help="Steps of tuning.")]
MaxStepsOption = Annotated[
    int | None, typer.Option(help="Steps that are not exceeded; default: twice the steps.")
]
BatchOption = Annotated[int, typer.Option(help="Images a step.")]
UpOption = Annotated[int, typer.Option(help="Steps from foot to peak of a triangle.")]
DownOption = Annotated[int, typer.Option(help="Steps from peak to foot.")]
Phase1Option = Annotated[float, typer.Option(help="Share of the steps with high peaks.")]
MaxAccuracyLossOption = Annotated[
    float, typer.Option(help="What a repair may cost and still be called one.")
]
ControlOption = Annotated[
    bool, typer.Option("--control", help="Train fresh weights too, at equal compute.")
]
BarrierOption = Annotated[bool, typer.Option(help="Measure the loss barrier.")]
DepthOption = Annotated[DepthChoice, typer.Option(help="Of the scans.")]
FprOption = Annotated[float, typer.Option(help="False-positive rate of a finding.")]
FailOnOption = Annotated[FailOn, typer.Option(help="Mildest finding that may not be left.")]
OutputOption = Annotated[
    list[str] | None, typer.Option(help="FORMAT=PATH (rich, json); - is stdout. Repeatable.")
]
DeviceOption = Annotated[str, typer.Option(help="auto, cpu or cuda[:N].")]
SeedOption = Annotated[int, typer.Option(help="Decides everything random.")]
OfflineOption = Annotated[bool, typer.Option("--offline", help="Use the local cache only.")]
VerboseOption = Annotated[bool, typer.Option(VERBOSE, help="Show tracebacks.")]

# Options that go by the same name in the settings.
_OF_THE_SCANS = (
    *("model", "base", "clean_data", "entities", "split", "image_column", "label_column"),
    *("fpr", "device", "seed", "offline"),
)
_OF_THE_REPAIR = (
    *("out", "per_class", "steps", "batch", "max_accuracy_loss", "control", "barrier"),
)


def remediate(
    model: ModelOption,
    out: OutOption,
    clean_data: CleanDataOption,
    super_ft: SuperFtOption = False,
    method: MethodOption = MethodChoice.AUTO,
    report: ReportOption = None,
    mapping: MappingOption = None,
    base: BaseOption = None,
    entities: EntitiesOption = "auto",
    split: SplitOption = None,
    image_column: ImageColumnOption = None,
    label_column: LabelColumnOption = None,
    per_class: PerClassOption = 200,
    steps: StepsOption = 200,
    max_steps: MaxStepsOption = None,
    batch: BatchOption = 64,
    lr_base: Rate = None,
    lr_max1: Rate = None,
    lr_max2: Rate = None,
    up: UpOption = 10,
    down: DownOption = 10,
    phase1: Phase1Option = 0.4,
    max_accuracy_loss: MaxAccuracyLossOption = 0.05,
    control: ControlOption = False,
    barrier: BarrierOption = True,
    depth: DepthOption = DepthChoice.STANDARD,
    fpr: FprOption = 0.01,
    fail_on: FailOnOption = FailOn.HIGH,
    output: OutputOption = None,
    device: DeviceOption = "auto",
    seed: SeedOption = 0,
    offline: OfflineOption = False,
    verbose: VerboseOption = False,
) -> None:
    """Repair a model into a new folder, verified; exit 1 if something is left, 3 if it failed."""
    from auditor.output.write import plan_targets

    said = dict(locals())
    targets = plan_targets(output or [])
    raise typer.Exit(_run(_settings(said), targets))


def _settings(said: Mapping[str, Any]) -> RepairSettings:
    """The options as settings of the scans and of the repair between them."""
    from auditor.config import ScanSettings
    from auditor.probes.plan import Depth
    from auditor.repair.settings import RepairSettings
    from auditor.repair.task import Rates

    scan = ScanSettings(
        **{name: said[name] for name in _OF_THE_SCANS},
        depth=Depth(said["depth"].value),
        fail_on=said["fail_on"].value,
    )
    return RepairSettings(
        **{name: said[name] for name in _OF_THE_REPAIR},
        scan=scan,
        method=_method(said["super_ft"], said["method"]),
        found=None if said["report"] is None else _findings(said["report"]),
        pairs=tuple(said["mapping"] or ()),
        longest=said["max_steps"],
        rates=Rates(
            base=said["lr_base"],
            max1=said["lr_max1"],
            max2=said["lr_max2"],
            up=said["up"],
            down=said["down"],
            phase1=said["phase1"],
        ),
    )


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
    from auditor.output.read_v1 import read_file
    from auditor.repair.settings import Wanted

    return tuple(
        Wanted(
            id=finding.fingerprint,
            entity_ids=tuple(entity.id for entity in finding.entities),
            target_label=finding.target.label or "",
        )
        for finding in read_file(path).findings
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
    from auditor.output.write import page_for, write_each

    page = page_for(sys.stdout, os.environ)
    failures = write_each(targets, lambda format, on: _text(report, format, on), sys.stdout, page)
    for failure in failures:
        tell(f"error: {failure.target.name} was not written: {failure.reason}")
    return not failures


def _text(report: RemediationReportV1, format: str, page: Page) -> str:
    """The report in one format; as text the repair first, then the scan of what it left."""
    from auditor.output.terminal_repair import render as repair_page
    from auditor.output.write import render

    scan_page = render(report, format, page)
    if format != "rich":
        return scan_page
    return repair_page(report.remediation, width=page.width, color=page.color) + scan_page
