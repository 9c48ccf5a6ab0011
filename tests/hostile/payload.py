"""What a hostile file would run: it leaves a file and rings a bell. Made when a test needs it.

Nothing of it lies in the repository as a file that could be loaded.
"""

from __future__ import annotations

import pickle
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True, slots=True)
class Canary:
    """A file that a payload would create, and a loopback socket that it would connect to."""

    file: Path
    bell: socket.socket

    @property
    def code(self) -> str:
        """One line of Python that does both."""
        port = self.bell.getsockname()[1]
        return (
            f"import pathlib, socket; pathlib.Path({str(self.file)!r}).touch(); "
            f"socket.create_connection(('127.0.0.1', {port}), 2).close()"
        )

    @property
    def tripped(self) -> bool:
        """Whether anything ran."""
        try:
            self.bell.accept()[0].close()
        except BlockingIOError:
            return self.file.exists()
        return True


@contextmanager
def canary(folder: Path) -> Iterator[Canary]:
    """A canary that is alive while the block runs."""
    with socket.create_server(("127.0.0.1", 0), backlog=64) as bell:
        bell.setblocking(False)
        yield Canary(folder / "canary", bell)


class _Runs:
    def __init__(self, code: str) -> None:
        self.code = code

    def __reduce__(self) -> tuple[Any, ...]:
        return exec, (self.code,)


def pickled(code: str, protocol: int = 2) -> bytes:
    """A pickle that runs code when it is loaded."""
    return pickle.dumps(_Runs(code), protocol=protocol)


def pickled_by_hand(code: str) -> bytes:
    """The same in protocol 4, with the name of the function taken from the memo."""
    text = code.encode()
    return (
        b"\x80\x04\x8c\x08builtins\x94\x8c\x04exec\x94h\x00h\x01\x93"
        + b"X"
        + len(text).to_bytes(4, "little")
        + text
        + b"\x85R."
    )


def pickled_then_broken(code: str) -> bytes:
    """It runs, and only then comes to what cannot be read."""
    return pickled(code)[:-1] + b"0\xff\xff\xff"


def module(code: str) -> str:
    """A file of code that runs on import, and then looks like a model."""
    return (
        f"{code}\n\nclass EvilForImageClassification:\n    pass\n\n\nclass EvilConfig:\n    pass\n"
    )
