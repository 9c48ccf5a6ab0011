from __future__ import annotations

import multiprocessing
import os
import time
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool

import pytest

from auditor.lab.workers import cores, do_jobs, submitted

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


def test_a_pool_that_breaks_while_it_is_given_jobs_is_said_to_be_broken():
    """Met once: a worker was killed while the second was started, whose pipes were closed."""
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
        pool._call_queue._reader.close()
        with pytest.raises(BrokenProcessPool, match="killed while others were started"):
            submitted(pool, sleep_and_say, [0.0])
