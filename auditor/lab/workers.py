"""Do jobs in other processes, which end when this one does, however it ends."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from contextlib import contextmanager
from itertools import islice
from multiprocessing import connection
from typing import TypeVar

Job = TypeVar("Job")
Result = TypeVar("Result")


def cores() -> int:
    """How many cores this process may use, where the system says so."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def do_jobs(
    work: Callable[[Job], Result],
    stages: Sequence[Sequence[Job]],
    processes: int,
    done: Callable[[Result], None],
) -> None:
    """Do all jobs of a stage, several at a time, before those of the next.

    Workers run on one thread each. Whatever is raised, here or by `done`, ends them at once:
    what they were at is lost.

    Args:
        work: Does one job, in a worker; it, the jobs and the results travel by pickle.
        stages: The jobs.
        processes: How many at a time.
        done: Told each result, in this process, in the order in which they come.

    Raises:
        BrokenProcessPool: A worker was killed.
    """
    others = set(multiprocessing.active_children())
    workers = [_worker() for _ in range(processes)]
    try:
        for stage in stages:
            _do_stage(work, stage, workers, done)
    except BaseException:
        for process in set(multiprocessing.active_children()) - others:
            process.kill()
        raise
    finally:
        for worker in workers:
            worker.shutdown(cancel_futures=True)


def _worker() -> ProcessPoolExecutor:
    """A pool of one.

    One pool of several starts the next worker while a thread of it buries another that was just
    killed, and both work on the same list and pipes: errors of Python's own, or a process left.
    """
    return ProcessPoolExecutor(
        max_workers=1,
        mp_context=multiprocessing.get_context("spawn"),  # a forked torch may hang
        initializer=_begin,
    )


def _do_stage(
    work: Callable[[Job], Result],
    stage: Sequence[Job],
    workers: Sequence[ProcessPoolExecutor],
    done: Callable[[Result], None],
) -> None:
    jobs = iter(stage)
    at_work: dict[Future[Result], ProcessPoolExecutor] = {}

    def give(worker: ProcessPoolExecutor) -> None:
        for job in islice(jobs, 1):
            at_work[worker.submit(work, job)] = worker

    with _ctrl_c_later():
        for worker in workers:
            give(worker)
    while at_work:
        for future in wait(at_work, return_when=FIRST_COMPLETED).done:
            worker = at_work.pop(future)
            result = future.result()
            give(worker)
            done(result)


def do_here(
    work: Callable[[Job], Result], jobs: Sequence[Job], done: Callable[[Result], None]
) -> None:
    """Do jobs one after another in this process, on one thread as a worker does.

    So times can be compared, and floats add up in the same order.
    """
    import torch

    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        for job in jobs:
            done(work(job))
    finally:
        torch.set_num_threads(threads)


@contextmanager
def _ctrl_c_later() -> Iterator[None]:
    """Hold Ctrl-C back while workers are started, who inherit that and never hear of it.

    A terminal sends it to all processes. Only this one shall answer, and not with tracebacks.
    """
    if not hasattr(signal, "pthread_sigmask"):  # Windows
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _begin() -> None:
    import torch

    torch.set_num_threads(1)
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    """A killed parent must not leave workers that go on writing into its folder."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        connection.wait([parent.sentinel])
        os._exit(1)
