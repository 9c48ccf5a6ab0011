"""`auditor lab bench --what detection` and `auditor lab table` as a user meets them."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.cli.conftest import Run
from tests.lab.detection.conftest import zoo_folder  # noqa: F401 - a fixture

MARKED = "<!-- detection-table:begin -->\n<!-- detection-table:end -->\n"


def test_a_benchmark_writes_rows_figures_page_and_plot(
    run: Run,
    benign_models_show: Callable[[float], None],
    zoo_folder: Path,  # noqa: F811
    tmp_path: Path,
):
    benign_models_show(1.0)
    out = tmp_path / "out"
    command = ("lab", "bench", "--what", "detection", "--zoo", zoo_folder, "--out", out)
    ran = run(*command, "--detectors", "scanner,head-weight", "--jobs", 1)
    assert (ran.code, ran.err) == (0, "")
    assert ran.out.splitlines()[0].split() == ["models", "7"]
    names = ["detection.csv", "detection.json", "detection.md", "detection.png"]
    assert sorted(path.name for path in out.iterdir()) == names
    said = json.loads((out / "detection.json").read_text())
    assert list(said["detectors"]) == ["scanner", "head-weight"]
    assert (said["zoo"]["clean"], said["zoo"]["backdoored"]) == (5, 2)
    assert str(zoo_folder.parent.parent) not in (out / "detection.json").read_text()
    assert "--detectors scanner,head-weight" in said["command"]

    readme = tmp_path / "README.md"
    readme.write_text(MARKED)
    assert run("lab", "table", "--result", out, "--readme", readme).code == 0
    assert "| scanner |" in readme.read_text()
    again = run(*command, "--detectors", "head-weight", "--limit", 2, "--no-plot", "--fpr", 0.05)
    assert (again.code, again.out) == (2, "")
    assert "head-weight with other settings" in again.complaint[0]


@pytest.mark.parametrize(
    ("options", "code", "said"),
    [
        (["--what", "detection"], 2, "needs a zoo and a folder"),
        (["--what", "throughput"], 2, "throughput needs a model"),
        (["--what", "synthesis"], 2, "synthesis needs bases and a folder"),
        (["--what", "ablation"], 2, "ablation needs a zoo and a folder"),
        (["--what", "repair"], 2, "repair needs a zoo and a folder"),
        (["--what", "speed"], 2, "no such benchmark: speed"),
        (["--what", "detection", "--zoo", "/nowhere", "--out", "o"], 2, "no complete zoo"),
        (
            ["--what", "detection", "--zoo", "z", "--out", "o", "--detectors", "scaner"],
            2,
            "no such detector: scaner",
        ),
    ],
)
def test_what_cannot_be_measured_is_refused(run: Run, options: list[str], code: int, said: str):
    ran = run("lab", "bench", *options)
    assert (ran.code, ran.out) == (code, "")
    assert said in ran.complaint[0]


def test_a_readme_without_markers_is_refused(run: Run, tmp_path: Path):
    ran = run("lab", "table", "--result", tmp_path, "--readme", tmp_path / "README.md")
    assert (ran.code, ran.out) == (2, "")
    assert "detection.json cannot be read" in ran.complaint[0]
