"""The parent's half: start the child, listen, stop it when its time is up, say how it ended."""

from __future__ import annotations

import contextlib
import json
import os
import queue
import signal
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import IO, Any

from auditor.box.child import Job
from auditor.box.environment import passed_on
from auditor.box.wire import (
    MOST_LINE,
    Bug,
    Expected,
    Failure,
    Interrupted,
    Message,
    NoMessage,
    Result,
    Step,
    Walls,
    from_line,
)
from auditor.errors import (
    AuditorError,
    CheckpointError,
    EntityError,
    MissingPackage,
    NotAudited,
    UnsupportedModel,
    UsageError,
)

Progress = Callable[[str, int, int], None]
Expect = Callable[[int, float], None]

# The same packages as the parent's, whatever the environment says of them, and no module that
# lies where auditor was started.
_BOOTSTRAP = (
    "import json, sys; sys.path[:] = json.loads(sys.argv[1]); "
    "from auditor.box.child import main; main()"
)
_SECONDS_TO_REPORT = 30.0  # after an interrupt, to say what was done until then
_SECONDS_PAST_TIMEOUT = 5.0  # the same, where time is up
_SECONDS_TO_HANG_UP = 1.0
_UNHEARD = 64  # messages that may wait
_LAST_LINES = 20  # of the child's standard error
OUT_OF_TIME = "Give it more with --timeout; with --resume a scan goes on where it was stopped."


_ERRORS: Mapping[str, type[AuditorError]] = {
    kind.__name__: kind
    for kind in (
        *(CheckpointError, EntityError, MissingPackage, NotAudited, UnsupportedModel, UsageError),
    )
}


class Stop(StrEnum):
    """Why the child was asked to stop."""

    INTERRUPT = "interrupt"
    TIMEOUT = "timeout"


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """A task that told what came of it: in full, or up to where it was stopped.

    `missing` is what the platform could not keep the child from.
    """

    value: Any
    missing: tuple[str, ...]
    stopped: Stop | None


class BoxedBug(Exception):  # noqa: N818 - a bug, rather than an error
    """An error in the child that nobody foresaw; its note is the child's traceback."""

    def __init__(self, said: str, traceback: str) -> None:
        super().__init__(said)
        self.add_note(traceback)

    def __repr__(self) -> str:
        return str(self.args[0])


def nobody_asks(steps: int, seconds: float) -> None:
    """An estimate that nobody waits for."""


def run(
    job: Job,
    *,
    environment: Mapping[str, str],
    deadline: float | None,
    progress: Progress,
    expect: Expect = nobody_asks,
    meanwhile: Callable[[], object] = lambda: None,
) -> Ended:
    """Do one task in a child process.

    Args:
        job: The task.
        environment: What the child is told besides what `passed_on` lets through.
        deadline: By `time.monotonic()`; None for any length of time.
        progress: Told how far a stage is.
        expect: Told steps and seconds that the task is going to take, where it says so.
        meanwhile: Called once, while the child starts.

    Raises:
        AuditorError: As the task raised it; NotAudited where the child died, or was killed.
        KeyboardInterrupt: It was interrupted before there was anything to tell.
        BoxedBug: The task failed in a way that nobody foresaw.
    """
    child = _Child(start(job, environment), deadline, progress, expect)
    try:
        meanwhile()
        while True:
            try:
                return child.wait()
            except KeyboardInterrupt:
                if child.is_over:
                    raise
                child.stop(Stop.INTERRUPT, _SECONDS_TO_REPORT)
    finally:
        child.end()


def start(job: Job, environment: Mapping[str, str]) -> subprocess.Popen[bytes]:
    """The child with its job. It gets nothing else: no open file, no secret, no terminal."""
    process = subprocess.Popen(
        [sys.executable, "-I", "-c", _BOOTSTRAP, json.dumps(_import_path())],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={**passed_on(os.environ), **environment},
        start_new_session=True,  # Ctrl-C is for the parent, which hands it on
    )
    assert process.stdin is not None
    try:
        process.stdin.write(json.dumps(asdict(job), default=str).encode() + b"\n")
        process.stdin.flush()
    except BrokenPipeError:
        pass  # it died at once, and that is told by how it ended
    return process


def _import_path() -> list[str]:
    own = str(Path(__file__).parent.parent.parent)
    there = [os.path.abspath(path) for path in sys.path if path]
    return [own, *(path for path in there if path not in (own, os.getcwd()))]


