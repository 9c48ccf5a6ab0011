"""A child that dies, hangs, lies or is stopped: the parent is told, and never dies of it."""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest

from auditor.box.child import Job
from auditor.box.limits import Limits
from auditor.box.parent import BoxedBug, Ended, Stop, run
from auditor.box.walls import Allowed
from auditor.errors import EntityError, NotAudited

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="signals and limits of Linux")

NO_LIMITS = Limits()


def done(
    task: str,
    said: Any = None,
    *,
    limits: Limits = NO_LIMITS,
    seconds: float | None = 60.0,
    progress: Any = lambda *_: None,
    expect: Any = lambda *_: None,
) -> Ended:
    job = Job(task="tests.box.tasks", said=[task, said], allowed=Allowed(), limits=limits)
    deadline = None if seconds is None else time.monotonic() + seconds
    return run(job, environment={}, deadline=deadline, progress=progress, expect=expect)


def test_a_task_tells_how_far_it_is_and_what_came_of_it():
    seen = []
    ended = done("count", 1000, progress=lambda *step: seen.append(step))
    assert (ended.value, ended.stopped) == (1000, None)
    assert seen[0] == ("counting", 1, 1000)
    assert seen[-1] == ("counting", 1000, 1000)
    assert len(seen) < 200  # nobody looks that often


def test_a_task_tells_what_it_is_going_to_take():
    told: list[tuple[int, float]] = []
    ended = done("estimate", [640, 12.5], expect=lambda *given: told.append(given))
    assert (ended.value, told) == ("done", [(640, 12.5)])


def test_a_failure_is_the_same_error_here():
    with pytest.raises(EntityError) as caught:
        done("fail")
    assert (caught.value.message, caught.value.hint) == ("nothing there", "Add something.")


def test_a_bug_is_told_with_where_it_happened():
    with pytest.raises(BoxedBug) as caught:
        done("break_down")
    assert repr(caught.value) == "RuntimeError('wires crossed')"
    assert "break_down" in caught.value.__notes__[0]


@pytest.mark.parametrize(
    ("task", "said", "limits", "reason"),
    [
        ("crash", None, NO_LIMITS, "SIGSEGV"),
        ("leave", None, NO_LIMITS, "status 7"),
        ("spin", None, Limits(cpu_seconds=1), "SIGXCPU|SIGKILL"),
        ("take", 2**32, Limits(memory_bytes=2**29), "memory ran out"),
        ("babble", None, NO_LIMITS, "cannot say"),
        ("shout", None, NO_LIMITS, "cannot say"),
        ("estimate", [640, float("nan")], NO_LIMITS, "cannot say"),
        ("estimate", [-1, 1.0], NO_LIMITS, "cannot say"),
    ],
)
def test_a_death_or_a_lie_is_no_audit_with_the_reason(
    task: str, said: Any, limits: Limits, reason: str
):
    with pytest.raises(NotAudited, match=reason) as caught:
        done(task, said, limits=limits)
    assert type(caught.value) is NotAudited
    if task == "crash":
        assert "last words" in caught.value.__notes__[0]


def test_what_is_printed_is_no_message_and_blocks_nobody():
    assert done("print_much").value == "done"


def test_whose_time_is_up_tells_what_was_done():
    for seconds in (2.0, 10.0, 50.0):  # a busy machine may take so long to start it
        try:
            ended = done("sleep", seconds=seconds)
        except NotAudited:
            continue
        assert (ended.value, ended.stopped) == ("half of it", Stop.TIMEOUT)
        return
    pytest.fail("the child never started in time")


def test_who_goes_on_after_its_time_is_killed():
    began = time.monotonic()
    with pytest.raises(NotAudited, match="time was up"):
        done("sleep_on", seconds=1.0)
    assert time.monotonic() - began < 30


@pytest.fixture
def interruptible() -> Iterator[None]:
    """Ctrl-C interrupts, also where whoever started the tests in the background had it ignored."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("interruptible")
def test_an_interrupt_is_handed_on_and_a_second_one_does_not_wait():
    def interrupt_at(first: Any) -> Any:
        return lambda *_: first()

    now = interrupt_at(lambda: signal.raise_signal(signal.SIGINT))
    ended = done("sleep", seconds=None, progress=now)
    assert (ended.value, ended.stopped) == ("half of it", Stop.INTERRUPT)

    began = 0.0

    def twice() -> None:
        nonlocal began
        began = time.monotonic()
        threading.Timer(1.0, os.kill, (os.getpid(), signal.SIGINT)).start()
        signal.raise_signal(signal.SIGINT)

    with pytest.raises(KeyboardInterrupt):
        done("sleep_on", seconds=None, progress=interrupt_at(twice))
    assert time.monotonic() - began < 25  # and not the half minute that one interrupt gives it
