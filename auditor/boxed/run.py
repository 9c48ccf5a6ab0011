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
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar, cast

from pydantic import TypeAdapter, ValidationError

from auditor.answers.place import PLACE_VARIABLE, cache_folder, own_folder, tidy
from auditor.box.child import Job
from auditor.box.limits import Limits, machine_bytes
from auditor.box.parent import OUT_OF_TIME, Ended, Stop
from auditor.box.parent import run as run_boxed
from auditor.box.walls import Allowed
from auditor.boxed.bring import Brought, bring
from auditor.config import ScanSettings
from auditor.errors import NotAudited
from auditor.shipped import shipped
from auditor.types import Report, Skip, Verdict
from auditor.watch import Progress

# What numerics take for a small model, and what each byte of weights becomes: a file in memory, a
# network, and what is made on the way.
MEMORY_BYTES, MEMORY_PER_WEIGHT_BYTE = 8 * 1024**3, 4
_DRIVERS = ("/dev/nvidiactl", "/dev/kfd")
_T = TypeVar("_T")


def boxed(
    task: str,
    settings: ScanSettings,
    of_scan: ScanSettings,
    kind: Callable[[], type[_T]],
    *,
    writable: tuple[str, ...] = (),
    progress: Progress,
) -> tuple[_T, Ended]:
    """Fetch what the task will read, do it in a child, and check what comes back.

    Args:
        task: The module with the task; see `auditor.box.child.Job`.
        settings: What the task takes.
        of_scan: The part of it that names model, base and data.
        kind: Gives what the task's answer must be. Asked while the child works, for the sake of
            what is imported for it.
        writable: Folders in which the task makes files, and moves them from one to another.
        progress: Told how far a stage is.

    Raises:
        NotAudited: As the task; or the child died.
        UsageError: A setting is wrong.
        KeyboardInterrupt: It came before there was anything to tell.
    """
    deadline = None if of_scan.timeout is None else time.monotonic() + of_scan.timeout
    brought = _in_time(deadline, lambda: bring(of_scan))
    readers: list[TypeAdapter[_T]] = []
    answers = _answers(of_scan)
    with tempfile.TemporaryDirectory(prefix="auditor-", ignore_cleanup_errors=True) as room:
        rooms = (room,) if answers is None else (room, str(answers))
        ended = run_boxed(
            _job(task, settings, of_scan, brought, writable, rooms),
            environment=_environment(answers)
            | {"TMPDIR": room, "TEMP": room, "TMP": room, "HF_MODULES_CACHE": room},
            deadline=deadline,
            progress=progress,
            meanwhile=lambda: readers.append(TypeAdapter(kind())),
        )
    return _checked(readers[0], ended.value), ended


def _job(
    task: str,
    settings: ScanSettings,
    of_scan: ScanSettings,
    brought: Brought,
    writable: tuple[str, ...],
    rooms: tuple[str, ...],
) -> Job:
    shared = (str(shipped("rules")), str(shipped("reports")))
    cpu = None if of_scan.timeout is None else int(of_scan.timeout * (os.cpu_count() or 1)) + 60
    return Job(
        task=task,
        said={
            "settings": TypeAdapter(type(settings)).dump_python(settings, warnings=False),
            "no_base": brought.no_base,
        },
        allowed=Allowed(
            readable=(*brought.paths, *shared),
            writable=(*writable, *rooms),
            moves=bool(writable),
        ),
        limits=Limits(memory_bytes=_memory(of_scan, brought), cpu_seconds=cpu),
    )


def _memory(settings: ScanSettings, brought: Brought) -> int | None:
    """Enough for an honest model, and no more than there is; on a GPU nobody knows how much."""
    if settings.device != "cpu" and any(os.path.exists(path) for path in _DRIVERS):
        return None
    wanted = MEMORY_BYTES + MEMORY_PER_WEIGHT_BYTE * brought.weight_bytes
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
        raise NotAudited(
            "what the process that ran the model sent is no report: nothing of it is believed",
            hint="Do not trust this model.",
        ) from error


def with_remarks(report: Report, ended: Ended, settings: ScanSettings) -> Report:
    """The report with what the box could not do, and that the time was up."""
    notices = tuple(f"the box of the model has a gap: {gap}" for gap in ended.missing)
    report = replace(report, notices=(*report.notices, *notices))
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
