"""What the box costs: a scan in it beside the same one without, each a process of its own."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from auditor.errors import NotAudited
from auditor.lab.training import Progress, silent

ROUNDS = 5
STAGE = "scanning in the box and without"
# All that a person waits for, the start of the interpreter and imports of torch among it.
_SCAN = """
import sys
from {module} import scan
from auditor.config import ScanSettings
scan(ScanSettings(model=sys.argv[1], entities=sys.argv[2], resume=False))
"""
_BOXED, _BARE = (_SCAN.format(module=name) for name in ("auditor.boxed.scan", "auditor.audit"))


@dataclass(frozen=True, slots=True, kw_only=True)
class BoxCost:
    """Wall seconds of each round: in the box, and without it right before or after."""

    pairs: tuple[tuple[float, float], ...]

    @property
    def boxed_seconds(self) -> float:
        """Median in the box."""
        return median(boxed for boxed, _ in self.pairs)

    @property
    def bare_seconds(self) -> float:
        """Median without."""
        return median(bare for _, bare in self.pairs)

    @property
    def added_seconds(self) -> float:
        """Median of what a round took longer in the box; the two of one round had one load."""
        return median(self._added)

    @property
    def least(self) -> float:
        """The smallest of them, below zero where other work outweighs the box."""
        return min(self._added)

    @property
    def most(self) -> float:
        """The largest of them."""
        return max(self._added)

    @property
    def _added(self) -> list[float]:
        return [boxed - bare for boxed, bare in self.pairs]


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
        seconds = {code: _seconds(code, model, entities) for code in _order(first)}
        pairs.append((seconds[_BOXED], seconds[_BARE]))
        progress(STAGE, number + 1, rounds + 1)
    return BoxCost(pairs=tuple(pairs[1:]))


def _order(boxed_first: bool) -> tuple[str, str]:
    return (_BOXED, _BARE) if boxed_first else (_BARE, _BOXED)


def _seconds(code: str, model: str, entities: str) -> float:
    own = str(Path(__file__).parent.parent.parent)
    paths = os.pathsep.join(path for path in (own, os.environ.get("PYTHONPATH")) if path)
    began = time.perf_counter()
    ran = subprocess.run(
        [sys.executable, "-c", code, model, entities],
        env={**os.environ, "PYTHONPATH": paths},
        stderr=subprocess.PIPE,
        text=True,
        check=False,
    )
    if ran.returncode:
        said = ran.stderr.strip().splitlines()[-1:]
        raise NotAudited(
            f"a scan that was to be timed failed: {' '.join(said)}",
            hint="See what is wrong with: auditor scan MODEL.",
        )
    return time.perf_counter() - began
