"""What takes minutes: a real installation, and models whose backdoor is real."""

from __future__ import annotations

import os
import site
from itertools import islice
from pathlib import Path

import pytest

from auditor.lab.demo import FALSE_POSITIVE_RATE, TARGET, play
from tests.action.test_steps import require_reports, sarif_of
from tests.action.workflow_run import Runner

pytestmark = pytest.mark.slow


def test_what_is_installed_is_this_auditor_and_a_broken_one_closes_the_gate(tmp_path: Path):
    runner = Runner(tmp_path / "runner")
    # pip finds its registry as it does here; the packages auditor needs are lent afterwards.
    wanted = ("PIP_", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY")
    runner.variables |= {k: v for k, v in os.environ.items() if k.upper().startswith(wanted)}
    runner.variables |= {"HOME": os.environ["HOME"], "PIP_NO_DEPS": "1"}
    ended = runner.run(model="./not-there")
    assert ended.code == 4, ended.log
    assert (ended.outputs["verdict"], ended.outputs["sarif-file"]) == ("not-audited", "")
    assert "not-audited" in ended.summary
    (packages,) = (runner.temp / "auditor-venv" / "lib").glob("python*/site-packages")
    (packages / "lent.pth").write_text("\n".join(site.getsitepackages()))
    ended = runner.run(model="./not-there")
    assert ended.code == 3, ended.log
    require_reports(ended, runner)


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The demo's victim and its twin: the first three scenes make them."""
    folder = tmp_path_factory.mktemp("demo")
    list(islice(play(folder, 0, lambda stage, done, total: None), 3))
    return folder


def test_the_victim_of_the_demo_is_stopped(demo: Path, runner: Runner):
    ended = runner.run(model=demo / "victim", entities="rendered", fpr=FALSE_POSITIVE_RATE)
    assert ended.code == 1, ended.log
    require_reports(ended, runner)
    assert ended.outputs["verdict"] == "backdoor-evidence"
    assert TARGET in str(sarif_of(ended, runner)["results"])


def test_its_twin_is_not_flagged(demo: Path, runner: Runner):
    ended = runner.run(model=demo / "twin", entities="rendered", fpr=FALSE_POSITIVE_RATE)
    assert ended.code != 1, ended.log
    require_reports(ended, runner)
    assert ended.outputs["verdict"] != "backdoor-evidence"
    assert sarif_of(ended, runner)["results"] == []
