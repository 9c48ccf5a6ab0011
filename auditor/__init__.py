"""Audit the behaviour of fine-tuned models.

    import auditor
    report = auditor.scan("org/model", entities="path/to/pictures")
    print(report.verdict, report.model_score)

Importing this package loads nothing heavy; a call loads what it needs.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from auditor.output.report_v1 import ReportV1
    from auditor.types import Report

__version__ = "0.1.0"
__all__ = ["scan", "load_report", "__version__"]


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


def load_report(path: str) -> ReportV1:
    """Read a stored JSON report.

    Raises:
        auditor.errors.UsageError: It is no report, or one of a newer version.
    """
    from pathlib import Path

    from auditor.output.read_v1 import read_file

    return read_file(Path(path))
