"""`auditor scan MODEL`."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from auditor.cli.console import VERBOSE, complain, complain_of_bug, progress_bar, tell
from auditor.errors import AuditorError, ExitCode, UsageError
from auditor.output.write import OutputTarget, page_for, plan_targets, write_all
from auditor.types import Pictures, Report, Severity, Verdict


class DepthChoice(StrEnum):
    """How much a scan may spend; the same names as `auditor.probes.plan.Depth`."""

    QUICK = "quick"
    STANDARD = "standard"
    DEEP = "deep"


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


def scan(
    model: Annotated[str, typer.Argument(help="org/name[@revision], a folder, or a weight file.")],
    base: Annotated[str | None, typer.Option(help="Checkpoint it was fine-tuned from.")] = None,
    clean_data: Annotated[
        str | None, typer.Option(help="Clean labelled images of the task; they sharpen a verdict.")
    ] = None,
    entities: Annotated[str, typer.Option(help="auto, rendered, or a data set.")] = "auto",
    split: Annotated[str | None, typer.Option(help="Split of the data set.")] = None,
    image_column: Annotated[str | None, typer.Option(help="Column of images.")] = None,
    label_column: Annotated[str | None, typer.Option(help="Column of labels.")] = None,
    depth: Annotated[DepthChoice, typer.Option(help="How much to spend.")] = DepthChoice.STANDARD,
    fpr: Annotated[float, typer.Option(help="False-positive rate of a finding.")] = 0.01,
    fail_on: Annotated[FailOn, typer.Option(help="Mildest severity that fails.")] = FailOn.HIGH,
    output: Annotated[
        list[str] | None,
        typer.Option(help="FORMAT=PATH (rich, json, html); - is stdout. Repeatable."),
    ] = None,
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
    offline: Annotated[bool, typer.Option("--offline", help="Use the local cache only.")] = False,
    verbose: Annotated[bool, typer.Option(VERBOSE, help="Show tracebacks.")] = False,
) -> None:
    """Find hidden entity -> class mappings; exit 1 if one is found, 3 if not audited."""
    from auditor.config import ScanSettings
    from auditor.models.load import Engine, Precision
    from auditor.probes.plan import Depth

    targets = plan_targets(output or [])
    settings = ScanSettings(
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
        engine=Engine(engine.value),
        device=device,
        precision=Precision(precision.value),
        batch_size=parse_batch_size(batch_size),
        seed=seed,
        rules=tuple(rules or ()),
        allow=tuple(allow or ()),
        offline=offline,
        pictures=pictures,
    )
    report, code = _run(settings)
    raise typer.Exit(code if _written(report, targets) else ExitCode.BUG)


def _written(report: Report, targets: Sequence[OutputTarget]) -> bool:
    """Write every output; False where one could not be."""
    failures = write_all(report, targets, sys.stdout, page_for(sys.stdout, os.environ))
    for failure in failures:
        tell(f"error: {failure.target.name} was not written: {failure.reason}")
    return not failures


def _run(settings: object) -> tuple[Report, ExitCode]:
    """Scan; whatever goes wrong after the command line was understood still gives a report."""
    from auditor.audit import Stopwatch, not_audited
    from auditor.audit import scan as run_scan
    from auditor.config import ScanSettings

    assert isinstance(settings, ScanSettings)
    watch = Stopwatch.start()
    try:
        with progress_bar() as progress:
            report = run_scan(settings, progress=progress)
        return report, gate(report, FailOn(settings.fail_on))
    except UsageError:
        raise
    except AuditorError as error:
        complain(error)
        return not_audited(error.message, error.hint, settings, watch), error.exit_code
    except KeyboardInterrupt:
        tell("interrupted before the first probe was answered")
        reason = "interrupted before the first probe was answered"
        return not_audited(reason, "Run it again.", settings, watch), ExitCode.NOT_AUDITED
    except Exception as error:
        complain_of_bug(error)
        reason, hint = "auditor failed (a bug)", "Run again with --verbose and report it."
        return not_audited(reason, hint, settings, watch), ExitCode.BUG


def gate(report: Report, fail_on: FailOn) -> ExitCode:
    """The exit code of a report: incomplete first, then findings at or above the gate."""
    if report.verdict is Verdict.NOT_AUDITED:
        return ExitCode.NOT_AUDITED
    if fail_on is FailOn.NEVER:
        return ExitCode.AUDITED
    floor = Severity(fail_on.value).rank
    return (
        ExitCode.FINDINGS
        if any(f.severity.rank >= floor for f in report.findings)
        else ExitCode.AUDITED
    )


def parse_batch_size(text: str) -> int | None:
    """`auto` -> None, a number -> itself.

    Raises:
        UsageError: Neither.
    """
    if text == "auto":
        return None
    if not text.isdecimal():
        raise UsageError(f"--batch-size {text} is no number", hint="Use auto or a number >= 1.")
    return int(text)
