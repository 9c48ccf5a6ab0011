"""A task with the model in a box: the same answer, from a process that can do little.

The network is for this process alone, and the model for the other: neither has both.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import queue
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar, cast

from pydantic import TypeAdapter, ValidationError

from auditor.answers.place import PLACE_VARIABLE, cache_folder, own_folder, tidy
from auditor.box.child import Job
from auditor.box.limits import Limits, machine_bytes
from auditor.box.parent import OUT_OF_TIME, Ended, Expect, Stop, nobody_asks
from auditor.box.parent import run as run_boxed
from auditor.box.walls import Allowed
from auditor.boxed.bring import Brought
from auditor.config import ScanSettings
from auditor.errors import NotAudited
from auditor.shipped import shipped
from auditor.types import Report, Skip, Verdict
from auditor.watch import Progress

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

NO_REPORT = "what the process that ran the model sent is no report: nothing of it is believed"
UNTRUSTED = "Do not trust this model."
_DRIVERS = ("/dev/nvidiactl", "/dev/kfd")
_T = TypeVar("_T")


class Memory(NamedTuple):
    """What a task may take: so many bytes, and so many more for each byte of weights."""

    fixed_bytes: int
    per_weight_byte: int


# What numerics take for a small model, and what each byte of weights becomes: a file in memory, a
# network, and what is made on the way.
OF_A_SCAN = Memory(8 * 1024**3, 4)
# Every layer's answers to a batch are kept for its gradients; and there are gradients, momentum,
# and the models before and after beside each other.
OF_TUNING = Memory(16 * 1024**3, 16)


@dataclass(frozen=True, slots=True, kw_only=True)
class Errand:
    """A task, what it takes, and what it may have of this machine.

    Attributes:
        task: The module with the task; see `auditor.box.child.Job`.
        settings: What the task takes.
        bring: Fetches what it will read, and says where that lies.
        device: Where it computes.
        timeout: Seconds, fetching and all; None for any length of time.
        scan: The scan whose answers it keeps; None for none.
        room: A folder that it writes to; None for none.
        memory: How much of it there is.
    """

    task: str
    settings: DataclassInstance
    bring: Callable[[], Brought]
    device: str
    timeout: float | None
    scan: ScanSettings | None = None
    room: Path | None = None
    memory: Memory = OF_A_SCAN


def boxed(
    errand: Errand,
    kind: Callable[[], type[_T]],
    *,
    progress: Progress,
    expect: Expect = nobody_asks,
) -> tuple[_T, Ended, Brought]:
    """Fetch what the task will read, do it in a child, and check what comes back.

    Args:
        errand: The task.
        kind: Gives what the task's answer must be. Asked while the child works, for the sake of
            what is imported for it.
        progress: Told how far a stage is.
        expect: Told steps and seconds that the task is going to take, where it says so.

    Raises:
        NotAudited: As the task; or the child died.
        UsageError: A setting is wrong.
        KeyboardInterrupt: It came before there was anything to tell.
    """
    deadline = None if errand.timeout is None else time.monotonic() + errand.timeout
    brought = _in_time(deadline, errand.bring)
    readers: list[TypeAdapter[_T]] = []
    answers = None if errand.scan is None else _answers(errand.scan)
    with tempfile.TemporaryDirectory(prefix="auditor-", ignore_cleanup_errors=True) as temporary:
        ended = run_boxed(
            _job(errand, brought, (errand.room, answers, Path(temporary))),
            environment=_environment(answers)
            | {"TMPDIR": temporary, "TEMP": temporary, "TMP": temporary}
            | {"HF_MODULES_CACHE": temporary},
            deadline=deadline,
            progress=progress,
            expect=expect,
            meanwhile=lambda: readers.append(TypeAdapter(kind())),
        )
    return _checked(readers[0], ended.value), ended, brought


def _job(errand: Errand, brought: Brought, rooms: Sequence[Path | None]) -> Job:
    shared = (str(shipped("rules")), str(shipped("reports")))
    timeout, settings = errand.timeout, errand.settings
    cpu = None if timeout is None else int(timeout * (os.cpu_count() or 1)) + 60
    return Job(
        task=errand.task,
        said={
            "settings": TypeAdapter(type(settings)).dump_python(settings, warnings=False),
            "no_base": brought.no_base,
            "room": None if errand.room is None else str(errand.room),
        },
        allowed=Allowed(
            readable=(*brought.paths, *shared),
            writable=tuple(str(room) for room in rooms if room is not None),
        ),
        limits=Limits(memory_bytes=_memory(errand, brought), cpu_seconds=cpu),
    )


def _memory(errand: Errand, brought: Brought) -> int | None:
    """Enough for an honest model, and no more than there is; on a GPU nobody knows how much."""
    if errand.device != "cpu" and any(os.path.exists(path) for path in _DRIVERS):
        return None
    wanted = errand.memory.fixed_bytes + errand.memory.per_weight_byte * brought.weight_bytes
    return min(wanted, machine_bytes() or wanted)


def _answers(settings: ScanSettings) -> Path | None:
    """Where this model's answers are kept, apart from those of others: it may write there."""
    if not settings.resume:
        return None
    place = os.path.realpath(settings.model) if os.path.exists(settings.model) else settings.model
    named = hashlib.sha256(place.encode(errors="surrogatepass")).hexdigest()[:16]
    folder = cache_folder() / named
    with contextlib.suppress(OSError):  # the child will say that it cannot write there
        own_folder(folder)
        tidy(cache_folder())
    return folder


def _environment(answers: Path | None) -> dict[str, str]:
    """What the child is told besides: where caches lie that this process may have been given."""
    told = {} if answers is None else {PLACE_VARIABLE: str(answers)}
    hub = sys.modules.get("huggingface_hub.constants")
    return told if hub is None else {**told, "HF_HUB_CACHE": str(hub.HF_HUB_CACHE)}


def _checked(reader: TypeAdapter[_T], value: Any) -> _T:
    try:
        return reader.validate_python(value)
    except ValidationError as error:
        raise NotAudited(NO_REPORT, hint=UNTRUSTED) from error


def gaps(ended: Ended) -> tuple[str, ...]:
    """What the box could not do, as notices."""
    return tuple(f"the box of the model has a gap: {gap}" for gap in ended.missing)


def with_remarks(report: Report, ended: Ended, settings: ScanSettings) -> Report:
    """The report with what the box could not do, and that the time was up."""
    report = replace(report, notices=(*report.notices, *gaps(ended)))
    if ended.stopped is not Stop.TIMEOUT or report.verdict is not Verdict.NOT_AUDITED:
        return report
    up = Skip(
        subject="scan",
        reason=f"stopped at --timeout {settings.timeout:g}",
        remedy=OUT_OF_TIME,
    )
    return replace(report, skips=(up, *report.skips))


def _in_time(deadline: float | None, call: Callable[[], _T]) -> _T:
    """The call's answer, or none where it takes too long.

    Raises:
        NotAudited: The time is up.
    """
    if deadline is None:
        return call()
    answers: queue.SimpleQueue[tuple[_T | None, BaseException | None]] = queue.SimpleQueue()

    def answer() -> None:
        try:
            answers.put((call(), None))
        except BaseException as error:
            answers.put((None, error))

    threading.Thread(target=answer, daemon=True).start()
    try:
        value, error = answers.get(timeout=max(deadline - time.monotonic(), 0))
    except queue.Empty:
        raise NotAudited("the time was up before all was fetched", hint=OUT_OF_TIME) from None
    if error is not None:
        raise error
    return cast(_T, value)
