"""What the child does of a scan: settings as plain values in, a report out."""

from __future__ import annotations

from typing import Any

from pydantic import TypeAdapter

from auditor.audit import scan
from auditor.boxed.scanned import Scanned
from auditor.config import ScanSettings
from auditor.errors import NotAudited
from auditor.watch import Progress


def run(said: Any, progress: Progress) -> Scanned:
    """Scan: `settings`, and why there is no base, if so."""
    settings = TypeAdapter(ScanSettings).validate_python(said["settings"])
    try:
        return Scanned(report=scan(settings, no_base=said["no_base"], progress=progress))
    except NotAudited as error:
        if error.known_of_files is None:
            raise
        return Scanned.without(error)
