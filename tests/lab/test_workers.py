from __future__ import annotations

import multiprocessing
import os
import threading
import time
from concurrent.futures.process import BrokenProcessPool

import pytest

from auditor.lab.workers import cores, do_jobs

LONG = 300.0  # seconds: a test that has to wait for it fails


def sleep_and_say(seconds: float) -> tuple[float, int, int]:
    """A job: not to end soon, to fail, or to say how long it slept, where, on how many threads."""
    import torch

    if seconds < 0:
        raise ValueError(f"nobody sleeps {seconds} seconds")
    time.sleep(seconds)
    return seconds, os.getpid(), torch.get_num_threads()


def test_every_job_of_a_stage_is_done_before_the_next_on_one_thread_each():
    told: list[tuple[float, int, int]] = []
    do_jobs(sleep_and_say, [[0.2, 0.1], [0.0]], 2, told.append)
    assert sorted(seconds for seconds, _, _ in told[:2]) == [0.1, 0.2]
    assert told[2][0] == 0.0
    assert {threads for _, _, threads in told} == {1}
    assert os.getpid() not in {process for _, process, _ in told}
    assert multiprocessing.active_children() == []


def test_an_error_ends_the_other_workers_at_once():
    begun = time.monotonic()
    with pytest.raises(ValueError, match="nobody sleeps -1 seconds"):
        do_jobs(sleep_and_say, [[LONG, -1]], 2, print)
    assert time.monotonic() - begun < LONG
    assert multiprocessing.active_children() == []


def test_there_is_a_core():
    assert 1 <= cores() <= (os.cpu_count() or 1)


@pytest.mark.slow
def test_a_worker_that_is_killed_while_the_others_start_is_always_said(
    monkeypatch: pytest.MonkeyPatch,
):
    """Met now and then: a traceback of Python's own instead, one in a thread, or a worker left."""
    in_threads: list[object] = []
    monkeypatch.setattr(threading, "excepthook", in_threads.append)
    for at in range(300):
        killer = threading.Thread(target=_kill_the_first, args=(at % 10 / 1000,))
        killer.start()
        with pytest.raises(BrokenProcessPool):
            do_jobs(sleep_and_say, [[LONG] * 3], 2, print)
        killer.join()
        assert multiprocessing.active_children() == []
    assert in_threads == []


def _kill_the_first(delay: float) -> None:
    while not (begun := multiprocessing.active_children()):
        pass
    time.sleep(delay)
    begun[0].kill()
