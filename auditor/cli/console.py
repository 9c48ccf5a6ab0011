"""What the command line shows beside the report: progress, one-line errors; always on stderr."""

from __future__ import annotations

import contextlib
import sys
import time
import traceback
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    Task,
    TaskID,
    TextColumn,
    TimeRemainingColumn,
)
from rich.table import Column
from rich.text import Text

from auditor.errors import AuditorError
from auditor.output import wording
from auditor.output.escaping import for_terminal, prose_for_terminal

if TYPE_CHECKING:
    from auditor.config import ScanSettings

PROBING = "probing"  # the stage in which the model is asked, as `auditor.probes.run` calls it
DEEP = "deep"  # likewise
VERBOSE = "--verbose"  # an option of `auditor` and of `auditor scan`
Report = Callable[[str, int, int], None]


_SECONDS_BETWEEN_LINES = 30.0
_ROOM_FOR_A_BAR = 80


class _Rate(ProgressColumn):
    """Steps a second; where a step takes longer, seconds a step."""

    def render(self, task: Task) -> Text:
        return Text(_rate(task.speed) if task.speed else "", style="progress.data.speed")


@contextlib.contextmanager
def progress_bar() -> Iterator[Report]:
    """A callback (stage, done, total) that shows each stage, its rate and the time it has left.

    A terminal gets one bar a stage; anything else, such as the log of a CI job, gets a line now
    and then, so that a long scan does not look like one that hangs.
    """
    if not sys.stderr.isatty():
        yield progress_lines(time.monotonic)
        return
    tasks: dict[str, TaskID] = {}
    with bars(Console(stderr=True)) as bar:

        def report(stage: str, done: int, total: int) -> None:
            if stage not in tasks:
                tasks[stage] = bar.add_task(for_terminal(stage), total=total)
            bar.update(tasks[stage], completed=done, total=total)

        yield report


def bars(console: Console) -> Progress:
    """Bars as wide as the terminal leaves room for; a narrow one shows the figures only."""
    stage = Column(no_wrap=True, overflow="ellipsis", max_width=console.width // 3)
    bar = [BarColumn(bar_width=None)] if console.width >= _ROOM_FOR_A_BAR else []
    return Progress(
        TextColumn("{task.description}", markup=False, table_column=stage),
        *bar,
        MofNCompleteColumn(table_column=Column(no_wrap=True)),
        _Rate(table_column=Column(no_wrap=True)),
        TimeRemainingColumn(table_column=Column(no_wrap=True)),
        TextColumn("left"),
        console=console,
        transient=True,
        expand=bool(bar),
        speed_estimate_period=3600,  # where one step takes minutes, half a minute shows no speed
    )


def progress_lines(clock: Callable[[], float]) -> Report:
    """A callback (stage, done, total) that writes a line when half a minute has passed."""
    began: dict[str, tuple[float, int]] = {}
    last_line = clock()

    def report(stage: str, done: int, total: int) -> None:
        nonlocal last_line
        now = clock()
        start, done_before = began.setdefault(stage, (now, done))
        if now - last_line < _SECONDS_BETWEEN_LINES:
            return
        last_line = now
        speed = (done - done_before) / (now - start) if now > start else 0.0
        left = f", {_rate(speed)}, {wording.duration((total - done) / speed)} left" if speed else ""
        tell(f"{stage}: {done:,} of {total:,}{left}")

    return report


def announcing(report: Report, of: ScanSettings) -> Report:
    """The callback, which before the first probe says how many a scan may ask at most."""
    told = False

    def told_once(stage: str, done: int, total: int) -> None:
        nonlocal told
        if stage == PROBING and not told:
            but = " besides perturbed ones" if of.depth == DEEP else ""
            tell(f"at most {total:,} probes{but}: --depth {of.depth}, --plan {of.plan}")
            told = True
        report(stage, done, total)

    return told_once


def _rate(speed: float) -> str:
    return f"{wording.number(speed)}/s" if speed >= 1 else f"{1 / speed:.3g} s each"


def tell(message: str) -> None:
    """One line to the person at the terminal."""
    print(prose_for_terminal(message), file=sys.stderr)


def complain_of_bug(error: BaseException) -> None:
    """What nobody foresaw: one line and what to do, or all of it where that was asked for."""
    if VERBOSE in sys.argv:
        _quote(traceback.format_exception(error))
    tell(f"error: auditor failed (a bug): {error!r}")
    tell(f"hint: run it again as `auditor {VERBOSE} ...` and report the traceback")


def _quote(lines: Iterable[str]) -> None:
    """What a program said, as far as a terminal can bear it."""
    for line in lines:
        for part in line.splitlines():
            indent = len(part) - len(part.lstrip())
            print(" " * indent + for_terminal(part.strip(), 2000), file=sys.stderr)


def complain(error: AuditorError) -> None:
    """An error, in one line, and what to do next, in another; its notes where they are wanted."""
    if VERBOSE in sys.argv:
        _quote(getattr(error, "__notes__", ()))
    tell(f"error: {error.message}")
    if error.hint:
        tell(f"hint: {error.hint}")
