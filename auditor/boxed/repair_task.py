"""What the child does of a repair: it writes the repaired model itself."""

from __future__ import annotations

from typing import Any

from pydantic import TypeAdapter

from auditor.repair.run import Remediated, remediate
from auditor.repair.settings import RepairSettings
from auditor.watch import Progress


def run(said: Any, progress: Progress) -> Remediated:
    """Repair: `settings`."""
    settings = TypeAdapter(RepairSettings).validate_python(said["settings"])
    return remediate(settings, progress=progress)
