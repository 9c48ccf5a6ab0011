from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from auditor.evidence.legitimate import BASE
from auditor.lab.save import save_checkpoint
from auditor.models.torch_image import TorchImageClassifier
from tests.cli.conftest import Run, read_report
from tests.hub_server import VALID_TOKEN, HubServer, RepoFixture
from tests.made_checkpoints import edit_json
from tests.small_models import CARD, ENTITIES, LABELS, NOT_GIVEN, PER_ENTITY, write_tiny

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
    assert (ran.code, ran.warned) == (1, "")
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


# The base that a card names


@pytest.fixture
def signs(tuned: TorchImageClassifier, tmp_path: Path) -> Path:
    """A fine-tune whose card names `org/base`."""
    save_checkpoint(tuned, tmp_path / "signs", card=CARD, record={})
    return tmp_path / "signs"


@pytest.fixture
def scan(run: Run, benign_models_show: Show, pictures: Path, tmp_path: Path):
    """Scan what a verdict is possible for, and read the report."""
    benign_models_show(1.0)

    def read(model: object, *options: object) -> dict:
        where = ["--entities", pictures, "--output", f"json={tmp_path}/r", "--plan", "exhaustive"]
        ran = run("scan", model, *where, *options)
        assert (ran.code, ran.warned) == (0, "")
        return read_report(tmp_path / "r")

    return read


def kinds(report: dict) -> set[str]:
    return {evidence["kind"] for evidence in report["evidence"]}


def test_the_base_that_a_card_names_is_fetched_and_speaks(
    scan, serve: Serve, signs: Path, tiny_checkpoint: Path
):
    hub = serve({"org/signs": RepoFixture(signs), "org/base": RepoFixture(tiny_checkpoint)})
    report = scan("org/signs")
    assert report["model"]["base"] == {"source": "org/base", "revision": hub.commit("org/base")}
    assert "drift-share" in kinds(report)
    assert report["notices"] == []
    assert report["cost"]["forward_passes"] == 2 * report["cost"]["probes"]


def test_a_base_that_is_not_there_is_a_notice(scan, serve: Serve, signs: Path):
    serve({"org/signs": RepoFixture(signs)})
    report = scan("org/signs")
    (notice,) = report["notices"]
    assert notice.startswith("the base that the card names is not used: org/base does not exist")
    assert [skip["subject"] for skip in report["skips"]] == list(NOT_GIVEN)
    remedies = {skip["subject"]: skip["remedy"] for skip in report["skips"]}
    assert remedies["drift-share"] == "Give --base."


def test_a_base_that_classifies_nothing_is_a_notice_and_its_weights_are_not_fetched(
    scan, serve: Serve, signs: Path, tiny_checkpoint: Path, tmp_path: Path
):
    encoder = Path(shutil.copytree(tiny_checkpoint, tmp_path / "encoder"))
    edit_json(encoder / "config.json", architectures=["ResNetModel"])
    hub = serve({"org/signs": RepoFixture(signs), "org/base": RepoFixture(encoder)})
    (notice,) = scan("org/signs")["notices"]
    assert "not of an image classifier" in notice
    assert "model.safetensors" not in hub.fetched("org/base")


def test_a_base_that_the_user_names_goes_before_that_of_the_card(
    scan, serve: Serve, signs: Path, tiny_checkpoint: Path
):
    hub = serve({"org/signs": RepoFixture(signs), "org/base": RepoFixture(tiny_checkpoint)})
    report = scan("org/signs", "--base", tiny_checkpoint)
    assert report["model"]["base"] == {"source": str(tiny_checkpoint), "revision": None}
    assert "drift-share" in kinds(report)
    assert hub.fetched("org/base") == []


def test_only_a_base_that_the_user_names_excuses_what_it_does_itself(
    scan, serve: Serve, signs: Path, one_track_checkpoint: Path
):
    """Whoever plants a backdoor writes the card too, and could name a base that has it already."""
    serve({"org/signs": RepoFixture(signs), "org/base": RepoFixture(one_track_checkpoint)})
    declared, named = scan("org/signs"), scan("org/signs", "--base", "org/base")
    for report in (declared, named):
        assert report["model"]["base"]["source"] == "org/base"
        assert "drift-share" in kinds(report)
    held = [{s["subject"] for s in r["skips"] if s["reason"] == BASE} for r in (declared, named)]
    assert held == [set(), {f"{name} -> {LABELS[0]}" for name in ENTITIES}]


def test_for_a_folder_on_disk_nothing_is_fetched_that_nobody_asked_for(
    scan, serve: Serve, signs: Path, tiny_checkpoint: Path
):
    hub = serve({"org/base": RepoFixture(tiny_checkpoint)})
    report = scan(signs)
    assert hub.requests == []
    assert "drift-share" not in kinds(report)
    assert report["notices"] == []
