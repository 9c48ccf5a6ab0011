"""What the child does of a scan: settings as plain values in, a report out."""

from __future__ import annotations

from typing import Any

from pydantic import TypeAdapter

from auditor.audit import scan
from auditor.config import ScanSettings
from auditor.types import Report
from auditor.watch import Progress


def run(said: Any, progress: Progress) -> Report:
    """Scan: `settings`, and why there is no base, if so."""
    settings = TypeAdapter(ScanSettings).validate_python(said["settings"])
    return scan(settings, no_base=said["no_base"], progress=progress)
