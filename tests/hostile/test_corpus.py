"""Every hostile input through the real command: how it ends, what it says, and that nothing ran."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import read_report
from tests.hostile.case import Case, Place
from tests.hostile.folder_cases import case_matters
from tests.hostile.payload import Canary, canary, module, pickled, pickled_by_hand
from tests.hostile.table import CASES

ROOT = Path(__file__).parents[2]
MOST_SECONDS = 20.0
MOST_BYTES = 1_500_000_000
BY_NAME = {case.name: case for case in CASES}


@dataclass(frozen=True)
class Material:
    """What cases are made of: a checkpoint that loads, its graph, a bank, and a live canary."""

    real: Path
    graph: Path
    bank: Path
    alarm: Canary


@pytest.fixture(scope="module")
def material(tmp_path_factory: pytest.TempPathFactory, pictures: Path) -> Iterator[Material]:
    from tests.made_checkpoints import export_onnx, write_checkpoint

    folder = tmp_path_factory.mktemp("hostile")
    real = write_checkpoint(folder / "real", "vit")
    graph = export_onnx(real, folder / "graph")
    with canary(folder) as alarm:
        yield Material(real, graph, pictures, alarm)


def made(case: Case, root: Path, material: Material) -> dict[str, Any]:
    """The case on disk, and how the command is to be called on it."""
    if case.name == "names-case" and not case_matters(root):
        pytest.skip("this file system takes both names for one")
    place = Place(root, material.alarm.code, material.real, material.graph, material.bank)
    case.make(place)
    entities = (case.entities or str(material.bank)).format(root=root)
    options = [option.format(root=root) for option in case.options]
    return {
        "name": case.name,
        "arguments": [
            "scan",
            case.scanned.format(root=root),
            *("--entities", entities, "--depth", "quick", "--output", f"json={root / 'r.json'}"),
            *options,
        ],
        "variables": dict(case.variables),
    }


def environment() -> dict[str, str]:
    return {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": str(ROOT), "HF_HUB_OFFLINE": "1"}


def require(case: Case, ran: dict[str, Any], root: Path) -> None:
    """The documented exit code; file and reason on standard error, and in the report."""
    assert ran["code"] == case.exit, ran["err"]
    assert case.says in ran["err"], ran["err"]
    assert case.names in ran["err"], ran["err"]
    assert "\x1b" not in ran["err"]
    assert "Traceback" not in ran["err"]
    assert ran["seconds"] < MOST_SECONDS
    assert ran["peak_bytes"] < MOST_BYTES
    if case.exit != 3:
        return
    report = read_report(root / "r.json")
    assert report["verdict"] == "not-audited"
    reasons = "\n".join(skip["reason"] for skip in report["skips"])
    said = reasons + "\n".join(report["notices"])
    assert case.says in said, said
    found = {finding["rule_id"] for finding in report["file_findings"]}
    assert case.finding is None or case.finding in found


def batch(
    cases: Sequence[Case], material: Material, folder: Path
) -> list[tuple[Case, dict[str, Any], Path]]:
    roots = {case.name: folder / case.name for case in cases}
    for root in roots.values():
        root.mkdir(parents=True)
    jobs = folder / "jobs.json"
    jobs.write_text(json.dumps([made(case, roots[case.name], material) for case in cases]))
    subprocess.run(
        [sys.executable, "-m", "tests.hostile.batch", jobs, folder / "results.json"],
        cwd=ROOT,
        env=environment(),
        check=True,
        timeout=900,
    )
    results = json.loads((folder / "results.json").read_text())
    return [(BY_NAME[ran["name"]], ran, roots[ran["name"]]) for ran in results]


def wrong_of(rows: Sequence[tuple[Case, dict[str, Any], Path]]) -> list[str]:
    wrong = []
    for case, ran, root in rows:
        try:
            require(case, ran, root)
            assert not case.early or not ran["engine"]
        except AssertionError as error:
            wrong.append(f"{case.name}: {str(error)[:600]}")
    return wrong


def test_there_are_at_least_sixty_of_them():
    assert len(CASES) == len(BY_NAME)
    assert len(CASES) >= 60


def test_what_can_be_refused_before_an_engine_is_imported_is(material: Material, tmp_path: Path):
    early = [case for case in CASES if case.early]
    rows = batch(early, material, tmp_path)
    assert not wrong_of(rows)
    assert len(rows) == len(early)
    assert not material.alarm.tripped


@pytest.mark.slow
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_each_by_itself(case: Case, material: Material, tmp_path: Path):
    """The command as a user starts it, from within the folder it is about.

    What only an engine can refuse is tried nowhere else, since each of these loads one.
    """
    job = made(case, tmp_path, material)
    folder = tmp_path / "model"
    with (tmp_path / "err").open("w") as err:
        child = subprocess.Popen(
            [sys.executable, "-P", "-m", "auditor", *job["arguments"]],
            cwd=folder if folder.is_dir() else tmp_path,
            env={**environment(), **job["variables"]},
            stdout=subprocess.DEVNULL,
            stderr=err,
        )
        _, status, used = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    ran = {
        "code": child.returncode,
        "err": (tmp_path / "err").read_text(),
        "seconds": used.ru_utime + used.ru_stime,  # others may run beside it
        "peak_bytes": used.ru_maxrss * 1024,
    }
    require(case, ran, tmp_path)
    assert not material.alarm.tripped


@pytest.mark.parametrize("make", [pickled, pickled_by_hand], ids=["reduce", "by-hand"])
def test_the_payload_trips_the_canary_where_it_is_loaded(tmp_path: Path, make: Any):
    with canary(tmp_path) as alarm:
        assert not alarm.tripped
        load = "import pickle, sys; pickle.loads(sys.stdin.buffer.read())"
        subprocess.run([sys.executable, "-c", load], input=make(alarm.code), check=True)
        assert alarm.tripped


def test_the_code_trips_the_canary_where_it_is_imported(tmp_path: Path):
    with canary(tmp_path) as alarm:
        (tmp_path / "evil.py").write_text(module(alarm.code))
        subprocess.run([sys.executable, "-c", "import evil"], cwd=tmp_path, check=True)
        assert alarm.tripped
