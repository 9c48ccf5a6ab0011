"""Killed at any moment, a scan or a repair goes on where it stopped, and ends as if unbroken."""

from __future__ import annotations

import hashlib
import json
import multiprocessing
import os
import shutil
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from auditor.answers.place import PARTIAL, SUFFIX
from auditor.config import ScanSettings
from auditor.repair.settings import RepairSettings
from tests.boxed import killed
from tests.repair.conftest import bent_checkpoint, clean_folder  # noqa: F401 - fixtures
from tests.small_models import LABELS

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="needs forks and SIGKILL")

BATCH = 4
# What a run takes, and not what it found.
_OF_THE_RUN = {
    *("started", "finished", "seconds", "seconds_model", "peak_rss_bytes"),
    *("forward_passes", "remembered"),
}


@dataclass(slots=True)
class Story:
    """One command, started again and again in one place."""

    run: Callable[..., None]
    settings: Any
    room: Path
    unbroken: Any = None
    seconds: float = 0.0
    weights: bytes = b""

    @property
    def report(self) -> Path:
        return self.room / "report.json"

    @property
    def out(self) -> Path:
        return self.room / "out"

    @property
    def cache(self) -> Path:
        return self.room / "cache"

    def start(self) -> multiprocessing.Process:
        os.environ["AUDITOR_CACHE"] = str(self.cache)
        process = FORKS.Process(
            target=_told, args=(self.run, self.settings, self.report, self.cache)
        )
        process.start()
        return process

    def to_the_end(self) -> dict:
        process = self.start()
        process.join()
        assert process.exitcode == 0
        return json.loads(self.report.read_text())

    def begin(self) -> None:
        """Run it once unbroken, and forget what it kept."""
        self.to_the_end()  # the first run of all warms up
        self.forget()
        began = time.monotonic()
        self.unbroken = self.to_the_end()
        self.seconds = time.monotonic() - began
        if self.out.exists():
            self.weights = (self.out / "model.safetensors").read_bytes()
        self.forget()

    def forget(self) -> None:
        shutil.rmtree(self.cache, ignore_errors=True)
        shutil.rmtree(self.out, ignore_errors=True)
        self.report.unlink(missing_ok=True)

    def kill(self, rng: np.random.Generator, times: int) -> None:
        """Kill it at random moments; what is there afterwards is whole."""
        kills, latest = 0, 0.95 * self.seconds
        while kills < times:
            process = self.start()
            process.join(timeout=rng.uniform(0, latest))
            process.kill()
            process.join()
            kills += process.exitcode != 0
            self.check_that_all_is_whole()
            if process.exitcode == 0:  # it had less to do than thought
                latest *= 0.7
            if self.report.exists() or self.out.exists():
                self.report.unlink(missing_ok=True)
                shutil.rmtree(self.out, ignore_errors=True)

    def check_that_all_is_whole(self) -> None:
        self.entries()
        if self.report.exists():
            assert stripped(json.loads(self.report.read_text())) == stripped(self.unbroken)
        if self.out.exists():
            assert (self.out / "model.safetensors").read_bytes() == self.weights

    def entries(self) -> dict[Path, int]:
        """The answers that are kept, by the number of their file."""
        kept = [path for path in self.cache.rglob("*") if path.is_file()]
        assert {path.suffix for path in kept} <= {SUFFIX, PARTIAL}
        whole = [path for path in kept if path.suffix == SUFFIX]
        for path in whole:
            content = path.read_bytes()
            assert content[:32] == hashlib.sha256(content[32:]).digest()
        return {path: path.stat().st_ino for path in whole}


FORKS = multiprocessing.get_context("forkserver") if sys.platform != "win32" else None


def _told(run: Callable[..., None], settings: Any, report: Path, cache: Path) -> None:
    os.environ["AUDITOR_CACHE"] = str(cache)  # the server of forks has the one of its start
    run(settings, report)


@pytest.fixture(scope="module", autouse=True)
def _forks() -> None:
    FORKS.set_forkserver_preload(["tests.boxed.killed"])


@pytest.fixture
def scan(tiny_checkpoint: Path, pictures: Path, tmp_path: Path) -> Story:
    settings = ScanSettings(
        model=str(tiny_checkpoint),
        entities=str(pictures),
        batch_size=BATCH,
        device="cpu",
    )
    return Story(killed.scan, settings, tmp_path)


@pytest.fixture
def repair(
    bent_checkpoint: Path,  # noqa: F811
    clean_folder: Path,  # noqa: F811
    pictures: Path,
    tmp_path: Path,
) -> Story:
    scans = ScanSettings(
        model=str(bent_checkpoint),
        clean_data=str(clean_folder),
        entities=str(pictures),
        batch_size=BATCH,
        device="cpu",
    )
    settings = RepairSettings(
        scan=scans,
        out=tmp_path / "out",
        method="head-refit",
        pairs=(f"*={LABELS[2]}",),
        steps=40,
        barrier=False,
    )
    return Story(killed.remediate, settings, tmp_path)


def stripped(said: Any) -> Any:
    """A report without what it took to make it."""
    if isinstance(said, dict):
        return {key: stripped(value) for key, value in said.items() if key not in _OF_THE_RUN}
    return [stripped(item) for item in said] if isinstance(said, list) else said


def check_story(story: Story, *, kills: int, rounds: int) -> None:
    """Kills, then a rerun: the report of an unbroken run, and nothing asked that was kept."""
    rng = np.random.default_rng(8)
    story.begin()
    for _ in range(rounds):
        story.kill(rng, kills)
        before = story.entries()
        report = story.to_the_end()
        after = story.entries()
        assert stripped(report) == stripped(story.unbroken)
        assert {path: after[path] for path in before} == before  # none was written again
        cost, whole = report["cost"], story.unbroken["cost"]
        assert cost["remembered"] == sum(map(pictures_in, before))
        assert cost["forward_passes"] + cost["remembered"] == whole["forward_passes"]
        if story.weights:
            assert (story.out / "model.safetensors").read_bytes() == story.weights
        story.forget()


def pictures_in(entry: Path) -> int:
    from safetensors.numpy import load

    return len(load(entry.read_bytes()[32:])["logits"])


def test_a_scan_that_is_killed_goes_on_where_it_stopped(scan: Story):
    check_story(scan, kills=3, rounds=1)


@pytest.mark.slow
def test_a_scan_that_is_killed_twenty_times(scan: Story):
    check_story(scan, kills=4, rounds=5)


@pytest.mark.slow
def test_a_repair_that_is_killed_twenty_times(repair: Story):
    check_story(repair, kills=4, rounds=5)
