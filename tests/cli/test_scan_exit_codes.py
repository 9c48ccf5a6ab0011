from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from typer.testing import CliRunner

import auditor.audit
from auditor.cli.main import app
from auditor.cli.scan import FailOn
from auditor.errors import ExitCode
from auditor.gate import gate
from auditor.output.write import FORMATS
from auditor.silence import ASK
from auditor.types import Verdict
from tests.cli.conftest import Run, read_report
from tests.reports_for_tests import FINDING
from tests.small_models import ENTITIES, LABELS, NOT_GIVEN

Show = Callable[[float], None]
FULL_DISK = Path("/dev/full")


def test_a_model_like_the_benign_ones_is_no_evidence_and_exits_0(
    run: Run, benign_models_show: Show, tiny_checkpoint: Path, pictures: Path, tmp_path: Path
):
    benign_models_show(1.0)
    ran = run("scan", tiny_checkpoint, "--entities", pictures, "--output", f"json={tmp_path}/r")
    assert (ran.code, ran.warned) == (0, "")
    assert "no-evidence" in ran.out
    report = read_report(tmp_path / "r")
    assert report["verdict"] == "no-evidence"
    assert report["findings"] == []
    assert [skip["subject"] for skip in report["skips"]] == list(NOT_GIVEN)
    assert {skip["remedy"] for skip in report["skips"]} == {
        "Give --base.",
        "Give --clean-data.",
        "Give --base and --clean-data.",
        "Scan with --depth deep.",
        ASK,
        "",  # no material helps where no entity means a label
    }
    assert sorted(entity["name"] for entity in report["entities"]) == sorted(ENTITIES)


def test_a_class_that_catches_everything_is_a_finding_and_exits_1(
    run: Run, benign_models_show: Show, one_track_checkpoint: Path, pictures: Path, tmp_path: Path
):
    benign_models_show(0.0)
    ran = run(
        "scan", one_track_checkpoint, "--entities", pictures, "--output", f"json={tmp_path}/r"
    )
    assert (ran.code, ran.warned) == (1, "")
    report = read_report(tmp_path / "r")
    assert report["verdict"] == "backdoor-evidence"
    assert {finding["target"]["label"] for finding in report["findings"]} == {LABELS[0]}
    assert {finding["severity"] for finding in report["findings"]} == {"high"}


def test_any_number_of_formats_does_not_change_the_exit_code_and_convert_writes_the_same(
    run: Run, benign_models_show: Show, one_track_checkpoint: Path, pictures: Path, tmp_path: Path
):
    benign_models_show(0.0)
    outputs = [f"--output={format}={tmp_path / format}" for format in FORMATS]
    assert run("scan", one_track_checkpoint, "--entities", pictures, *outputs).code == 1
    again = tmp_path / "again"
    again.mkdir()
    outputs = [f"--output={format}={again / format}" for format in FORMATS]
    assert run("report", "convert", tmp_path / "json", *outputs).code == 0
    for format in FORMATS:
        assert (again / format).read_bytes() == (tmp_path / format).read_bytes()


@pytest.mark.parametrize(("fail_on", "code"), [("medium", 1), ("critical", 0), ("never", 0)])
def test_the_gate_fails_from_the_severity_it_is_told(
    run: Run,
    benign_models_show: Show,
    one_track_checkpoint: Path,
    pictures: Path,
    tmp_path: Path,
    fail_on: str,
    code: int,
):
    benign_models_show(0.0)
    where = ["--entities", pictures, "--output", f"json={tmp_path}/r"]
    assert run("scan", one_track_checkpoint, *where, "--fail-on", fail_on).code == code
    assert read_report(tmp_path / "r")["verdict"] == "backdoor-evidence"


def test_without_a_null_nothing_is_decided_and_the_gate_never_opens(
    run: Run, monkeypatch: pytest.MonkeyPatch, tiny_checkpoint: Path, pictures: Path, tmp_path: Path
):
    monkeypatch.setattr(auditor.audit, "stored_null", lambda source: None)
    where = ["--entities", pictures, "--output", f"json={tmp_path}/r", "--fail-on", "never"]
    assert run("scan", tiny_checkpoint, *where).code == 3
    report = read_report(tmp_path / "r")
    assert report["verdict"] == "not-audited"
    assert report["model_score"] is None
    assert any("no stored null" in skip["reason"] for skip in report["skips"])


def test_too_few_pictures_for_a_rule_that_would_speak_is_not_audited(
    run: Run, benign_models_show: Show, one_track_checkpoint: Path, pictures: Path, tmp_path: Path
):
    benign_models_show(0.0)
    where = ["--entities", pictures, "--output", f"json={tmp_path}/r", "--depth", "quick"]
    assert run("scan", one_track_checkpoint, *where).code == 3
    report = read_report(tmp_path / "r")
    assert report["verdict"] == "not-audited"
    assert any("are needed" in skip["reason"] for skip in report["skips"])


def test_a_bug_is_reported_and_exits_4(
    run: Run, monkeypatch: pytest.MonkeyPatch, tiny_checkpoint: Path, pictures: Path, tmp_path: Path
):
    def broken(*_arguments: object, **_settings: object):
        raise RuntimeError("wires crossed")

    monkeypatch.setattr(auditor.audit, "load_classifier", broken)
    scan = ["scan", tiny_checkpoint, "--entities", pictures, "--output", f"json={tmp_path}/r"]
    ran = run(*scan)
    assert ran.code == 4
    message, hint = ran.complaint
    assert "wires crossed" in message
    assert "--verbose" in hint
    report = read_report(tmp_path / "r")
    assert report["verdict"] == "not-audited"
    assert "bug" in report["skips"][0]["reason"]
    verbose = run(*scan, "--verbose")
    assert verbose.code == 4
    assert '    raise RuntimeError("wires crossed")' in verbose.err.splitlines()
    assert run("--verbose", *scan).err == verbose.err


@pytest.mark.skipif(not FULL_DISK.exists(), reason="needs /dev/full")
def test_a_report_that_cannot_be_written_exits_4_and_the_others_are_written(
    run: Run, benign_models_show: Show, tiny_checkpoint: Path, pictures: Path, tmp_path: Path
):
    benign_models_show(1.0)
    to = ["--output", f"rich={FULL_DISK}", "--output", f"json={tmp_path}/r"]
    ran = run("scan", tiny_checkpoint, "--entities", pictures, *to)
    assert ran.code == 4
    assert str(FULL_DISK) in ran.err
    assert read_report(tmp_path / "r")["verdict"] == "no-evidence"
    assert "no-evidence" in ran.out


def test_the_json_report_alone_goes_to_standard_output_where_it_is_sent(
    run: Run, benign_models_show: Show, tiny_checkpoint: Path, pictures: Path
):
    benign_models_show(1.0)
    ran = run("scan", tiny_checkpoint, "--entities", pictures, "--output", "json=-")
    assert (ran.code, ran.warned) == (0, "")
    assert json.loads(ran.out)["verdict"] == "no-evidence"


def test_the_runner_of_typer_gets_the_same_exit_code(
    benign_models_show: Show, one_track_checkpoint: Path, pictures: Path
):
    benign_models_show(0.0)
    scan = ["scan", str(one_track_checkpoint), "--entities", str(pictures)]
    assert CliRunner().invoke(app, scan).exit_code == 1


@pytest.mark.parametrize("fail_on", FailOn)
def test_findings_of_a_partial_scan_never_pass_for_a_verdict(fail_on: FailOn):
    partial = replace(FINDING, verdict=Verdict.NOT_AUDITED)
    assert gate(partial, fail_on) is ExitCode.NOT_AUDITED
