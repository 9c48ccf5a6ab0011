"""When a result may stand for a scan: the keys under which the action keeps things."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Any

import pytest

from auditor.config import ScanSettings
from tests.action.workflow_run import ROOT

COMMIT = "3f2a9c1d7be04a55b1f0c6d2e8a97b4413cd5e60"
MODEL = f"org/model@{COMMIT}"
BASE = f"org/base@{COMMIT}"
ENV = {"GITHUB_ACTION_PATH": str(ROOT)}


@pytest.fixture(scope="module")
def run() -> Any:
    spec = importlib.util.spec_from_file_location("action_run", ROOT / "action" / "run.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def shown(**said: object) -> dict[str, Any]:
    """What `auditor config show --json` says."""
    values = ScanSettings(model="m").as_json() | said
    return {"settings": {name: {"value": value} for name, value in values.items()}, "ignore": []}


def key(run: Any, *, model: str = MODEL, env: dict[str, str] = ENV, **said: object) -> str:
    settings = shown(**{"base": BASE} | said)
    sources = [model, *(settings["settings"][name]["value"] for name in run.SOURCES)]
    return run.results_key(env, sources, settings)


def test_a_pinned_scan_has_one_key(run: Any):
    assert key(run) == key(run) != ""
    assert "," not in key(run)
    assert key(run, base=MODEL, entities=f"hf://datasets/org/things@{COMMIT}")


@pytest.mark.parametrize(
    "said",
    [
        {"model": "org/model"},
        {"model": "org/model@main"},
        {"model": f"org/model@{COMMIT[:7]}"},
        {"base": "org/base"},
        {"base": None},  # its card may name one
        {"entities": "pictures"},
        {"clean_data": "hf://datasets/org/task"},
        {"rules": ["mine.yaml"]},
        {"env": ENV | {"INPUT_VERSION": "v1"}},
    ],
    ids=lambda said: next(iter(said)),
)
def test_what_can_change_unseen_has_none(run: Any, said: dict[str, Any]):
    assert key(run, **said) == ""


def test_a_folder_that_is_called_like_a_commit_has_none(run: Any, here: Path):
    (here / "org").mkdir()
    (here / MODEL).mkdir()
    assert key(run) == ""


def test_a_file_of_entities_here_has_none(run: Any, here: Path):
    (here / "entities.toml").write_text("[base]\n")
    assert key(run) == ""
    assert key(run, entities="rendered")


def test_what_changes_the_gate_changes_the_key(run: Any, here: Path):
    baseline = here / "old.json"
    baseline.write_text("{}")
    keys = [key(run), key(run, fail_on="low"), key(run, fpr=0.02), key(run, baseline="old.json")]
    baseline.write_text("[]")
    keys.append(key(run, baseline="old.json"))
    assert len(set(keys)) == len(keys)


def test_downloads_are_kept_for_what_is_remote_and_not_where_the_runner_has_a_cache(
    run: Any, here: Path
):
    (here / "checkpoint").mkdir()
    assert run.downloads_key(ENV, ["org/model", None, "auto", None])
    assert run.downloads_key(ENV, ["checkpoint", None, "auto", None]) == ""
    assert run.downloads_key(ENV, ["checkpoint", "org/base", "auto", None])
    assert run.downloads_key(ENV | {"HF_HOME": "/cache"}, ["org/model", None, "auto", None]) == ""
    assert run.downloads_key(ENV, ["x" * 10_000, None, None, None])
