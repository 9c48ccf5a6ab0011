"""`auditor report diff`: two stored reports in, an exit code and a page out."""

from __future__ import annotations

import json
import resource
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import jsonschema
import pytest

from auditor.diff.diff_v1 import write_schema
from auditor.output.json_v1 import render
from auditor.types import Report
from tests.cli.conftest import Run
from tests.output.hostile import with_every_string
from tests.reports_for_tests import DOGS_FINDING, FINDING, LOLLY_FINDING, MODEL, NOT_AUDITED

ROOT = Path(__file__).parents[2]
SCHEMA = ROOT / "reports" / "diff-v1.schema.json"
LATER = replace(FINDING, model=replace(MODEL, revision="b" * 40, digest="c" * 64), skips=())


@pytest.fixture
def stored(tmp_path: Path):
    def store(name: str, report: Report) -> Path:
        (tmp_path / name).write_text(render(report), encoding="utf-8")
        return tmp_path / name

    return store


@pytest.mark.parametrize(
    ("before", "fail_on", "code"),
    [
        ((DOGS_FINDING, LOLLY_FINDING), "low", 0),
        ((LOLLY_FINDING,), "high", 1),
        ((LOLLY_FINDING,), "never", 0),
        ((DOGS_FINDING,), "high", 0),
        ((DOGS_FINDING,), "medium", 1),
    ],
)
def test_new_findings_at_or_above_the_gate_exit_1(
    run: Run, stored, before, fail_on: str, code: int
):
    a, b = stored("a", replace(FINDING, findings=before)), stored("b", LATER)
    ran = run("report", "diff", a, b, "--fail-on", fail_on)
    assert (ran.code, ran.err) == (code, "")


def test_what_is_gone_does_not_fail_and_is_listed(run: Run, stored):
    ran = run("report", "diff", stored("a", FINDING), stored("b", replace(LATER, findings=())))
    assert ran.code == 0
    assert ran.out.startswith("no new findings")
    assert "GONE (2)" in ran.out


def test_a_later_report_that_was_not_audited_exits_3(run: Run, stored):
    ran = run("report", "diff", stored("a", FINDING), stored("b", NOT_AUDITED))
    assert ran.code == 3
    assert ran.out.startswith("the later report is not-audited")
    assert "NOT LOOKED AT AGAIN (2)" in ran.out


def test_two_models_exit_2(run: Run, stored):
    other = replace(LATER, model=replace(LATER.model, source="acme/other"))
    ran = run("report", "diff", stored("a", FINDING), stored("b", other))
    assert (ran.code, ran.out) == (2, "")
    assert "reports of two models" in ran.complaint[0]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{", "not valid JSON"),
        ('{"schema_version": "2"}', "schema version 2"),
        ("\x00", "not valid JSON"),
    ],
)
def test_what_is_no_report_exits_2_and_names_the_file(
    run: Run, stored, tmp_path: Path, text: str, said: str
):
    (tmp_path / "broken").write_text(text)
    ran = run("report", "diff", stored("a", FINDING), tmp_path / "broken")
    assert (ran.code, ran.out) == (2, "")
    assert f"{tmp_path}/broken" in ran.complaint[0]
    assert said in ran.complaint[0]


def test_every_format_at_once(run: Run, stored, tmp_path: Path):
    a, b = stored("a", replace(FINDING, findings=(LOLLY_FINDING,))), stored("b", LATER)
    to = [f"--output={name}={tmp_path}/{name}" for name in ("json", "markdown")]
    assert run("report", "diff", a, b, *to).code == 1
    document = json.loads((tmp_path / "json").read_text())
    jsonschema.validate(document, json.loads(SCHEMA.read_text()))
    assert [new["fails"] for new in document["new"]] == [True]
    assert document["same"] == 1
    page = (tmp_path / "markdown").read_text()
    assert page.startswith("## auditor: 1 new finding, 1 at or above")
    assert "### New (1)" in page


def test_an_unknown_format_names_those_there_are(run: Run, stored, tmp_path: Path):
    a = stored("a", FINDING)
    ran = run("report", "diff", a, a, "--output", f"jsn={tmp_path}/x")
    assert ran.code == 2
    assert ran.complaint[1] == "Known formats: rich, json, markdown."


def test_an_output_that_cannot_be_written_exits_4_and_the_others_are_written(
    run: Run, stored, tmp_path: Path
):
    a = stored("a", FINDING)
    to = ["--output", "markdown=/dev/full", "--output", f"json={tmp_path}/j"]
    ran = run("report", "diff", a, a, *to)
    assert ran.code == 4
    assert "/dev/full was not written" in ran.err
    assert json.loads((tmp_path / "j").read_text())["same"] == 2


def test_the_schema_file_is_up_to_date(tmp_path: Path):
    write_schema(tmp_path / "schema.json")
    assert SCHEMA.read_bytes() == (tmp_path / "schema.json").read_bytes(), "run: make schema"


def test_hostile_names_stay_on_their_line_and_are_no_markup(run: Run, stored, tmp_path: Path):
    evil = with_every_string(FINDING, "\x1b[2J\n::error::<img src=x>|@all")
    a, b = stored("a", replace(evil, findings=())), stored("b", evil)
    ran = run("report", "diff", a, b, "--output", f"markdown={tmp_path}/m")
    assert ran.code == 1
    assert "\x1b" not in ran.out
    assert "\n::error" not in ran.out
    page = (tmp_path / "m").read_text()
    assert "<img" not in page
    assert "@all" not in page


def test_a_diff_needs_no_torch_and_less_than_a_second(stored):
    a = stored("a", FINDING)
    code = (
        "import sys\nfor name in ('torch', 'transformers', 'onnxruntime', 'scipy', 'pyarrow'):\n"
        "    sys.modules[name] = None\n"
        "from auditor.cli.main import app\n"
        f"app(['report', 'diff', {str(a)!r}, {str(a)!r}])\n"
    )
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run([sys.executable, "-c", code], check=True, cwd=ROOT, capture_output=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    # What the processor did: on a busy machine the clock measures the others.
    assert after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime < 1.0
