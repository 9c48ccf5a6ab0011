"""When a scan started, how long it has taken, and whom to tell how far it is."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

Progress = Callable[[str, int, int], None]


def silent(stage: str, done: int, total: int) -> None:
    """Progress that nobody watches."""


@dataclass(frozen=True, slots=True)
class Stopwatch:
    """When a scan started, for the report and for its cost."""

    started: str
    origin_seconds: float

    @classmethod
    def start(cls) -> Stopwatch:
        """Start counting."""
        return cls(started=now(), origin_seconds=time.perf_counter())

    def seconds(self) -> float:
        """Seconds since the start."""
        return time.perf_counter() - self.origin_seconds


def now() -> str:
    """The time in UTC, ISO 8601, to the second."""
    return datetime.now(UTC).isoformat(timespec="seconds")
