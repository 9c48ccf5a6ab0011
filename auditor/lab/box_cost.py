"""What the box costs: a scan in it beside the same one without, each a process of its own."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import NamedTuple

from auditor.errors import NotAudited
from auditor.lab.training import Progress, silent

ROUNDS = 5
STAGE = "scanning in the box and without"
# All that a person waits for, the start of the interpreter and imports of torch among it. Both end
# as the box's child does: to take torch down again takes longer than the box does.
_SCAN = """
import os, sys
from {module} import scan
from auditor.config import ScanSettings
scan(ScanSettings(model=sys.argv[1], entities=sys.argv[2], resume=False))
os._exit(0)
"""
_BOXED, _BARE = (_SCAN.format(module=name) for name in ("auditor.boxed.scan", "auditor.audit"))


class Took(NamedTuple):
    """What one scan took: seconds on the clock, and seconds of the processor in all processes."""

    seconds: float
    cpu_seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class BoxCost:
    """Each round: the scan in the box, and the one without it right before or after."""

    pairs: tuple[tuple[Took, Took], ...]

    def median(self, what: int) -> tuple[float, float]:
        """Medians in the box and without, of field `what` of `Took`."""
        return median(pair[0][what] for pair in self.pairs), median(
            pair[1][what] for pair in self.pairs
        )

    def added(self, what: int) -> tuple[float, float, float]:
        """What a round took more in the box: median, least, most; its two scans had one load.

        The least may be below zero, where other work on the machine outweighs the box.
        """
        more = [boxed[what] - bare[what] for boxed, bare in self.pairs]
        return median(more), min(more), max(more)


def measure_box(
    model: str, entities: str, *, rounds: int = ROUNDS, progress: Progress = silent
) -> BoxCost:
    """Scan in turns, after one round that warms up caches of the disk.

    Args:
        model: A checkpoint that is on this machine.
        entities: Where instances come from.
        rounds: How often each is done; which of the two comes first alternates.
        progress: Told how far it is.

    Raises:
        NotAudited: A scan failed.
    """
    pairs = []
    for number in range(rounds + 1):
        first = number % 2 == 0
        took = {code: _took(code, model, entities) for code in _order(first)}
        pairs.append((took[_BOXED], took[_BARE]))
        progress(STAGE, number + 1, rounds + 1)
    return BoxCost(pairs=tuple(pairs[1:]))


def _order(boxed_first: bool) -> tuple[str, str]:
    return (_BOXED, _BARE) if boxed_first else (_BARE, _BOXED)


def _took(code: str, model: str, entities: str) -> Took:
    own = str(Path(__file__).parent.parent.parent)
    paths = os.pathsep.join(path for path in (own, os.environ.get("PYTHONPATH")) if path)
    began, spent = time.perf_counter(), _spent()
    ran = subprocess.run(
        [sys.executable, "-c", code, model, entities],
        env={**os.environ, "PYTHONPATH": paths},
        stderr=subprocess.PIPE,
        text=True,
        check=False,
    )
    took = Took(time.perf_counter() - began, _spent() - spent)
    if ran.returncode:
        said = ran.stderr.strip().splitlines()[-1:]
        raise NotAudited(
            f"a scan that was to be timed failed: {' '.join(said)}",
            hint="See what is wrong with: auditor scan MODEL.",
        )
    return took


def _spent() -> float:
    """Seconds of the processor of all processes that were started here and have ended."""
    times = os.times()
    return times.children_user + times.children_system
