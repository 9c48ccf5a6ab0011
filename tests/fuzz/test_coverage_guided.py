"""A bounded run of the coverage-guided fuzzer; `make fuzz` is the long one."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from pathlib import Path

import pytest

from tests.fuzz.targets import TARGETS

ROOT = Path(__file__).parents[2]
SECONDS = 3  # of one share; twenty seconds more where modules are instrumented on a busy machine
SEED = 1  # so that a failure is of the change, not of the day; `make fuzz` looks further

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        importlib.util.find_spec("atheris") is None, reason="atheris has no wheel for this platform"
    ),
]


def fuzz(target: str, *options: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "tests.fuzz.coverage_guided", target, *options],
        capture_output=True,
        text=True,
        cwd=ROOT,
        check=False,
    )


@pytest.mark.parametrize("target", TARGETS)
def test_nothing_is_found_in_a_few_seconds(target: str, tmp_path: Path):
    seconds = SECONDS * TARGETS[target].share
    options = (f"-max_total_time={seconds}", f"-artifact_prefix={tmp_path}/", f"-seed={SEED}")
    ran = fuzz(target, *options)
    assert ran.returncode == 0, ran.stderr[-3000:]
    assert list(tmp_path.iterdir()) == []


def test_a_target_that_is_not_there_is_refused():
    assert fuzz("no-such").returncode == 2
