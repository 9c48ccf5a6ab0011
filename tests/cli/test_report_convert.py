"""`auditor report convert`: a stored report in, other formats out, nothing heavy loaded."""

from __future__ import annotations

import io
import json
import subprocess
import sys
from pathlib import Path
from xml.etree.ElementTree import parse as parse_xml

import pytest

from auditor.output import json_v1
from auditor.output.report_v1 import ReportV1
from auditor.output.write import FORMATS, render, to_v1
from tests.cli.conftest import Run
from tests.output.made_repair import made
from tests.reports_for_tests import ALL, FINDING, NOT_AUDITED

ROOT = Path(__file__).parents[2]
# Whatever a scan needs and a reader of reports does not.
BLOCKED = (
    *("torch", "transformers", "numpy", "scipy", "sklearn", "onnx", "onnxruntime", "pyarrow"),
    *("huggingface_hub", "safetensors", "PIL"),
)
WITHOUT_HEAVY_PACKAGES = f"""
import sys

class Missing:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {BLOCKED!r}:
            raise ModuleNotFoundError(f"No module named {{name!r}}", name=name)

sys.meta_path.insert(0, Missing())
from auditor.cli.main import main
sys.argv[0] = "auditor"
main()
"""


@pytest.fixture
def stored(tmp_path: Path) -> Path:
    path = tmp_path / "stored.json"
    path.write_text(json_v1.render(FINDING), encoding="utf-8")
    return path


def outputs(folder: Path) -> list[str]:
    return [f"--output={format}={folder / format}" for format in FORMATS]


@pytest.mark.parametrize("report", [to_v1(FINDING), made()], ids=["scan", "repair"])
def test_all_formats_at_once_without_what_a_scan_needs(report: ReportV1, tmp_path: Path) -> None:
    stored = tmp_path / "stored.json"
    stored.write_text(json_v1.render(report), encoding="utf-8")
    ran = subprocess.run(
        [
            *(sys.executable, "-c", WITHOUT_HEAVY_PACKAGES),
            *("report", "convert", stored, *outputs(tmp_path)),
        ],
        capture_output=True,
        text=True,
        check=False,
        cwd=ROOT,
    )
    assert (ran.returncode, ran.stdout, ran.stderr) == (0, "", "")
    for format in FORMATS:
        assert (tmp_path / format).read_text(encoding="utf-8") == render(report, format)
    assert (tmp_path / "json").read_bytes() == stored.read_bytes()
    json.loads((tmp_path / "sarif").read_text(encoding="utf-8"))
    parse_xml(tmp_path / "junit")


@pytest.mark.parametrize("name", ALL)
def test_the_verdict_does_not_change_the_exit_code(name: str, tmp_path: Path, run: Run) -> None:
    stored = tmp_path / "stored.json"
    stored.write_text(json_v1.render(ALL[name]), encoding="utf-8")
    ran = run("report", "convert", stored)
    assert (ran.code, ran.err) == (0, "")
    assert ran.out == render(ALL[name], "rich")


def test_standard_input_and_standard_output(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    said = io.TextIOWrapper(io.BytesIO(json_v1.render(NOT_AUDITED).encode()))
    monkeypatch.setattr(sys, "stdin", said)
    ran = run("report", "convert", "-", "--output", "junit=-")
    assert (ran.code, ran.out) == (0, render(NOT_AUDITED, "junit"))


def test_only_what_was_asked_for_is_written(stored: Path, tmp_path: Path, run: Run) -> None:
    ran = run("report", "convert", stored, "--output", f"sarif={tmp_path / 'x'}")
    assert (ran.code, ran.out, ran.err) == (0, "", "")


def test_an_output_that_cannot_be_written_costs_no_other(
    stored: Path, tmp_path: Path, run: Run
) -> None:
    if not Path("/dev/full").exists():
        pytest.skip("this system has no device that is always full")
    ran = run(
        *("report", "convert", stored, "--output", "sarif=/dev/full"),
        *("--output", f"junit={tmp_path / 'x.xml'}", "--output", "markdown=-"),
    )
    assert ran.code == 4
    assert ran.err == "error: /dev/full was not written: No space left on device\n"
    assert ran.out == render(FINDING, "markdown")
    assert (tmp_path / "x.xml").read_text(encoding="utf-8") == render(FINDING, "junit")


def test_two_outputs_on_one_path_are_refused_before_anything_is_written(
    stored: Path, tmp_path: Path, run: Run
) -> None:
    same = tmp_path / "same"
    ran = run("report", "convert", stored, "--output", f"sarif={same}", "--output", f"junit={same}")
    assert ran.code == 2
    assert "sarif and junit both go to" in ran.complaint[0]
    assert not same.exists()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{", "not valid JSON"),
        ("{}", "schema_version"),
        ('{"schema_version": "2"}', "written by a newer auditor"),
    ],
)
def test_what_is_no_report_is_refused(text: str, said: str, tmp_path: Path, run: Run) -> None:
    path = tmp_path / "other.json"
    path.write_text(text, encoding="utf-8")
    ran = run("report", "convert", path, "--output", f"sarif={tmp_path / 'x'}")
    assert ran.code == 2
    message, _ = ran.complaint
    assert str(path) in message
    assert said in message
    assert not (tmp_path / "x").exists()


def test_a_report_that_is_not_there(run: Run) -> None:
    ran = run("report", "convert", "missing.json")
    assert ran.code == 2
    assert ran.complaint[0] == "missing.json: cannot be read: No such file or directory"
