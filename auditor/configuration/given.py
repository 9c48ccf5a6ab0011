"""A value and where it was said, so that every message can name the place."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from auditor.errors import UsageError


class Source(StrEnum):
    """Who may say a setting; what stands further down wins."""

    DEFAULT = "default"
    FILE = "file"
    VARIABLE = "variable"
    FLAG = "flag"


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """A plain value, as a command line or a JSON file could hold it.

    `where` names the place: `auditor.toml line 3`, `AUDITOR_DEPTH`, `--depth`.
    """

    value: Any
    source: Source
    where: str

    def blamed(self, error: UsageError) -> UsageError:
        """The same error, naming the place unless it is the command line, which it names."""
        if self.source is Source.FLAG:
            return error
        return UsageError(f"{self.where}: {error.message}", hint=error.hint)
