"""What the command line shows beside the report: progress, one-line errors; always on stderr."""

from __future__ import annotations

import contextlib
import sys
import traceback
from collections.abc import Callable, Iterator

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

from auditor.errors import AuditorError
from auditor.output.escaping import for_terminal, prose_for_terminal

VERBOSE = "--verbose"  # an option of `auditor` and of `auditor scan`
Report = Callable[[str, int, int], None]


@contextlib.contextmanager
def progress_bar() -> Iterator[Report]:
    """A callback (stage, done, total) that draws one bar a stage, with the time remaining.

    Nothing is drawn where standard error is not a terminal.
    """
    if not sys.stderr.isatty():
        yield lambda stage, done, total: None
        return
    tasks: dict[str, TaskID] = {}
    with Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
        console=Console(stderr=True),
        transient=True,
        speed_estimate_period=3600,  # where one step takes minutes, half a minute shows no speed
    ) as bar:

        def report(stage: str, done: int, total: int) -> None:
            if stage not in tasks:
                tasks[stage] = bar.add_task(stage, total=total)
            bar.update(tasks[stage], completed=done, total=total)

        yield report


def tell(message: str) -> None:
    """One line to the person at the terminal."""
    print(prose_for_terminal(message), file=sys.stderr)


def complain_of_bug(error: BaseException) -> None:
    """What nobody foresaw: one line and what to do, or all of it where that was asked for."""
    if VERBOSE in sys.argv:
        for line in traceback.format_exception(error):
            for part in line.splitlines():
                indent = len(part) - len(part.lstrip())
                print(" " * indent + for_terminal(part.strip(), 2000), file=sys.stderr)
    tell(f"error: auditor failed (a bug): {error!r}")
    tell(f"hint: run it again as `auditor {VERBOSE} ...` and report the traceback")


def complain(error: AuditorError) -> None:
    """An error, in one line, and what to do next, in another."""
    tell(f"error: {error.message}")
    if error.hint:
        tell(f"hint: {error.hint}")
