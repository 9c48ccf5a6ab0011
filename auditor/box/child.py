"""The child's half: put up the walls, do one task, say what came of it."""

from __future__ import annotations

import importlib
import json
import os
import signal
import sys
import threading
import time
import traceback
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields, is_dataclass
from typing import Any, BinaryIO

from auditor.box.limits import Limits
from auditor.box.walls import Allowed, put_up
from auditor.errors import AuditorError

_SECONDS_BETWEEN_STEPS = 0.05
_ORPHANED = 3  # exit status that nobody is there to read
_MOST_TEXT = 20_000


@dataclass(slots=True, eq=False)
class Telling:
    """What a task may tell while it works."""

    channel: BinaryIO
    _last: dict[str, float] = field(default_factory=dict)

    def __call__(self, stage: str, done: int, total: int) -> None:
        """How far a stage is, and not more often than anybody looks."""
        now = time.monotonic()
        if done < total and now - self._last.get(stage, -1.0) < _SECONDS_BETWEEN_STEPS:
            return
        self._last[stage] = now
        _say(self.channel, kind="step", stage=stage, done=done, total=total)

    def expect(self, steps: int, seconds: float) -> None:
        """What all of it is going to take."""
        _say(self.channel, kind="expected", steps=steps, seconds=seconds)


Task = Callable[[Any, Telling], Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """What the parent wants, sent as the first line.

    `task` is a module whose function `run` does it, `said` what that takes.
    """

    task: str
    said: Any
    allowed: Allowed
    limits: Limits

    @classmethod
    def from_line(cls, line: bytes) -> Job:
        """The job in a line that the parent wrote."""
        said = json.loads(line)
        allowed, limits = Allowed(**said.pop("allowed")), Limits(**said.pop("limits"))
        return cls(**said, allowed=allowed, limits=limits)


def main() -> None:
    """Do the job on standard input; talk on what was standard output."""
    signal.signal(signal.SIGINT, signal.default_int_handler)  # whoever started us may ignore it
    channel = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what a library prints is no message
    job = Job.from_line(sys.stdin.buffer.readline())
    missing = put_up(job.allowed, job.limits)
    threading.Thread(target=_end_with_parent, args=(sys.stdin.buffer,), daemon=True).start()
    _say(channel, kind="walls", missing=list(missing))
    ended = _done(job, channel)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # a message that was begun is ended
    _say(channel, **ended)
    channel.close()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(0)  # no thread of a library, and no destructor of a model, has a say in it


def _done(job: Job, channel: BinaryIO) -> dict[str, Any]:
    """Do the task; how it ended, as a message."""
    try:
        # Only now: numerics start threads as they are imported, and walls hold for the thread
        # that puts them up and for those that it starts.
        run: Task = importlib.import_module(job.task).run
        return dict(kind="result", value=run(job.said, Telling(channel)))
    except AuditorError as error:
        name, said = type(error).__name__, error.message[:_MOST_TEXT]
        return dict(kind="failure", error=name, message=said, hint=error.hint[:_MOST_TEXT])
    except KeyboardInterrupt:
        return dict(kind="interrupted")
    except MemoryError as error:
        return dict(kind="failure", error="NotAudited", message=_no_memory(error), hint=_MORE)
    except Exception as error:
        told = "".join(traceback.format_exception(error))
        return dict(kind="bug", error=repr(error)[:_MOST_TEXT], traceback=told[-_MOST_TEXT:])


_MORE = "Use a machine with more memory, or a smaller --batch-size."


def _no_memory(error: MemoryError) -> str:
    return f"memory ran out{f': {error}' if str(error) else ''}"


def _say(channel: BinaryIO, **message: Any) -> None:
    # Messages of `auditor.box.wire`, in ASCII: names of files may hold what UTF-8 cannot.
    channel.write(json.dumps(message, default=_plain).encode() + b"\n")
    channel.flush()


def _plain(value: Any) -> Any:
    """A record as a table, a number of numpy as Python's; a path or a date as text."""
    if is_dataclass(value):
        return {each.name: getattr(value, each.name) for each in fields(value)}
    if isinstance(value, Mapping):
        return dict(value)
    return value.item() if hasattr(value, "item") else str(value)


def _end_with_parent(channel: BinaryIO) -> None:
    """The parent never says more; when it is gone, however it went, the channel ends."""
    channel.read()
    os._exit(_ORPHANED)
