"""How much of the machine the child may take."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

if sys.platform != "win32":
    import resource

OPEN_FILES = 1024
_CGROUP = Path("/sys/fs/cgroup/memory.max")
_OF_THE_MACHINE = 0.9  # the rest is for whoever waits for the answer


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """`memory_bytes` is what the process may have written to; None limits nothing."""

    memory_bytes: int | None = None
    cpu_seconds: int | None = None
    open_files: int = OPEN_FILES


def apply(limits: Limits) -> None:
    """Limit this process for good; no core is dumped, which would hold the model."""
    if sys.platform == "win32":
        return
    for kind, most in _wanted(limits):
        _, hard = resource.getrlimit(kind)
        most = most if hard == resource.RLIM_INFINITY else min(most, hard)
        resource.setrlimit(kind, (most, most))


def lacking(limits: Limits) -> tuple[str, ...]:
    """What of it this platform does not limit."""
    if sys.platform == "win32":
        return ("memory, processor time and open files have no limit",)
    if limits.memory_bytes is None or sys.platform != "linux":
        return ("memory has no limit",)
    return ()


def machine_bytes() -> int | None:
    """Memory that there is for this process: of the machine, or of the container if that is less.

    None where nobody says.
    """
    if sys.platform == "win32":
        return None
    there = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    try:
        said = _CGROUP.read_text().strip()
    except OSError:
        said = ""
    there = min(there, int(said)) if said.isdecimal() else there
    return int(there * _OF_THE_MACHINE) if there > 0 else None


def _wanted(limits: Limits) -> Iterator[tuple[int, int]]:
    yield resource.RLIMIT_CORE, 0
    yield resource.RLIMIT_NOFILE, limits.open_files
    if limits.memory_bytes is not None:
        # Not the address space: torch maps files, and a GPU's driver reserves hundreds of GiB.
        yield resource.RLIMIT_DATA, limits.memory_bytes
    if limits.cpu_seconds is not None:
        yield resource.RLIMIT_CPU, limits.cpu_seconds
