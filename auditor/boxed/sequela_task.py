"""What the child does of a comparison: all of it."""

from __future__ import annotations

from typing import Any

from pydantic import TypeAdapter

from auditor.box.child import Telling
from auditor.boxed.whole import all_or_nothing
from auditor.changes import SequelaReport
from auditor.sequela.run import compare
from auditor.sequela.settings import SequelaSettings


def run(said: Any, tell: Telling) -> SequelaReport:
    """Compare: `settings`."""
    settings = TypeAdapter(SequelaSettings).validate_python(said["settings"])
    with all_or_nothing(tell, "smaller models") as told:
        return compare(settings, progress=told, announce=tell.expect)
