"""Ask only what was not answered before, and keep every answer as soon as there is one.

A file is named after all that decides an answer: who is asked, by what, and the very pixels of
the batch. So nothing has to be locked: two scans of one model write the same files, and what is
not found, or cannot be read, is simply asked.
"""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from auditor.answers.asked import Asked
from auditor.answers.entry import DamagedEntry, can_be_kept, from_bytes, most_bytes, to_bytes
from auditor.answers.place import PARTIAL, SUFFIX, own_folder
from auditor.models.classifier import Pixels
from auditor.models.patience import Answered, Features, Look

MOST_WRITTEN = 1024**3  # bytes by one scan
_AHEAD = 2  # batches that may wait to be written

Ask = Callable[[Pixels], Answered]


@dataclass(slots=True, eq=False)
class KeptAnswers:
    """The answers of one model on disk; a context manager, at whose end all is written.

    Attributes:
        asked: Who is asked.
        root: The cache; None keeps nothing.
        remembered: Pictures that need not be shown, because an earlier scan had.
        fit: Most pictures at a time that memory had room for, now or then; None if for all.
    """

    asked: Asked
    root: Path | None
    remembered: int = 0
    fit: int | None = None
    _folder: Path | None = None
    _is_new: bool = True
    _why_not: str = ""
    _damaged: int = 0
    _written: int = 0
    _writer: ThreadPoolExecutor = field(default_factory=lambda: ThreadPoolExecutor(1))
    _waiting: deque[Future[None]] = field(default_factory=deque)

    def __enter__(self) -> KeptAnswers:
        if self.root is not None:
            try:
                self._folder = own_folder(own_folder(self.root) / self.asked.name)
                self._is_new = not any(self._folder.iterdir())
            except OSError as error:
                self._stop(error)
        return self

    def __exit__(self, *_: object) -> None:
        self._writer.shutdown(wait=True)

    def look(self, ask: Ask) -> Look:
        """How to ask for what was not answered before."""

        def look(pixels: Pixels) -> tuple[NDArray[np.float32], Features]:
            answered = self.answered(pixels, ask)
            return answered.logits, answered.features

        return look

    def answered(self, pixels: Pixels, ask: Ask) -> Answered:
        """What was answered before; else ask, and keep it."""
        if self._folder is None:
            return self._noted(ask(pixels))
        path = None if self._is_new else self._path(pixels)
        found = None if path is None else self._found(path, len(pixels))
        if found is not None:
            self.remembered += len(pixels)
            return self._noted(found)
        answered = self._noted(ask(pixels))
        while len(self._waiting) >= _AHEAD:
            self._waiting.popleft().result()
        self._waiting.append(self._writer.submit(self._write, pixels, path, answered))
        return answered

    def notices(self) -> tuple[str, ...]:
        """What a reader should know of it."""
        notices = [*self.damages()]
        if self._why_not:
            notices.append(
                f"answers are not kept in the cache, so that a scan which is cut off starts anew: "
                f"{self._why_not}"
            )
        return tuple(notices)

    def damages(self) -> tuple[str, ...]:
        """What was found, and was no answer."""
        if not self._damaged:
            return ()
        return (f"damaged answers in the cache, asked for again: {self._damaged}",)

    def _noted(self, answered: Answered) -> Answered:
        if answered.fit is not None:
            self.fit = answered.fit if self.fit is None else min(self.fit, answered.fit)
        return answered

    def _path(self, pixels: Pixels) -> Path:
        assert self._folder is not None
        named = hashlib.sha256(f"{pixels.shape} {pixels.dtype}\n".encode())
        named.update(np.ascontiguousarray(pixels).data)
        return self._folder / f"{named.hexdigest()}{SUFFIX}"

    def _found(self, path: Path, pictures: int) -> Answered | None:
        try:
            with path.open("rb") as file:
                content = file.read(most_bytes(pictures, self.asked.shape))
            answered = from_bytes(content, pictures, self.asked.shape)
            os.utime(path)
        except FileNotFoundError:
            return None
        except (OSError, DamagedEntry):
            self._damaged += 1
            return None
        return answered

    def _write(self, pixels: Pixels, path: Path | None, answered: Answered) -> None:
        """Beside the next forward passes, in a thread: hashing and writing let go of the lock."""
        if self._folder is None or not can_be_kept(answered, self.asked.shape):
            return
        path = path or self._path(pixels)
        try:
            content = to_bytes(answered)
            self._written += len(content)
            if self._written > MOST_WRITTEN:
                raise OSError(None, f"they would take more than {MOST_WRITTEN // 1024**3} GiB")
            _write_whole(path, content)
        except OSError as error:
            self._stop(error)

    def _stop(self, error: OSError) -> None:
        self._folder, self._why_not = None, error.strerror or type(error).__name__


def _write_whole(path: Path, content: bytes) -> None:
    """The file is there with all of it, or not at all, whenever the process is killed."""
    number, partial = tempfile.mkstemp(PARTIAL, path.name[:16], path.parent)
    try:
        with open(number, "wb") as file:
            file.write(content)
        os.replace(partial, path)
    except BaseException:
        os.unlink(partial)
        raise
