"""The tasks that a child can be given: plain values in, plain values out."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from pydantic import TypeAdapter

from auditor.audit import Progress
from auditor.audit import scan as scan_here
from auditor.config import ScanSettings
from auditor.repair.run import Remediated
from auditor.repair.run import remediate as remediate_here
from auditor.repair.settings import RepairSettings
from auditor.types import Report


def scan(said: Any, progress: Progress) -> Any:
    """A scan: `settings`, and why there is no base, if so."""
    settings = TypeAdapter(ScanSettings).validate_python(said["settings"])
    report = scan_here(settings, no_base=said["no_base"], progress=progress)
    return TypeAdapter(Report).dump_python(report)


def remediate(said: Any, progress: Progress) -> Any:
    """A repair, which writes the repaired model itself."""
    settings = TypeAdapter(RepairSettings).validate_python(said["settings"])
    return TypeAdapter(Remediated).dump_python(remediate_here(settings, progress=progress))


TASKS: Mapping[str, Callable[[Any, Progress], Any]] = {"scan": scan, "remediate": remediate}
