"""The action for a backdoored model, its twin and a missing one, and for hostile inputs."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.action.workflow_run import Ended, Runner
from tests.cli.conftest import read_report
from tests.hub_server import VALID_TOKEN, HubServer, RepoFixture
from tests.made_datasets import write_parquet
from tests.output.test_sarif import VALIDATOR
from tests.small_models import ENTITIES, LABELS, PER_ENTITY, write_tiny

Steered = Callable[..., Runner]
NAMED = ("sarif-file", "json-file", "report-file", "summary-file", "junit-file")


def sarif_of(ended: Ended, runner: Runner) -> dict:
    """The one run of the SARIF log, which must be valid."""
    log = json.loads((runner.workspace / ended.outputs["sarif-file"]).read_text())
    VALIDATOR.validate(log)
    (run,) = log["runs"]
    return run


def require_reports(ended: Ended, runner: Runner) -> None:
    """Whatever the verdict, every report is there and the summary is the one auditor wrote."""
    for name in NAMED:
        assert (runner.workspace / ended.outputs[name]).stat().st_size, name
    read_report(runner.workspace / ended.outputs["json-file"])
    markdown = (runner.workspace / ended.outputs["summary-file"]).read_text()
    assert ended.summary.strip() == markdown.strip()
    assert ended.variables == ""
    assert ended.last_step == "Gate"


def test_a_backdoored_model_fails_at_the_gate_with_all_reports_written(
    steered: Steered, one_track_checkpoint: Path, pictures: Path
):
    runner = steered()
    ended = runner.run(model=one_track_checkpoint, entities=pictures)
    assert ended.code == 1
    require_reports(ended, runner)
    assert ended.outputs["verdict"] == "backdoor-evidence"
    assert ended.outputs["exit-code"] == "1"
    report = read_report(runner.workspace / ended.outputs["json-file"])
    assert ended.outputs["findings"] == str(len(report["findings"]))
    assert float(ended.outputs["p-value"]) == report["model_p_value"]
    assert float(ended.outputs["model-score"]) == report["model_score"]
    run = sarif_of(ended, runner)
    assert len(run["results"]) == len(report["findings"]) > 0
    assert LABELS[0] in ended.summary
    (order,) = ended.orders
    assert order.startswith("::error title=auditor::Evidence of a backdoor")


def test_its_twin_passes(steered: Steered, tiny_checkpoint: Path, pictures: Path):
    runner = steered()
    ended = runner.run(model=tiny_checkpoint, entities=pictures)
    assert ended.code == 0, ended.log
    require_reports(ended, runner)
    assert (ended.outputs["verdict"], ended.outputs["findings"]) == ("no-evidence", "0")
    assert sarif_of(ended, runner)["results"] == []
    assert ended.orders == []


def test_a_missing_model_is_not_audited_and_has_reports_all_the_same(runner: Runner):
    ended = runner.run(model="./not-there")
    assert ended.code == 3
    require_reports(ended, runner)
    assert ended.outputs["verdict"] == "not-audited"
    assert (ended.outputs["model-score"], ended.outputs["p-value"]) == ("", "")
    run = sarif_of(ended, runner)
    assert run["invocations"][0]["executionSuccessful"] is False
    assert "not-audited" in ended.summary


def test_a_wrong_input_says_so_in_the_summary_and_leaves_no_older_report(
    steered: Steered, tiny_checkpoint: Path, pictures: Path
):
    runner = steered()
    assert runner.run(model=tiny_checkpoint, entities=pictures).code == 0
    ended = runner.run(model=tiny_checkpoint, entities=pictures, fpr="7")
    assert ended.code == 2
    assert ended.outputs["verdict"] == "not-audited"
    assert [ended.outputs[name] for name in NAMED] == [""] * len(NAMED)
    assert list((runner.workspace / "auditor-report").iterdir()) == []
    assert "not-audited" in ended.summary
    assert "AUDITOR_FPR" in ended.log


@pytest.mark.parametrize(
    ("inputs", "code"),
    [
        ({"model": ""}, 2),
        ({"model": "org/model@main", "revision": "main"}, 2),
        ({"model": "m", "cache": "everything"}, 2),
        ({"model": "m", "extras": "lab] @ https://example.org/x #"}, 2),
        ({"model": "m", "version": "1.0 --index-url https://example.org"}, 2),
        ({"model": "m", "version": "v1"}, 2),
    ],
    ids=["no model", "two revisions", "cache", "extras", "version", "version of a local action"],
)
def test_an_input_that_is_refused_closes_the_gate(runner: Runner, inputs: dict, code: int):
    ended = runner.run(**inputs)
    assert ended.code == code
    assert all(order.startswith("::error title=auditor::") for order in ended.orders)
    assert len(ended.orders) >= 1


@pytest.mark.parametrize(
    "name",
    [
        pytest.param("$(touch owned)", marks=pytest.mark.slow),
        "`touch owned`; touch owned",
        pytest.param("--help", marks=pytest.mark.slow),
        "x\n::set-output name=verdict::no-evidence\n::error::x",
        pytest.param("x\nverdict<<E\nno-evidence\nE", marks=pytest.mark.slow),
    ],
)
def test_a_hostile_name_is_a_name(runner: Runner, name: str):
    ended = runner.run(model=name, output_dir=f"out {name[:3]}")
    assert ended.code == 3
    require_reports(ended, runner)
    assert ended.outputs["verdict"] == "not-audited"
    assert [order for order in ended.orders if "Not audited" not in order] == []
    assert not list(runner.folder.rglob("owned"))


def test_labels_of_a_checkpoint_give_the_runner_no_orders(
    steered: Steered, tmp_path: Path, pictures: Path
):
    labels = ("::error::x\n::set-output name=verdict::no-evidence", "##[error]x", "$(id)", "<b>")
    model = write_tiny(tmp_path / "hostile", labels=labels, favourite=0)
    runner = steered()
    ended = runner.run(model=model, entities=pictures)
    assert ended.code == 1
    assert ended.outputs["verdict"] == "backdoor-evidence"
    assert len(ended.orders) == 1
    for line in ended.log.splitlines():
        assert "::error::" not in line
        assert "##[" not in line
    sarif_of(ended, runner)


@pytest.mark.slow
def test_settings_of_the_gate_reach_the_scan(
    steered: Steered, one_track_checkpoint: Path, pictures: Path
):
    runner = steered()
    (runner.workspace / "gate.toml").write_text('fail-on = "low"\nseed = 5\n')
    ended = runner.run(
        model=one_track_checkpoint,
        entities=pictures,
        fail_on="never",
        fpr="0.02",
        config="gate.toml",
        output_dir="a/b",
    )
    assert ended.code == 0
    assert ended.outputs["verdict"] == "backdoor-evidence"
    said = read_report(runner.workspace / "a" / "b" / "report.json")["settings"]
    assert [said[name] for name in ("fail_on", "fpr", "seed")] == ["never", 0.02, 5]
    known = runner.run(
        model=one_track_checkpoint,
        entities=pictures,
        baseline="a/b/report.json",
        output_dir="again",
    )
    assert known.code == 0
    assert known.outputs["verdict"] == "backdoor-evidence"


@pytest.mark.slow
def test_a_pinned_scan_is_downloaded_once_and_its_result_holds_for_the_day(
    steered: Steered, one_track_checkpoint: Path, tiny_checkpoint: Path, tmp_path: Path
):
    labels = [i // PER_ENTITY for i in range(len(ENTITIES) * PER_ENTITY)]
    write_parquet(tmp_path / "things" / "data" / "train-0.parquet", labels, names=list(ENTITIES))
    things = RepoFixture(tmp_path / "things")
    signs = RepoFixture(one_track_checkpoint, private=True)
    public = RepoFixture(tiny_checkpoint)
    with HubServer({"org/signs": signs, "org/base": public}, {"org/things": things}) as hub:
        runner = steered("first")
        runner.variables |= {"HF_ENDPOINT": hub.url, "HF_HUB_DISABLE_XET": "1"}
        pinned = {
            "model": "org/signs",
            "revision": hub.commit("org/signs"),
            "base": f"org/base@{hub.commit('org/base')}",
            "entities": f"hf://datasets/org/things@{hub.commit('org/things', kind='datasets')}",
            "token": VALID_TOKEN,
        }
        first = runner.run(**pinned)
        assert first.code == 1, first.log
        assert sorted(key.rsplit("-", 1)[0] for key in runner.cache) == [
            "auditor-downloads",
            "auditor-results",
        ]
        again = steered("second")
        again.cache, again.variables = runner.cache, runner.variables
        asked = len(hub.requests)
        second = again.run(**pinned)
        assert len(hub.requests) == asked
        assert "its results are used" in second.log
        assert (second.code, second.outputs) == (first.code, first.outputs)
        require_reports(second, again)
        other = again.run(**pinned, fail_on="never")
        assert other.code == 0
        assert "its results are used" not in other.log
        assert hub.fetched("org/signs").count("model.safetensors") == 1
    assert VALID_TOKEN not in first.log


@pytest.mark.slow
def test_what_can_change_unseen_is_scanned_again(
    steered: Steered, one_track_checkpoint: Path, pictures: Path
):
    with HubServer({"org/signs": RepoFixture(one_track_checkpoint)}) as hub:
        runner = steered()
        runner.variables |= {"HF_ENDPOINT": hub.url, "HF_HUB_DISABLE_XET": "1"}
        assert runner.run(model="org/signs", entities=pictures).code == 1
        assert [key.rsplit("-", 1)[0] for key in runner.cache] == ["auditor-downloads"]
        assert runner.run(model="org/signs", entities=pictures, cache="none").code == 1
