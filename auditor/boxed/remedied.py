"""What the child of a repair hands back: the report as text, and which folder is the model."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class RemediedText:
    """A JSON report, version 1, and the name of a folder in the room; None for none."""

    report: str
    folder: str | None
