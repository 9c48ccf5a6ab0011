"""A task that is of no use by halves."""

from __future__ import annotations

import os
import signal

import pytest

from auditor.boxed.whole import all_or_nothing
from auditor.errors import EntityError, NotAudited

pytestmark = pytest.mark.skipif(os.name != "posix", reason="signals of POSIX")


def swallow_an_interrupt() -> None:
    """As a scan does, which then says what was answered."""
    try:
        signal.raise_signal(signal.SIGINT)
    except KeyboardInterrupt:
        return


def heard(*, tells_more: bool) -> list[str]:
    """What is told of a whole with an interrupt in it."""
    stages: list[str] = []

    def work() -> None:
        with all_or_nothing(lambda stage, *_: stages.append(stage), "less") as told:
            told("scan", 1, 2)
            swallow_an_interrupt()
            if tells_more:
                told("tuning", 1, 2)
                stages.append("after it")

    with pytest.raises(KeyboardInterrupt):
        work()
    return stages


@pytest.mark.parametrize("tells_more", [True, False])
def test_an_interrupt_that_a_part_swallows_ends_the_whole(tells_more: bool):
    before = signal.getsignal(signal.SIGINT)
    assert heard(tells_more=tells_more) == ["scan"]
    assert signal.getsignal(signal.SIGINT) is before


def test_memory_that_runs_out_is_no_bug():
    said = "[enforce fail at alloc_cpu.cpp] DefaultCPUAllocator: can't allocate memory: 8 bytes"
    with (
        pytest.raises(NotAudited, match="memory ran out") as caught,
        all_or_nothing(lambda *_: None, "a smaller --batch"),
    ):
        raise RuntimeError(said)
    assert "a smaller --batch" in caught.value.hint


@pytest.mark.parametrize("error", [EntityError("out of memory", hint="h"), ValueError("wires")])
def test_whatever_else_is_wrong_is_told_as_it_is(error: Exception):
    with pytest.raises(type(error)), all_or_nothing(lambda *_: None, "less"):
        raise error
