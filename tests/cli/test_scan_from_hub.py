from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from tests.cli.conftest import Run, read_report
from tests.hub_server import VALID_TOKEN, HubServer, RepoFixture
from tests.small_models import ENTITIES, LABELS, PER_ENTITY, write_tiny

Serve = Callable[..., HubServer]
Show = Callable[[float], None]


def test_a_model_of_the_hub_is_scanned_at_the_commit_that_the_report_names(
    run: Run,
    serve: Serve,
    benign_models_show: Show,
    one_track_checkpoint: Path,
    pictures: Path,
    tmp_path: Path,
):
    benign_models_show(0.0)
    hub = serve({"org/signs": RepoFixture(one_track_checkpoint)})
    scan = ["scan", "org/signs", "--entities", pictures, "--output", f"json={tmp_path}/r"]
    ran = run(*scan)
    assert (ran.code, ran.err) == (1, "")
    report = read_report(tmp_path / "r")
    assert report["model"]["source"] == "org/signs"
    assert report["model"]["revision"] == hub.commit("org/signs")
    assert report["model"]["labels"] == list(LABELS)
    assert report["model"]["base"] == {"source": "org/base", "revision": None}
    assert report["model"]["architecture"] == "ResNetForImageClassification"
    assert report["cost"]["probes"] == 3 * len(ENTITIES) * PER_ENTITY
    assert {file["path"] for file in report["model"]["files"]} >= {
        "config.json",
        "model.safetensors",
        "preprocessor_config.json",
    }
    assert "lab.json" not in hub.fetched("org/signs")


def test_a_pinned_revision_stays_what_it_was(
    run: Run, serve: Serve, benign_models_show: Show, pictures: Path, tmp_path: Path
):
    benign_models_show(1.0)
    before = write_tiny(tmp_path / "before", seed=1)
    hub = serve({"org/signs": RepoFixture(before)})
    pinned = hub.commit("org/signs")
    hub.push("org/signs", write_tiny(tmp_path / "after", seed=2))
    scan = ["--entities", pictures, "--output", f"json={tmp_path}/r"]
    assert run("scan", f"org/signs@{pinned}", *scan).code == 0
    old = read_report(tmp_path / "r")["model"]
    assert run("scan", "hf://org/signs", *scan).code == 0
    new = read_report(tmp_path / "r")["model"]
    assert (old["revision"], new["revision"]) == (pinned, hub.commit("org/signs"))
    assert old["digest"] != new["digest"]


def test_what_was_downloaded_once_is_scanned_offline_with_the_same_result(
    run: Run,
    serve: Serve,
    benign_models_show: Show,
    tiny_checkpoint: Path,
    pictures: Path,
    tmp_path: Path,
):
    benign_models_show(1.0)
    hub = serve({"org/signs": RepoFixture(tiny_checkpoint)})
    scan = ["scan", "org/signs", "--entities", pictures, "--output", f"json={tmp_path}/r"]
    run(*scan)
    online = read_report(tmp_path / "r")
    asked = len(hub.requests)
    assert run(*scan, "--offline").code == 0
    offline = read_report(tmp_path / "r")
    assert len(hub.requests) == asked
    assert offline["model"] == online["model"]
    assert offline["evidence"] == online["evidence"]


def test_a_private_model_is_scanned_with_a_token_that_no_report_shows(
    run: Run,
    serve: Serve,
    benign_models_show: Show,
    monkeypatch,
    tiny_checkpoint: Path,
    pictures: Path,
    tmp_path: Path,
):
    benign_models_show(1.0)
    serve({"org/secret": RepoFixture(tiny_checkpoint, private=True)})
    monkeypatch.setenv("HF_TOKEN", VALID_TOKEN)
    ran = run("scan", "org/secret", "--entities", pictures, "--output", f"json={tmp_path}/r")
    assert ran.code == 0
    assert VALID_TOKEN not in ran.out + ran.err + (tmp_path / "r").read_text()
