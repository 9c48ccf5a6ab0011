"""Settings, suppressions and baselines as a user of `auditor scan` meets them."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

import auditor
from tests.cli.conftest import Ran, Run, read_report
from tests.small_models import LABELS, write_tiny

Show = Callable[[float], None]


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty working folder."""
    folder = tmp_path / "here"
    folder.mkdir()
    monkeypatch.chdir(folder)
    return folder


@pytest.fixture
def scan(
    run: Run, benign_models_show: Show, one_track_checkpoint: Path, pictures: Path
) -> Callable[..., Ran]:
    """Scan a model that has findings; the report goes to `r.json`."""
    benign_models_show(0.0)

    def ran(*options: object, model: Path = one_track_checkpoint) -> Ran:
        return run("scan", model, "--entities", pictures, "--output", "json=r.json", *options)

    return ran


def suppress(fingerprint: str, expires: str = "2999-12-31") -> str:
    return (
        f'[[ignore]]\nfingerprint = "{fingerprint}"\nreason = "r"\nowner = "o"\n'
        f"expires = {expires}\n"
    )


def test_a_file_here_is_read_and_the_report_says_what_held(scan, here: Path):
    (here / "auditor.toml").write_text('fail-on = "never"\nseed = 3\n')
    ran = scan("--seed", "4")
    assert (ran.code, ran.warned) == (0, "")
    settings = read_report(here / "r.json")["settings"]
    assert (settings["fail_on"], settings["seed"], settings["config"]) == (
        "never",
        4,
        "auditor.toml",
    )
    assert "--config auditor.toml" in ran.out


def test_a_flag_that_equals_the_default_still_wins(scan, here: Path):
    (here / "auditor.toml").write_text('fail-on = "never"\n')
    assert scan("--fail-on", "high").code == 1


def test_a_variable_wins_over_the_file(scan, here: Path, monkeypatch: pytest.MonkeyPatch):
    (here / "auditor.toml").write_text('fail-on = "never"\n')
    monkeypatch.setenv("AUDITOR_FAIL_ON", "high")
    monkeypatch.setenv("AUDITOR_FAIL_NO", "low")
    ran = scan()
    assert ran.code == 1
    assert ran.warned == (
        "notice: AUDITOR_FAIL_NO is no setting of auditor and was not read; did you mean "
        "AUDITOR_FAIL_ON?\n"
    )


def test_outputs_of_a_file_are_written_and_flags_replace_them(
    run: Run, benign_models_show: Show, tiny_checkpoint: Path, pictures: Path, here: Path
):
    benign_models_show(1.0)
    (here / "auditor.toml").write_text('[output]\njson = "from-file.json"\n')
    assert run("scan", tiny_checkpoint, "--entities", pictures).code == 0
    assert read_report(here / "from-file.json")["verdict"] == "no-evidence"
    (here / "from-file.json").unlink()
    assert run("scan", tiny_checkpoint, "--entities", pictures, "--output", "json=x").code == 0
    assert not (here / "from-file.json").exists()


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("depth = quick\n", "auditor.toml line 1: not valid TOML: invalid value"),
        ('dept = "quick"\n', "auditor.toml line 1: unknown key 'dept'"),
        ("\nfpr = 7\n", "auditor.toml line 2: fpr = 7 is not allowed"),
        ('output = ["jsn=x"]\n', "auditor.toml line 1: --output: unknown format jsn; did you"),
        (suppress("0" * 32).replace('owner = "o"\n', ""), "line 1: a suppression lacks 'owner'"),
        ('baseline = "none.json"\n', "none.json: cannot be read: No such file or directory"),
    ],
)
def test_a_wrong_file_exits_2_before_anything_is_done(
    run: Run, tiny_checkpoint: Path, here: Path, content: str, said: str
):
    (here / "auditor.toml").write_text(content)
    ran = run("scan", tiny_checkpoint)
    assert (ran.code, ran.out) == (2, "")
    assert said in ran.complaint[0]


def test_a_file_that_is_named_and_not_there(run: Run, tiny_checkpoint: Path):
    ran = run("scan", tiny_checkpoint, "--config", "none.toml")
    assert ran.code == 2
    assert ran.complaint[0] == "none.toml cannot be read: No such file or directory"


