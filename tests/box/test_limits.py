from __future__ import annotations

import os
import sys

import pytest

from auditor.box.limits import Limits, lacking, machine_bytes


@pytest.mark.skipif(sys.platform == "win32", reason="Windows does not say")
def test_no_more_memory_is_given_than_the_machine_has():
    there = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    assert 0 < machine_bytes() < there


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux limits what is written to")
def test_a_limit_that_is_not_set_is_told():
    assert lacking(Limits(memory_bytes=2**32)) == ()
    assert "memory" in lacking(Limits())[0]
