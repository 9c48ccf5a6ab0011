from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from huggingface_hub import constants

from auditor.checkpoints.resolve import resolve
from auditor.errors import AuditorError, CheckpointError, UnsupportedModel
from auditor.types import Checkpoint
from tests.checkpoints.conftest import (
    CONFIG,
    require_plain,
    write_config,
    write_model,
    write_sharded,
)
from tests.hub_server import HubServer, RepoFixture, use_hub

Serve = Callable[..., HubServer]


def failure(
    source: str,
    cache: Path,
    kind: type[AuditorError] = CheckpointError,
    *,
    offline: bool = False,
    token: str | None = None,
) -> AuditorError:
    with pytest.raises(kind) as caught:
        resolve(source, cache_dir=cache, offline=offline, token=token)
    error = caught.value
    assert type(error) is kind
    require_plain(error)
    return error


def files(checkpoint: Checkpoint) -> list[str]:
    return [file.path for file in checkpoint.files]


# Revisions


@pytest.mark.parametrize("source", ["org/name", "org/name@main", "hf://org/name@main"])
def test_branch_is_pinned_to_a_commit(model: Path, cache: Path, serve: Serve, source: str):
    hub = serve(org__name=RepoFixture(model))
    checkpoint = resolve(source, cache_dir=cache)
    assert checkpoint.source == source
    assert checkpoint.revision == hub.commit("org/name")
    assert re.fullmatch("[0-9a-f]{40}", checkpoint.revision)
    assert checkpoint.root.name == checkpoint.revision


def test_other_branch(model: Path, tmp_path: Path, cache: Path, serve: Serve):
    other = write_model(tmp_path / "other", {**CONFIG, "model_type": "other"})
    hub = serve(org__name=RepoFixture(model, branches={"refs/pr/1": other}))
    checkpoint = resolve("org/name@refs/pr/1", cache_dir=cache)
    assert checkpoint.revision == hub.commit("org/name", "refs/pr/1")
    assert checkpoint.config["model_type"] == "other"


def test_commit_stays_readable_when_the_branch_moves(
    model: Path, tmp_path: Path, cache: Path, serve: Serve
):
    hub = serve(org__name=RepoFixture(model))
    first = resolve("org/name", cache_dir=cache)
    moved = hub.push("org/name", write_model(tmp_path / "new", {**CONFIG, "model_type": "new"}))
    second = resolve("org/name", cache_dir=cache)
    again = resolve(f"org/name@{first.revision}", cache_dir=cache)
    assert second.revision == moved != first.revision
    assert (again.revision, again.digest) == (first.revision, first.digest)
    assert second.digest != first.digest


def test_branch_that_moves_during_the_download_does_not_mix_versions(
    model: Path, tmp_path: Path, cache: Path, serve: Serve, monkeypatch: pytest.MonkeyPatch
):
    hub = serve(org__name=RepoFixture(model))
    new = write_model(tmp_path / "new", {**CONFIG, "model_type": "new"})
    find = hub.find

    def find_and_move(kind: str, repo_id: str):
        if any("/resolve/" in request.path for request in hub.requests):
            hub.push("org/name", new)
        return find(kind, repo_id)

    monkeypatch.setattr(hub, "find", find_and_move)
    before = hub.commit("org/name")
    checkpoint = resolve("org/name", cache_dir=cache)
    assert checkpoint.revision == before
    assert checkpoint.digest == resolve(str(model)).digest
    assert hub.commit("org/name") != before


# Which files


def test_only_what_is_needed_is_fetched(model: Path, cache: Path, serve: Serve):
    for name in ("pytorch_model.bin", "x.pt", "x.pth", "x.ckpt", "x.pkl", "tf_model.h5"):
        (model / name).write_bytes(b"\x80\x04.")
    for name in ("flax_model.msgpack", "model.onnx", "model.fp16.safetensors", "photo.jpg"):
        (model / name).write_bytes(b"large")
    (model / "checkpoint-10").mkdir()
    shutil.copy(model / "model.safetensors", model / "checkpoint-10")
    hub = serve(org__name=RepoFixture(model))
    checkpoint = resolve("org/name", cache_dir=cache)
    wanted = ["README.md", "config.json", "model.safetensors", "preprocessor_config.json"]
    assert sorted(hub.fetched("org/name")) == files(checkpoint) == wanted


def test_sharded(tmp_path: Path, cache: Path, serve: Serve):
    folder = write_sharded(tmp_path / "m")
    (folder / "unrelated.safetensors").touch()
    hub = serve(org__name=RepoFixture(folder))
    checkpoint = resolve("org/name", cache_dir=cache)
    assert checkpoint.digest == resolve(str(folder)).digest
    assert "unrelated.safetensors" not in hub.fetched("org/name")


@pytest.mark.parametrize("name", ["model.onnx", "onnx/model.onnx"])
def test_onnx(tmp_path: Path, cache: Path, serve: Serve, name: str):
    write_config(tmp_path / "m")
    (tmp_path / "m" / name).parent.mkdir(exist_ok=True)
    (tmp_path / "m" / name).write_bytes(b"onnx")
    serve(org__name=RepoFixture(tmp_path / "m"))
    assert files(resolve("org/name", cache_dir=cache)) == ["config.json", name]


def test_pickle_only_is_refused_without_fetching_anything(model: Path, cache: Path, serve: Serve):
    (model / "model.safetensors").rename(model / "pytorch_model.bin")
    hub = serve(org__name=RepoFixture(model))
    error = failure("org/name", cache)
    assert "org/name has its weights only in pytorch_model.bin, a Python pickle" in error.message
    assert hub.fetched("org/name") == []