@dataclass(slots=True, eq=False)
class _Child:
    """A running child, and what is known of it."""

    process: subprocess.Popen[bytes]
    deadline: float | None
    progress: Progress
    expect: Expect
    stopped: Stop | None = None
    kill_at: float | None = None
    missing: tuple[str, ...] = ()
    last: Message | None = None
    heard: queue.Queue[bytes | None] = field(default_factory=lambda: queue.Queue(_UNHEARD))
    complaints: deque[bytes] = field(default_factory=lambda: deque(maxlen=_LAST_LINES))
    is_over: bool = False
    listeners: list[threading.Thread] = field(default_factory=list)

    def __post_init__(self) -> None:
        out, err = self.process.stdout, self.process.stderr
        for listen, stream, to in ((_listen, out, self.heard), (_drain, err, self.complaints)):
            thread = threading.Thread(target=listen, args=(stream, to), daemon=True)
            thread.start()
            self.listeners.append(thread)

    def wait(self) -> Ended:
        """Listen until it ends."""
        while True:
            try:
                line = self.heard.get(timeout=self._patience())
            except queue.Empty:
                self._look_at_the_clock()
                continue
            if line is None:
                self.process.wait()
                self.is_over = True
                return self._told()
            self._hear(line)

    def stop(self, why: Stop, seconds: float) -> None:
        """Ask it to say what was done until now; who asks again does not wait for that."""
        if self.stopped is not None or os.name != "posix":
            self.stopped = self.stopped or why
            self.process.kill()
            return
        self.stopped, self.kill_at = why, time.monotonic() + seconds
        self.process.send_signal(signal.SIGINT)

    def end(self) -> None:
        """Leave no child behind, and no pipe to it."""
        self.process.kill()
        self.process.wait()
        for thread in self.listeners:
            thread.join(timeout=_SECONDS_TO_HANG_UP)
        for stream in (self.process.stdin, self.process.stdout, self.process.stderr):
            if stream is not None:
                with contextlib.suppress(OSError):
                    stream.close()

    def _patience(self) -> float | None:
        moments = [at for at in (self.kill_at, self.deadline) if at is not None]
        if self.stopped is not None:
            moments = [] if self.kill_at is None else [self.kill_at]
        return max(min(moments) - time.monotonic(), 0.01) if moments else None

    def _look_at_the_clock(self) -> None:
        now = time.monotonic()
        if self.kill_at is not None and now >= self.kill_at:
            self.process.kill()
        elif self.stopped is None and self.deadline is not None and now >= self.deadline:
            self.stop(Stop.TIMEOUT, _SECONDS_PAST_TIMEOUT)

    def _hear(self, line: bytes) -> None:
        try:
            message = from_line(line)
        except NoMessage as error:
            self.is_over = True
            raise NotAudited(f"{error}: nothing that it says is believed", hint=_DIED) from error
        match message:
            case Walls():
                self.missing = tuple(message.missing)
            case Step():
                self.progress(message.stage, message.done, message.total)
            case Expected():
                self.expect(message.steps, message.seconds)
            case _:
                self.last = message

    def _told(self) -> Ended:
        match self.last:
            case Result():
                return Ended(value=self.last.value, missing=self.missing, stopped=self.stopped)
            case Failure():
                raise error_of(self.last.error, self.last.message, self.last.hint)
            case Bug():
                raise BoxedBug(self.last.error, self.last.traceback)
        if self.stopped is Stop.TIMEOUT:
            raise NotAudited("the time was up before there was anything to tell", hint=OUT_OF_TIME)
        if isinstance(self.last, Interrupted) or self.stopped is Stop.INTERRUPT:
            raise KeyboardInterrupt
        raise self._death()

    def _death(self) -> NotAudited:
        self.listeners[1].join(timeout=_SECONDS_TO_HANG_UP)
        error = NotAudited(f"the process that ran the model {_end_of(self.process)}", hint=_DIED)
        error.add_note(b"".join(self.complaints).decode(errors="replace"))
        return error


_DIED = "Do not trust this model; if you made it yourself, run again with --verbose and report it."


def _end_of(process: subprocess.Popen[bytes]) -> str:
    code = process.returncode
    if code >= 0:
        return f"ended with status {code} and without a word"
    name = signal.Signals(-code).name if -code in set(signal.Signals) else f"signal {-code}"
    why = {
        "SIGKILL": ": by somebody, or by the system because memory ran out",
        "SIGXCPU": ": it took more processor time than it was given",
        "SIGSEGV": ": it crashed",
        "SIGBUS": ": it crashed, perhaps because a file became shorter",
        "SIGABRT": ": it crashed",
        "SIGSYS": ": it asked the system for what it may not have",
    }
    return f"was killed by {name}{why.get(name, '')}"


def error_of(name: str, message: str, hint: str) -> AuditorError:
    """A foreseen failure of the child as an error of this process."""
    return _ERRORS.get(name, NotAudited)(message, hint=hint)


def _listen(stream: IO[bytes], heard: queue.Queue[bytes | None]) -> None:
    while line := stream.readline(MOST_LINE):
        heard.put(line)
    heard.put(None)


def _drain(stream: IO[bytes], kept: deque[bytes]) -> None:
    while line := stream.readline(1000):
        kept.append(line)
