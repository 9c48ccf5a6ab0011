"""A task that is of no use by halves: whatever ends it early ends all of it, with the reason."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from auditor.errors import AuditorError, NotAudited
from auditor.models.patience import is_out_of_memory
from auditor.watch import Progress

NO_MEMORY = "memory ran out while the model was tuned or measured"


@contextmanager
def all_or_nothing(progress: Progress, smaller: str) -> Iterator[Progress]:
    """Progress to be told within the block, which ends soon after it was interrupted.

    A scan that is interrupted says what was answered until then; a repair would take that for
    the scan, and go on.

    Args:
        progress: Told how far a stage is.
        smaller: What makes it take less memory, as a part of a sentence.

    Raises:
        KeyboardInterrupt: It was interrupted.
        NotAudited: Memory ran out.
    """
    asked = False

    def interrupt(_number: int, _frame: FrameType | None) -> None:
        nonlocal asked
        asked = True
        raise KeyboardInterrupt

    def told(stage: str, done: int, total: int) -> None:
        if asked:
            raise KeyboardInterrupt
        progress(stage, done, total)

    before = signal.signal(signal.SIGINT, interrupt)
    try:
        yield told
        if asked:
            raise KeyboardInterrupt
    except AuditorError:
        raise
    except Exception as error:
        if not is_out_of_memory(error):
            raise
        raise NotAudited(
            NO_MEMORY, hint=f"Use a machine with more memory, or {smaller}."
        ) from error
    finally:
        signal.signal(signal.SIGINT, before)
