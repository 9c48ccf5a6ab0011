"""`auditor lab zoo build` as a user meets it: what is wrong is said before anything is built."""

from __future__ import annotations

import os
from collections import Counter
from pathlib import Path

import pytest

from auditor.lab.manifest import Truth, read_manifest
from tests.cli.conftest import Ran, Run
from tests.small_models import write_pictures
from tests.small_zoo import SIGNS, write_spec, zoo_spec

SMALL = Path(__file__).parent.parent.parent / "reports" / "zoos" / "small.yaml"


@pytest.fixture(scope="module")
def said(tmp_path_factory: pytest.TempPathFactory, tiny_checkpoint: Path, pictures: Path):
    task = write_pictures(tmp_path_factory.mktemp("task") / "signs", SIGNS, each=8)
    return zoo_spec(tiny_checkpoint, task, pictures)


def build(run: Run, folder: Path, said: dict[str, object], *options: object) -> Ran:
    spec = write_spec(folder / "spec.yaml", said)
    return run("lab", "zoo", "build", spec, "--out", folder / "zoo", *options)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"victims": [{"attack": "badnetz", "settings": "signs"}]}, "did you mean badnets?"),
        ({"sead": 3}, "no such key: sead; did you mean seed?"),
        ({"entities": "/nowhere"}, "entities: /nowhere: no such folder"),
        (
            {"victims": [{"attack": "badnets", "settings": "signs", "targets": "stopp"}]},
            "no such label: stopp; did you mean stop?",
        ),
    ],
)
def test_a_spec_that_is_wrong_exits_2_and_writes_nothing(
    run: Run, said, tmp_path: Path, changes: dict[str, object], words: str
):
    ran = build(run, tmp_path, said | changes)
    assert (ran.code, ran.out) == (2, "")
    assert words in ran.complaint[0]
    assert not (tmp_path / "zoo").exists()


def test_a_spec_that_is_not_there_exits_2(run: Run, tmp_path: Path):
    ran = run("lab", "zoo", "build", tmp_path / "spec.yaml", "--out", tmp_path / "zoo")
    assert (ran.code, ran.out) == (2, "")
    assert ran.complaint[0].endswith("spec.yaml cannot be read: No such file or directory")


@pytest.mark.parametrize("jobs", ["0", "-1", "many"])
def test_a_number_of_jobs_that_makes_no_sense_exits_2(run: Run, said, tmp_path: Path, jobs: str):
    ran = build(run, tmp_path, said, "--jobs", jobs)
    assert (ran.code, ran.out) == (2, "")
    assert "--jobs" in ran.complaint[0]


@pytest.mark.parametrize("command", [("lab", "zoo"), ("lab", "zoo", "build")])
def test_the_command_explains_itself(run: Run, command: tuple[str, ...]):
    ran = run(*command, "--help")
    assert (ran.code, ran.err) == (0, "")
    assert "manifest.json" in ran.out


@pytest.mark.skipif(os.name != "posix", reason="needs a limit on the size of files")
def test_a_full_disk_is_one_line_and_leaves_nothing_half_written(run: Run, said, tmp_path: Path):
    """Workers inherit the limit, so that saving weights fails as on a full disk."""
    import resource

    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (5000, limits[1]))
    try:
        ran = build(run, tmp_path, said, "--jobs", 1)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert (ran.code, ran.out) == (2, "")
    assert "clean-signs-reference-0" in ran.complaint[0]
    assert "cannot be written" in ran.complaint[0]
    assert "room" in ran.complaint[1]
    assert list((tmp_path / "zoo").iterdir()) == []


@pytest.mark.slow
def test_the_small_zoo_offline(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")  # nothing listens there
    monkeypatch.chdir(tmp_path)  # and no data lie beside the repository
    ran = run("lab", "zoo", "build", SMALL, "--out", "zoo")
    assert ran.code == 0
    # A long build says how far it is every half minute, and nothing else.
    assert all(" of " in line and line.endswith(" left") for line in ran.err.splitlines())
    models = read_manifest(tmp_path / "zoo")
    assert Counter(model.truth for model in models) == {Truth.CLEAN: 4, Truth.BACKDOORED: 4}
    assert ran.out.split() == ["clean", "4", "backdoored", "4", "failed", "0", "zoo", "zoo"]
    assert min(model.clean_accuracy for model in models) > 0.5
