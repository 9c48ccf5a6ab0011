"""A scan in the box: the same report, and a notice of everything that went wrong."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

import auditor.audit
import auditor.boxed.scan
from auditor.boxed.run import with_remarks
from auditor.config import ScanSettings
from auditor.errors import CheckpointError, NotAudited
from auditor.lab.save import save_checkpoint
from auditor.output.json_v1 import render
from auditor.probes.plan import Depth, Plan
from auditor.types import Report, Verdict
from tests.hub_server import HubServer, RepoFixture
from tests.small_models import CARD, write_coloured

pytestmark = pytest.mark.boxed


def timeless(report: Report) -> str:
    """Everything in a report but when it was made, and what it took."""
    cost = replace(report.cost, seconds=0, seconds_model=0, peak_rss_bytes=0)
    cost = replace(cost, forward_passes=0, remembered=0)
    return render(replace(report, started="", finished="", cost=cost))


@pytest.mark.slow
def test_a_boxed_scan_gives_the_report_of_one_that_is_not(tuned, pictures: Path, tmp_path: Path):
    """With everything that a scan may open: a model, a base, data, links to pictures, rules."""
    save_checkpoint(tuned, tmp_path / "model", card=CARD, record={})
    save_checkpoint(tuned, tmp_path / "base", card=CARD, record={})
    write_coloured(tmp_path / "clean")
    (tmp_path / "linked").mkdir()
    for entity in pictures.iterdir():
        (tmp_path / "linked" / entity.name).symlink_to(entity)
    settings = ScanSettings(
        model=str(tmp_path / "model"),
        base=str(tmp_path / "base"),
        clean_data=str(tmp_path / "clean"),
        entities=str(tmp_path / "linked"),
        depth=Depth.QUICK,
        device="cpu",
    )
    here = auditor.audit.scan(settings)
    boxed = auditor.boxed.scan.scan(settings)  # its answers are kept in a folder of their own
    assert timeless(boxed) == timeless(here)
    assert boxed.notices == here.notices
    assert boxed.cost.forward_passes == here.cost.forward_passes
    again = auditor.boxed.scan.scan(settings)
    assert timeless(again) == timeless(here)
    assert again.cost.forward_passes == 0
    assert again.cost.remembered == boxed.cost.forward_passes  # clean data, and the base's too


@pytest.mark.slow
def test_a_base_of_the_hub_that_is_not_there_is_told_as_it_is_outside(
    tuned, pictures: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    import huggingface_hub
    from huggingface_hub import constants

    from tests.hub_server import use_hub

    save_checkpoint(tuned, tmp_path / "model", card=CARD, record={})
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "hub-cache"))
    with HubServer({"org/signs": RepoFixture(tmp_path / "model")}) as hub:
        use_hub(monkeypatch, hub)
        settings = ScanSettings(
            **{"model": "org/signs", "entities": str(pictures), "depth": Depth.QUICK},
            **{"device": "cpu", "plan": Plan.EXHAUSTIVE},
        )
        report = auditor.boxed.scan.scan(settings)
        huggingface_hub.close_session()
    assert report.model is not None
    assert report.model.revision == hub.commit("org/signs")
    (notice,) = report.notices
    assert notice.startswith("the base that the card names is not used: org/base does not exist")


def test_what_is_not_there_needs_no_child(tmp_path: Path):
    with pytest.raises(CheckpointError):
        auditor.boxed.scan.scan(ScanSettings(model=str(tmp_path / "nothing")))


def test_a_scan_that_takes_too_long_is_not_audited(tiny_checkpoint: Path, pictures: Path):
    settings = ScanSettings(
        model=str(tiny_checkpoint), entities=str(pictures), timeout=0.2, device="cpu"
    )
    with pytest.raises(NotAudited, match="time was up"):
        auditor.boxed.scan.scan(settings)


@pytest.mark.skipif(os.name != "posix", reason="signals of POSIX")
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_command_that_is_asked_to_end_writes_its_report_and_leaves_no_child(
    number: signal.Signals, tiny_checkpoint: Path, pictures: Path, tmp_path: Path
):
    process = subprocess.Popen(
        [
            *(sys.executable, "-c", HEEDING, "scan", tiny_checkpoint, "--device", "cpu"),
            *("--entities", pictures, "--output", f"json={tmp_path}/r"),
        ],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        cwd=Path(__file__).parent.parent.parent,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == b"ready\n"
    process.send_signal(number)
    process.communicate(timeout=100)
    assert process.returncode == 3
    assert b'"not-audited"' in (tmp_path / "r").read_bytes()


# It tells when the child is there; somebody may run tests with the signal ignored.
HEEDING = """
import signal
signal.signal(signal.SIGINT, signal.default_int_handler)
import auditor.box.parent
start = auditor.box.parent.start
def told(*given):
    process = start(*given)
    print("ready", flush=True)
    return process
auditor.box.parent.start = told
from auditor.cli.main import main
main()
"""


def test_an_incomplete_report_says_that_its_time_was_up():
    from auditor.box.parent import Ended, Stop
    from tests.reports_for_tests import FINDING

    settings = ScanSettings(model="m", timeout=60)
    partial = replace(FINDING, verdict=Verdict.NOT_AUDITED)
    ended = Ended(value=None, missing=("no walls",), stopped=Stop.TIMEOUT)
    report = with_remarks(partial, ended, settings)
    assert report.skips[0].reason == "stopped at --timeout 60"
    assert report.notices[-1] == "the box of the model has a gap: no walls"
    whole = with_remarks(FINDING, ended, settings)
    assert whole.skips == FINDING.skips
