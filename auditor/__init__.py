"""Audit the behaviour of fine-tuned models.

    import auditor
    report = auditor.scan("org/model", entities="path/to/pictures")
    print(report.verdict, report.model_score)

Importing this package loads nothing heavy; a call loads what it needs.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from auditor.changes import SequelaReport
    from auditor.output.report_v1 import ReportV1
    from auditor.types import Report

__version__ = "0.1.0"
__all__ = ["scan", "remediate", "measure_sequela", "load_report", "__version__"]


def scan(model: str, **settings: Any) -> Report:
    """Audit one model: a folder, a weight file, or `org/name[@revision]` on the Hub.

    Args:
        model: What to scan.
        **settings: Fields of `auditor.config.ScanSettings`, named as the command line's options.
            Neither a file nor the environment is read, but for the file that `config` names.

    Raises:
        auditor.errors.NotAudited: There is no verdict: it cannot be loaded, say.
        auditor.errors.UsageError: A setting is unknown or wrong, or `baseline` is of another model.
    """
    from datetime import UTC, datetime

    from auditor.accepted import accepted
    from auditor.boxed.scan import scan as run
    from auditor.configuration.merge import settings_from_file
    from auditor.output.read_v1 import read_file

    chosen = settings_from_file(model, settings)
    baseline = None if chosen.baseline is None else read_file(chosen.baseline)
    return accepted(run(chosen), chosen, baseline, datetime.now(UTC).date())


def remediate(model: str, *, clean_data: str, out: str, **settings: Any) -> ReportV1:
    """Repair one model into a new folder; `remediation` and `sequela` say what came of it.

    Args:
        model: What to repair, named as for `scan`.
        clean_data: Labelled images of the task, to tune on.
        out: New folder for the repaired model.
        **settings: The options of `auditor remediate` by their names, with `_` for `-`, such as
            `method`, `report`, `entities`, `base`, `steps`, `lr_max1`, `mapping` or `sequela`.

    Raises:
        auditor.errors.NotAudited: It cannot be repaired; nothing is written.
        auditor.errors.UsageError: A setting is unknown or wrong, or `report` is of another model.
    """
    from auditor.boxed.remedy import remediate as run
    from auditor.remedy.settings import remedy_settings

    return run(remedy_settings(model, {"clean_data": clean_data, "out": out, **settings}))


def measure_sequela(before: str, after: str, *, clean_data: str, **settings: Any) -> SequelaReport:
    """Measure what changed between two revisions of a model, after anybody's repair.

    Args:
        before: The model before.
        after: The model after.
        clean_data: Labelled images that neither has seen.
        **settings: Fields of `auditor.sequela.settings.SequelaSettings`, named as the command
            line's options.

    Raises:
        auditor.errors.NotAudited: Something cannot be opened, or nothing could be measured.
        auditor.errors.UsageError: A setting is unknown or wrong, or the models do not belong
            together.
    """
    from auditor.boxed.sequela import compare
    from auditor.config import record_from
    from auditor.sequela.settings import SequelaSettings

    named = {"before": before, "after": after, "clean_data": clean_data, **settings}
    return compare(record_from(SequelaSettings, named))


def load_report(path: str) -> ReportV1:
    """Read a stored JSON report.

    Raises:
        auditor.errors.UsageError: It is no report, or one of a newer version.
    """
    from pathlib import Path

    from auditor.output.read_v1 import read_file

    return read_file(Path(path))
