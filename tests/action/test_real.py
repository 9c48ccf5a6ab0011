"""What takes minutes: models whose backdoor is real, judged by the nulls that auditor ships."""

from __future__ import annotations

from itertools import islice
from pathlib import Path

import pytest

from auditor.lab.demo import FALSE_POSITIVE_RATE, TARGET, play
from tests.action.test_steps import require_reports, sarif_of
from tests.action.workflow_run import Runner

pytestmark = pytest.mark.slow


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