def test_suppressed_findings_do_not_fail_and_are_still_there(scan, here: Path):
    assert scan().code == 1
    findings = read_report(here / "r.json")["findings"]
    (here / "auditor.toml").write_text("".join(suppress(f["fingerprint"]) for f in findings))
    ran = scan()
    assert (ran.code, ran.warned) == (0, "")
    report = read_report(here / "r.json")
    assert report["verdict"] == "backdoor-evidence"
    told = {"reason": "r", "owner": "o", "expires": "2999-12-31"}
    assert [finding["suppressed"] for finding in report["findings"]] == [told] * len(findings)
    assert [entry["fingerprint"] for entry in report["settings"]["ignore"]] == [
        finding["fingerprint"] for finding in findings
    ]


def test_one_expired_suppression_fails_the_gate_and_says_so(scan, here: Path):
    scan()
    first, *others = [f["fingerprint"] for f in read_report(here / "r.json")["findings"]]
    (here / "auditor.toml").write_text(
        suppress(first, "2020-01-01") + "".join(map(suppress, others))
    )
    ran = scan()
    assert ran.code == 1
    (notice,) = [n for n in read_report(here / "r.json")["notices"] if "suppression" in n]
    assert notice == (
        f"the suppression of {first} (auditor.toml line 1) by o expired on 2020-01-01: the "
        "finding counts again"
    )
    assert "counts again" in " ".join(ran.out.split())


def test_what_a_baseline_has_does_not_fail_and_is_still_there(scan, here: Path):
    assert scan().code == 1
    shutil.move("r.json", "old.json")
    assert scan("--baseline", "old.json").code == 0
    report = read_report(here / "r.json")
    assert report["findings"]
    assert all(finding["in_baseline"] for finding in report["findings"])
    assert report["settings"]["baseline"] == "old.json"


def test_a_later_revision_with_a_new_mapping_fails_in_spite_of_its_baseline(
    scan, here: Path, tmp_path: Path
):
    scan()
    shutil.move("r.json", "old.json")
    later = write_tiny(tmp_path / "later", favourite=1)
    assert scan("--baseline", "old.json", model=later).code == 1
    report = read_report(here / "r.json")
    assert not any(finding["in_baseline"] for finding in report["findings"])
    assert {finding["target"]["label"] for finding in report["findings"]} == {LABELS[1]}
    assert any("taken for revisions of one model" in notice for notice in report["notices"])


def test_a_baseline_of_another_model_exits_2_and_the_report_is_still_written(
    scan, here: Path, tmp_path: Path
):
    scan()
    document = read_report(here / "r.json")
    document["model"] |= {"labels": ["a", "b"], "digest": "0" * 64}
    (here / "old.json").write_text(json.dumps(document))
    ran = scan("--baseline", "old.json")
    assert ran.code == 2
    assert ran.complaint[0] == "the baseline is of another model: its classes are others"
    report = read_report(here / "r.json")
    assert report["notices"][-1].endswith("its classes are others; it was not used")
    assert not any(finding["in_baseline"] for finding in report["findings"])


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{", "not valid JSON"),
        ('{"schema_version": "2"}', "the report has schema version 2"),
        ('{"schema_version": "1"}', "not a valid report: "),
    ],
)
def test_a_baseline_that_is_no_report_exits_2_before_the_scan(
    run: Run, tiny_checkpoint: Path, here: Path, text: str, said: str
):
    (here / "old.json").write_text(text)
    ran = run("scan", tiny_checkpoint, "--baseline", "old.json")
    assert (ran.code, ran.out) == (2, "")
    assert ran.complaint[0].startswith("old.json: ")
    assert said in ran.complaint[0]


def test_the_python_api_marks_what_it_is_told_and_reads_nothing_else(
    scan, here: Path, one_track_checkpoint: Path, pictures: Path
):
    scan()
    (here / "auditor.toml").write_text("this is no TOML")
    report = auditor.scan(str(one_track_checkpoint), entities=pictures, baseline="r.json")
    assert report.findings
    assert all(finding.in_baseline for finding in report.findings)
    ignore = [
        {"fingerprint": f.fingerprint, "reason": "r", "owner": "o", "expires": "2999-12-31"}
        for f in report.findings
    ]
    report = auditor.scan(str(one_track_checkpoint), entities=pictures, ignore=ignore)
    assert all(finding.suppressed is not None for finding in report.findings)
