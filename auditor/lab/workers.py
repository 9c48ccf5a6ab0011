"""Do jobs in other processes, which end when this one does, however it ends."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from multiprocessing.connection import wait
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
    pool = ProcessPoolExecutor(
        max_workers=processes,
        mp_context=multiprocessing.get_context("spawn"),  # a forked torch may hang
        initializer=_begin,
    )
    try:
        for stage in stages:
            with _ctrl_c_later():
                waiting = submitted(pool, work, stage)
            for future in as_completed(waiting):
                done(future.result())
    except BaseException:
        for worker in set(multiprocessing.active_children()) - others:
            worker.kill()
        raise
    finally:
        pool.shutdown(cancel_futures=True)


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


def submitted(
    pool: ProcessPoolExecutor, work: Callable[[Job], Result], jobs: Sequence[Job]
) -> list[Future[Result]]:
    """Give all jobs to a pool, which starts a worker with each of the first.

    Raises:
        BrokenProcessPool: A worker was killed meanwhile.
    """
    try:
        return [pool.submit(work, job) for job in jobs]
    except OSError as error:
        # A pool that breaks closes its pipes, and the next worker cannot be given them: an error
        # of Python's own, without a number. One of the system, such as no process left, has one.
        if error.errno is None:
            raise BrokenProcessPool("a worker was killed while others were started") from error
        raise


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
        wait([parent.sentinel])
        os._exit(1)
