"""`auditor remediate MODEL`."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from auditor.cli.console import VERBOSE, progress_bar
from auditor.cli.cut_short import or_not_audited
from auditor.cli.outputs import OutputOption, write_outputs
from auditor.cli.scan import DepthChoice, FailOn
from auditor.cli.signals import terminable
from auditor.errors import ExitCode, UsageError

if TYPE_CHECKING:
    from auditor.output.report_v1 import ReportV1
    from auditor.remedy.settings import RemedySettings


class MethodChoice(StrEnum):
    """How to repair; the same names as `auditor.repair.methods.METHODS`, and `auto`."""

    AUTO = "auto"
    HEAD_REFIT = "head-refit"
    FINE_TUNE = "fine-tune"
    FST = "fst"
    SUPER_FT_COSINE = "super-ft-cosine"
    SUPER_FT = "super-ft"
    OUTLIER_EXPOSURE = "outlier-exposure"
    FT_SAM = "ft-sam"


class SequelaChoice(StrEnum):
    """How much to measure afterwards; the same names as `auditor.remedy.settings.Extent`."""

    QUICK = "quick"
    FULL = "full"
    NONE = "none"


Rate = Annotated[float | None, typer.Option(help="Learning rate; default: a range test.")]


ModelOption = Annotated[
    str, typer.Argument(help="org/name\\[@revision], a folder, or a weight file.")
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
EntitiesOption = Annotated[
    str, typer.Option(help="auto, base, rendered, diffusion:MODEL, a .toml file, or a data set.")
]
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
SequelaOption = Annotated[
    SequelaChoice, typer.Option(help="What to measure of what the repair left behind.")
]
MembersOption = Annotated[str | None, typer.Option(help="Images that the model was trained on.")]
MembersSplitOption = Annotated[str | None, typer.Option(help="Split of --members.")]
ReferenceOption = Annotated[
    str | None, typer.Option(help="A model of the task that was never poisoned.")
]
PatternsOption = Annotated[
    bool, typer.Option("--patterns", help="Re-scan for triggers that are no entity, too.")
]
DeviceOption = Annotated[str, typer.Option(help="auto, cpu or cuda[:N].")]
SeedOption = Annotated[int, typer.Option(help="Decides everything random.")]
TimeoutOption = Annotated[
    float | None, typer.Option(help="Seconds; then it is stopped, and nothing is written.")
]
ResumeOption = Annotated[bool, typer.Option(help="Go on where a scan was cut off.")]
OfflineOption = Annotated[bool, typer.Option("--offline", help="Use the local cache only.")]
VerboseOption = Annotated[bool, typer.Option(VERBOSE, help="Show tracebacks.")]

# Options that are no settings of a remedy, or become another one.
_APART = ("model", "super_ft", "output", "verbose")


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
    batch: BatchOption = 32,
    lr_base: Rate = None,
    lr_max1: Rate = None,
    lr_max2: Rate = None,
    up: UpOption = 10,
    down: DownOption = 10,
    phase1: Phase1Option = 0.4,
    max_accuracy_loss: MaxAccuracyLossOption = 0.05,
    control: ControlOption = False,
    barrier: BarrierOption = True,
    sequela: SequelaOption = SequelaChoice.QUICK,
    members: MembersOption = None,
    members_split: MembersSplitOption = None,
    reference: ReferenceOption = None,
    depth: DepthOption = DepthChoice.STANDARD,
    patterns: PatternsOption = False,
    fpr: FprOption = 0.01,
    fail_on: FailOnOption = FailOn.HIGH,
    output: OutputOption = None,
    device: DeviceOption = "auto",
    seed: SeedOption = 0,
    offline: OfflineOption = False,
    timeout: TimeoutOption = None,
    resume: ResumeOption = True,
    verbose: VerboseOption = False,
) -> None:
    """Repair a model into a new folder, verified; exit 1 if something is left, 3 if it failed."""
    said = dict(locals())
    from auditor.output.write import plan_targets

    targets = plan_targets(output or [])
    done, code = _run(_settings(said))
    raise typer.Exit(code if write_outputs(done, targets) else ExitCode.BUG)


def _run(settings: RemedySettings) -> tuple[ReportV1, ExitCode]:
    """Repair; the report, and the exit code."""
    from auditor.boxed.remedy import remediate as run
    from auditor.watch import Stopwatch

    watch = Stopwatch.start()

    def repaired() -> tuple[ReportV1, ExitCode]:
        with terminable(), progress_bar() as progress:
            done = run(settings, progress=progress)
        return done, exit_code(done)

    def instead(reason: str, hint: str, _error: Exception | None) -> ReportV1:
        from auditor.audit import not_audited
        from auditor.output.convert_repair_v1 import no_repair_report

        scan = not_audited(reason, hint, settings.repair.scan, watch)
        return no_repair_report(scan, settings.as_json())

    return or_not_audited(repaired, instead, "interrupted: nothing was written")


def _settings(said: Mapping[str, Any]) -> RemedySettings:
    """The options as settings of the repair, the scans around it, and what is measured then."""
    from auditor.remedy.settings import remedy_settings

    named = {name: value for name, value in said.items() if name not in _APART}
    named["method"] = _method(said["super_ft"], said["method"])
    named["mapping"] = tuple(said["mapping"] or ())
    return remedy_settings(said["model"], named)


def _method(super_ft: bool, method: MethodChoice) -> str:
    if super_ft and method not in (MethodChoice.AUTO, MethodChoice.SUPER_FT):
        raise UsageError(
            f"--super-ft and --method {method} ask for two methods", hint="Leave one of them out."
        )
    return "super-ft" if super_ft else method.value


def exit_code(done: ReportV1) -> ExitCode:
    """0 repaired or nothing found, 1 something is left, 3 a scan could not decide."""
    assert done.remediation is not None
    match done.remediation.verdict:
        case "repaired":
            return ExitCode.AUDITED
        case "nothing to repair":
            is_undecided = done.verdict == "not-audited"
            return ExitCode.NOT_AUDITED if is_undecided else ExitCode.AUDITED
    return ExitCode.FINDINGS
