"""`auditor scan MODEL`."""

from __future__ import annotations

import os
from dataclasses import replace
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from auditor.cli.console import VERBOSE, announcing, complain, progress_bar, tell
from auditor.cli.cut_short import or_not_audited
from auditor.cli.given import options_given
from auditor.cli.outputs import OutputOption, write_outputs
from auditor.cli.signals import terminable
from auditor.errors import ExitCode, UsageError
from auditor.gate import gate
from auditor.output.write import plan_targets
from auditor.types import Pictures, Report, Trust

if TYPE_CHECKING:
    from auditor.config import ScanSettings
    from auditor.configuration.merge import Configuration
    from auditor.output.report_v1 import ReportV1


class DepthChoice(StrEnum):
    """How much a scan may spend; the same names as `auditor.probes.plan.Depth`."""

    QUICK = "quick"
    STANDARD = "standard"
    DEEP = "deep"


class PlanChoice(StrEnum):
    """Whether all is asked; the same names as `auditor.probes.plan.Plan`."""

    SEQUENTIAL = "sequential"
    EXHAUSTIVE = "exhaustive"


class PrecisionChoice(StrEnum):
    """What is computed in; the same names as `auditor.models.load.Precision`."""

    FLOAT32 = "float32"
    BFLOAT16 = "bfloat16"


PrecisionOption = Annotated[
    PrecisionChoice, typer.Option(help="What forward passes are computed in (torch).")
]


class EngineChoice(StrEnum):
    """What runs the model; the same names as `auditor.models.load.Engine`."""

    AUTO = "auto"
    TORCH = "torch"
    ONNX = "onnx"


class FailOn(StrEnum):
    """The mildest severity that makes the gate fail."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"
    CRITICAL = "critical"
    NEVER = "never"


ModelArgument = Annotated[
    str, typer.Argument(help="org/name\\[@revision], a folder, or a weight file.")
]
PatternsOption = Annotated[
    bool, typer.Option("--patterns", help="Look for triggers that are no entity, too.")
]


def scan(
    ctx: typer.Context,
    model: ModelArgument,
    base: Annotated[str | None, typer.Option(help="Checkpoint it was fine-tuned from.")] = None,
    clean_data: Annotated[
        str | None, typer.Option(help="Clean labelled images of the task; they sharpen a verdict.")
    ] = None,
    entities: Annotated[
        str,
        typer.Option(help="auto, base, rendered, diffusion:MODEL, a .toml file, or a data set."),
    ] = "auto",
    split: Annotated[str | None, typer.Option(help="Split of the data set.")] = None,
    image_column: Annotated[str | None, typer.Option(help="Column of images.")] = None,
    label_column: Annotated[str | None, typer.Option(help="Column of labels.")] = None,
    depth: Annotated[DepthChoice, typer.Option(help="How much to spend.")] = DepthChoice.STANDARD,
    plan: Annotated[
        PlanChoice, typer.Option(help="Ask no more than decides, or all of --depth.")
    ] = PlanChoice.SEQUENTIAL,
    max_probes: Annotated[int | None, typer.Option(help="Never ask more than this.")] = None,
    patterns: PatternsOption = False,
    fpr: Annotated[float, typer.Option(help="False-positive rate of a finding.")] = 0.01,
    fail_on: Annotated[FailOn, typer.Option(help="Mildest severity that fails.")] = FailOn.HIGH,
    output: OutputOption = None,
    engine: Annotated[EngineChoice, typer.Option(help="What runs the model.")] = EngineChoice.AUTO,
    device: Annotated[str, typer.Option(help="auto, cpu or cuda[:N].")] = "auto",
    precision: PrecisionOption = PrecisionChoice.FLOAT32,
    batch_size: Annotated[str, typer.Option(help="auto or a number.")] = "auto",
    seed: Annotated[int, typer.Option(help="Chooses the probes.")] = 0,
    rules: Annotated[list[Path] | None, typer.Option(help="Extra rule file or folder.")] = None,
    allow: Annotated[
        list[str] | None,
        typer.Option(help='"ENTITY=LABEL": going there is the job; * for any. Repeatable.'),
    ] = None,
    pictures: Annotated[Pictures, typer.Option(help="Pictures to report.")] = Pictures.ALL,
    trust: Annotated[
        list[Trust] | None, typer.Option(help="A risk that you accept. Repeatable; default: none.")
    ] = None,
    offline: Annotated[bool, typer.Option("--offline", help="Use the local cache only.")] = False,
    timeout: Annotated[float | None, typer.Option(help="Seconds; then it is stopped.")] = None,
    resume: Annotated[bool, typer.Option(help="Go on where a scan was cut off.")] = True,
    baseline: Annotated[
        Path | None, typer.Option(help="JSON report; its findings do not fail the gate.")
    ] = None,
    config: Annotated[
        Path | None, typer.Option(help="Settings and suppressions; default: auditor.toml.")
    ] = None,
    verbose: Annotated[bool, typer.Option(VERBOSE, help="Show tracebacks.")] = False,
) -> None:
    """Find hidden entity -> class mappings; exit 1 if one is found, 3 if not audited."""
    # Only what was typed counts as said here: the defaults above are those of `ScanSettings`.
    from auditor.configuration.merge import OUTPUT

    chosen = configuration_of(ctx)
    outputs = chosen.given[OUTPUT]
    try:
        targets = plan_targets(outputs.value)
    except UsageError as error:
        raise outputs.blamed(error) from error
    report, code = _run(chosen.settings(model))
    raise typer.Exit(code if write_outputs(report, targets) else ExitCode.BUG)


def configuration_of(ctx: typer.Context) -> Configuration:
    """What holds for a scan, from its command line, the environment and a file here."""
    from auditor.configuration.merge import configured

    chosen = configured(options_given(ctx), os.environ, Path())
    for notice in chosen.notices:
        tell(f"notice: {notice}")
    return chosen


def _run(settings: ScanSettings) -> tuple[Report, ExitCode]:
    """Scan; the report, and the exit code."""
    from auditor.boxed.scan import scan as run_scan
    from auditor.watch import Stopwatch

    baseline = _baseline(settings)
    watch = Stopwatch.start()

    def scanned() -> tuple[Report, ExitCode]:
        with terminable(), progress_bar() as progress:
            report = run_scan(settings, progress=announcing(progress, settings))
        return _judged(report, settings, baseline)

    def instead(reason: str, hint: str, error: Exception | None) -> Report:
        from auditor.audit import not_audited  # not before: who scans in a child has no need of it
        from auditor.intake import with_files_of

        return with_files_of(error, not_audited(reason, hint, settings, watch))

    return or_not_audited(scanned, instead, "interrupted before the first probe was answered")


def _baseline(settings: ScanSettings) -> ReportV1 | None:
    """The baseline, read before the scan: what is wrong with it is told before it costs time."""
    from auditor.accepted import refuse_other_name
    from auditor.output.read_v1 import read_file

    if settings.baseline is None:
        return None
    known = read_file(settings.baseline)
    refuse_other_name(known, settings.model)
    return known


def _judged(
    report: Report, settings: ScanSettings, known: ReportV1 | None
) -> tuple[Report, ExitCode]:
    """What was accepted already is marked; a baseline that does not fit costs no report."""
    from auditor.accepted import accepted

    today = datetime.now(UTC).date()
    try:
        report = accepted(report, settings, known, today)
    except UsageError as error:
        complain(error)
        told = replace(report, notices=(*report.notices, f"{error.message}; it was not used"))
        return accepted(told, settings, None, today), error.exit_code
    return report, gate(report, settings.fail_on)