def test_no_config(model: Path, cache: Path, serve: Serve):
    (model / "config.json").unlink()
    serve(org__name=RepoFixture(model))
    assert failure("org/name", cache).message == "org/name has no config.json"


@pytest.mark.parametrize("config", [{"architectures": ["BertModel"]}, {**CONFIG, "id2label": {}}])
def test_weights_of_an_unsupported_model_are_not_fetched(
    model: Path, cache: Path, serve: Serve, config: dict
):
    write_config(model, config)
    hub = serve(org__name=RepoFixture(model))
    failure("org/name", cache, UnsupportedModel)
    assert hub.fetched("org/name") == ["config.json"]


def test_index_cannot_ask_for_other_files(tmp_path: Path, cache: Path, serve: Serve):
    folder = write_sharded(tmp_path / "m")
    index = {"weight_map": {"w": "../../other/model.safetensors"}}
    (folder / "model.safetensors.index.json").write_text(json.dumps(index))
    serve(org__name=RepoFixture(folder))
    assert "not a .safetensors file of the same folder" in failure("org/name", cache).message


# Cache and offline


def test_second_resolve_fetches_nothing(model: Path, cache: Path, serve: Serve):
    hub = serve(org__name=RepoFixture(model))
    first = resolve("org/name", cache_dir=cache)
    fetched = list(hub.fetched("org/name"))
    assert resolve("org/name", cache_dir=cache) == first
    assert hub.fetched("org/name") == fetched


@pytest.mark.parametrize("revision", ["", "@main", "@{commit}"])
def test_offline_from_the_cache_makes_no_request(
    model: Path, cache: Path, serve: Serve, revision: str, monkeypatch: pytest.MonkeyPatch
):
    hub = serve(org__name=RepoFixture(model))
    online = resolve("org/name", cache_dir=cache)
    hub.requests.clear()
    # Left on, the client may ask the Hub which agents there are, even for cached files.
    monkeypatch.setattr(constants, "HF_HUB_DISABLE_TELEMETRY", False)
    monkeypatch.setattr(constants, "ENDPOINT", hub.url)
    source = "org/name" + revision.format(commit=online.revision)
    offline = resolve(source, cache_dir=cache, offline=True)
    assert (offline.revision, offline.digest) == (online.revision, online.digest)
    assert hub.requests == []


def test_client_switched_offline(
    model: Path, cache: Path, serve: Serve, monkeypatch: pytest.MonkeyPatch
):
    hub = serve(org__name=RepoFixture(model))
    online = resolve("org/name", cache_dir=cache)
    hub.requests.clear()
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    assert resolve("org/name", cache_dir=cache) == online
    assert hub.requests == []


def test_offline_and_never_fetched(model: Path, cache: Path, serve: Serve):
    hub = serve(org__name=RepoFixture(model))
    error = failure("org/name", cache, offline=True)
    assert error.message == "org/name at main is not in the local cache"
    assert "without --offline" in error.hint
    assert hub.requests == []


def test_offline_and_another_revision_fetched(model: Path, cache: Path, serve: Serve):
    serve(org__name=RepoFixture(model))
    resolve("org/name", cache_dir=cache)
    error = failure("org/name@v2", cache, offline=True)
    assert error.message == "org/name at v2 is not in the local cache"


@pytest.mark.parametrize("missing", ["model.safetensors", "model-00002-of-00002.safetensors"])
def test_offline_and_partly_fetched(tmp_path: Path, cache: Path, serve: Serve, missing: str):
    write = write_model if missing == "model.safetensors" else write_sharded
    serve(org__name=RepoFixture(write(tmp_path / "m")))
    (resolve("org/name", cache_dir=cache).root / missing).unlink()
    error = failure("org/name", cache, offline=True)
    assert error.message.startswith("the local cache holds only a part of org/name: ")
    assert "to complete it" in error.hint


def test_progress_is_told_the_bytes(model: Path, cache: Path, serve: Serve):
    serve(org__name=RepoFixture(model))
    told: dict[str, tuple[int, int | None]] = {}

    def progress(name: str, done: int, total: int | None) -> None:
        told[name] = (done, total)

    checkpoint = resolve("org/name", cache_dir=cache, progress=progress)
    assert told == {f.path: (f.size_bytes, f.size_bytes) for f in checkpoint.files}


def test_nothing_is_printed(
    model: Path, cache: Path, serve: Serve, capfd: pytest.CaptureFixture[str]
):
    serve(org__name=RepoFixture(model))
    resolve("org/name", cache_dir=cache)
    assert capfd.readouterr() == ("", "")


# The server itself, for those who use it with data sets


def test_server_lists_and_serves_data_sets(
    tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch
):
    from huggingface_hub import HfApi, close_session, hf_hub_download

    (tmp_path / "pets" / "data").mkdir(parents=True)
    (tmp_path / "pets" / "data" / "train-0.parquet").write_bytes(b"PAR1 rows PAR1")
    (tmp_path / "pets" / "README.md").write_text("# Pets")
    with HubServer(datasets={"org/pets": RepoFixture(tmp_path / "pets")}) as hub:
        use_hub(monkeypatch, hub)
        api = HfApi(endpoint=hub.url)
        commit = api.dataset_info("org/pets").sha
        assert commit == hub.commit("org/pets", kind="datasets")
        tree = api.list_repo_tree("org/pets", repo_type="dataset", recursive=True)
        assert [entry.path for entry in tree] == ["README.md", "data", "data/train-0.parquet"]
        path = hf_hub_download(
            "org/pets",
            "data/train-0.parquet",
            repo_type="dataset",
            revision=commit,
            endpoint=hub.url,
            cache_dir=cache,
        )
        assert Path(path).read_bytes() == b"PAR1 rows PAR1"
        assert hub.fetched("org/pets") == ["data/train-0.parquet"]
    close_session()
