"""What the child does of a repair: all but giving the repaired model the name asked for."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pydantic import TypeAdapter

from auditor.boxed.remedied import RemediedText
from auditor.boxed.whole import all_or_nothing
from auditor.output.json_v1 import render
from auditor.remedy.run import remedy
from auditor.remedy.settings import RemedySettings
from auditor.watch import Progress


def run(said: Any, progress: Progress) -> RemediedText:
    """Repair: `settings`, the `room` to write into, and why there is no base, if so."""
    settings = TypeAdapter(RemedySettings).validate_python(said["settings"])
    with all_or_nothing(progress, "a smaller --batch") as told:
        done = remedy(settings, Path(said["room"]), no_base=said["no_base"], progress=told)
    return RemediedText(
        report=render(done.report), folder=None if done.folder is None else done.folder.name
    )
