"""Ctrl-C: what was done until then is reported, and is never a verdict."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

import auditor.audit
from auditor.cli import demo
from auditor.models.fake import FakeClassifier
from tests.cli.conftest import Run, read_report
from tests.small_models import ENTITIES, LABELS, PER_ENTITY, write_pictures

PLANNED = 3 * len(ENTITIES) * PER_ENTITY
BATCH = 10
# Somebody may run these tests with the signal ignored, and children inherit that.
HEEDING_CTRL_C = """
import signal
signal.signal(signal.SIGINT, signal.default_int_handler)
from auditor.cli.main import main
main()
"""


def interrupted_after(batches: int) -> FakeClassifier:
    """A classifier at which somebody presses Ctrl-C once it has answered so many batches."""
    answered = 0

    def answer(pixels: np.ndarray) -> np.ndarray:
        nonlocal answered
        if answered == batches:
            raise KeyboardInterrupt
        answered += 1
        return np.tile(np.array([9.0, 0.0, 0.0, 0.0], np.float32), (len(pixels), 1))

    return FakeClassifier(LABELS, answer)


@pytest.fixture
def scan(
    run: Run,
    benign_models_show: Callable[[float], None],
    monkeypatch: pytest.MonkeyPatch,
    tiny_checkpoint: Path,
    pictures: Path,
    tmp_path: Path,
):
    """Scan with a classifier; gives how it ended and the report."""
    benign_models_show(0.0)

    def ran(classifier: FakeClassifier):
        monkeypatch.setattr(auditor.audit, "load_classifier", lambda *_, **__: classifier)
        ran = run(
            *("scan", tiny_checkpoint, "--entities", pictures, "--batch-size", BATCH),
            *("--output", f"json={tmp_path}/r", "--fail-on", "never"),
        )
        return ran, read_report(tmp_path / "r")

    return ran


@pytest.mark.parametrize("batches", [1, 4, 11])
def test_a_scan_that_is_interrupted_reports_how_far_it_came(scan, batches: int):
    ran, report = scan(interrupted_after(batches))
    assert ran.code == 3
    assert report["verdict"] == "not-audited"
    assert report["model"]["labels"] == list(LABELS)
    assert report["cost"]["probes"] == BATCH * batches
    assert report["skips"][0]["reason"] == (
        f"interrupted after {BATCH * batches} of {PLANNED} probes"
    )
    assert "not-audited" in ran.out


def test_what_was_measured_until_then_is_in_the_report(scan):
    _, report = scan(interrupted_after(11))
    shares = [item for item in report["evidence"] if item["kind"] == "class-share"]
    assert (shares[0]["target"]["index"], round(shares[0]["value"], 2)) == (0, 1.0)
    assert report["entities"]
    assert report["ranking"]


def test_a_scan_that_is_interrupted_before_the_first_answer(scan):
    ran, report = scan(interrupted_after(0))
    assert ran.code == 3
    assert report["verdict"] == "not-audited"
    assert report["skips"][0]["reason"] == "interrupted before the first probe was answered"
    assert "interrupted" in ran.err


def test_other_commands_end_as_not_audited_too(run: Run, monkeypatch: pytest.MonkeyPatch):
    def interrupted(*_arguments: object):
        raise KeyboardInterrupt

    monkeypatch.setattr(demo, "_play", interrupted)
    ran = run("demo")
    assert (ran.code, ran.out) == (3, "")
    assert ran.err == "interrupted: nothing was audited\n"


@pytest.mark.skipif(os.name != "posix", reason="needs a pseudo-terminal")
def test_ctrl_c_at_a_terminal_ends_a_running_scan_with_a_report(
    tiny_checkpoint: Path, tmp_path: Path
):
    import pty

    things = write_pictures(tmp_path / "things", tuple(f"t{i}" for i in range(60)), each=14)
    ours, theirs = pty.openpty()  # progress is drawn on a terminal only, and tells when to stop
    process = subprocess.Popen(
        [
            *(sys.executable, "-c", HEEDING_CTRL_C, "scan", tiny_checkpoint, "--depth", "deep"),
            *("--entities", things, "--batch-size", "1", "--output", f"json={tmp_path}/r"),
            *("--plan", "exhaustive"),
        ],
        stdout=subprocess.PIPE,
        stderr=theirs,
        cwd=Path(__file__).parent.parent.parent,
    )
    os.close(theirs)
    seen, answered = b"", re.compile(rf"\b[1-9]\d*/{3 * 60 * 14}".encode())
    with contextlib.suppress(OSError):  # what reading gives once the other side has hung up
        while chunk := os.read(ours, 1000):
            if not answered.search(seen) and answered.search(seen + chunk):
                process.send_signal(signal.SIGINT)
            seen += chunk
    out, _ = process.communicate(timeout=60)
    os.close(ours)
    assert process.returncode == 3
    report = read_report(tmp_path / "r")
    assert report["verdict"] == "not-audited"
    assert 0 < report["cost"]["probes"] < 3 * 60 * 14
    assert f"{report['cost']['probes']} of {3 * 60 * 14} probes" in report["skips"][0]["reason"]
    assert out.startswith(b"not-audited")
