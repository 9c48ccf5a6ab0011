"""What a model that has taken over its process would try."""

from __future__ import annotations

import ctypes
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

from auditor.errors import EntityError


def _outcome(attempt: Any) -> str:
    try:
        return f"did it: {attempt()}"
    except OSError as error:
        return type(error).__name__


def try_all(said: dict, _progress: Any) -> dict[str, str]:
    return {name: _outcome(lambda name=name: ATTEMPTS[name](said)) for name in said["attempts"]}


def _connect(said: dict) -> None:
    socket.create_connection(("127.0.0.1", said["port"]), timeout=2).close()


def _connect_by_path(said: dict) -> None:
    with socket.socket(socket.AF_UNIX) as mine:
        mine.connect(said["path"])


def _in_a_thread(said: dict) -> None:
    seen: list[BaseException] = []

    def attempt() -> None:
        try:
            Path(said["secret"]).read_text()
        except OSError as error:
            seen.append(error)

    thread = threading.Thread(target=attempt)
    thread.start()
    thread.join()
    if seen:
        raise seen[0]


ATTEMPTS = {
    "read what it was given": lambda said: Path(said["model"]).read_text(),
    "write to what it was given": lambda said: Path(said["model"]).write_text("changed"),
    "remove what it was given": lambda said: Path(said["model"]).unlink(),
    "write where it may": lambda said: Path(said["room"], "new").write_text("kept"),
    "read a secret": lambda said: Path(said["secret"]).read_text(),
    "read a secret in a thread": _in_a_thread,
    "list the home": lambda said: os.listdir(os.path.dirname(said["secret"])),
    "read the parent's environment": lambda _: Path(f"/proc/{os.getppid()}/environ").read_bytes(),
    "link to a secret": lambda said: os.link(said["secret"], os.path.join(said["room"], "it")),
    "write elsewhere": lambda said: Path(said["secret"]).with_name("new").write_text("x"),
    "connect": _connect,
    "connect by path": _connect_by_path,
    "start a program": lambda _: subprocess.run(["/bin/true"], check=True),
    "become a program": lambda _: os.execv("/bin/true", ["true"]),
    "fork": lambda _: os.fork() or os._exit(0),
    "end its parent": lambda _: os.kill(os.getppid(), 0),
    "open too many files": lambda _: [open(os.devnull) for _ in range(5000)],  # noqa: SIM115
}


def environment(_said: Any, _progress: Any) -> dict[str, str]:
    return dict(os.environ)


def count(said: int, progress: Any) -> int:
    for done in range(1, said + 1):
        progress("counting", done, said)
    return said


def estimate(said: list[float], tell: Any) -> str:
    tell.expect(*said)
    return "done"


def take(said: int, _progress: Any) -> int:
    return len(bytearray(said))


def fail(_said: Any, _progress: Any) -> None:
    raise EntityError("nothing there", hint="Add something.")


def break_down(_said: Any, _progress: Any) -> None:
    raise RuntimeError("wires crossed")


def crash(_said: Any, _progress: Any) -> None:
    print("last words", file=sys.stderr, flush=True)
    ctypes.string_at(0)


def leave(_said: Any, _progress: Any) -> None:
    os._exit(7)


def spin(_said: Any, _progress: Any) -> None:
    while True:
        pass


def sleep(_said: Any, progress: Any) -> str:
    """Until it is interrupted; then it tells what was done."""
    try:
        progress("sleeping", 1, 2)
        for _ in range(600):  # a signal that comes as one long sleep begins would not end it
            time.sleep(0.1)
    except KeyboardInterrupt:
        return "half of it"
    return "all of it"


def sleep_on(_said: Any, progress: Any) -> None:
    """Whoever interrupts it."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    progress("sleeping", 1, 2)
    time.sleep(60)


def babble(_said: Any, _progress: Any) -> None:
    """Write to the channel what it may not say."""
    for number in range(3, 20):
        try:
            os.write(number, b'{"kind": "result", "value": 1, "more": 2}\n')
        except OSError:
            continue


def shout(_said: Any, progress: Any) -> None:
    progress("\x1b[2Jstage", 1, 2)


def print_much(_said: Any, _progress: Any) -> str:
    print("x" * 300_000)
    os.write(1, b"not a message\n")
    return "done"


TASKS = {
    task.__name__: task
    for task in (
        *(try_all, environment, count, estimate, take, fail, break_down, crash, leave, spin),
        *(sleep, sleep_on, babble, shout, print_much),
    )
}


def run(said: Any, progress: Any) -> Any:
    name, given = said
    return TASKS[name](given, progress)
