from __future__ import annotations

import socket
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from huggingface_hub import constants
from safetensors.numpy import save_file

from auditor.checkpoints.resolve import resolve
from auditor.errors import AuditorError, CheckpointError
from tests.checkpoints.conftest import require_plain
from tests.hub_server import VALID_TOKEN, Cut, HubServer, RepoFixture

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


# Endpoint and token


def test_endpoint_may_change_within_a_process(
    model: Path, tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch, serve: Serve
):
    first = serve(org__first=RepoFixture(model))
    resolve("org/first", cache_dir=cache)
    asked = len(first.requests)
    second = serve(org__second=RepoFixture(model))
    assert resolve("org/second", cache_dir=cache).revision == second.commit("org/second")
    assert len(first.requests) == asked
    monkeypatch.setenv("HF_ENDPOINT", first.url + "/")
    assert resolve("org/first", cache_dir=cache).revision == first.commit("org/first")


def test_private_with_token(model: Path, cache: Path, serve: Serve):
    hub = serve(org__name=RepoFixture(model, private=True))
    checkpoint = resolve("org/name", cache_dir=cache, token=VALID_TOKEN)
    assert checkpoint.revision == hub.commit("org/name")


def test_token_from_the_environment(
    model: Path, cache: Path, serve: Serve, monkeypatch: pytest.MonkeyPatch
):
    hub = serve(org__name=RepoFixture(model, private=True))
    monkeypatch.setenv("HF_TOKEN", VALID_TOKEN)
    resolve("org/name", cache_dir=cache)
    assert {request.token for request in hub.requests} == {VALID_TOKEN}


@pytest.mark.parametrize("token", [None, VALID_TOKEN])
def test_missing_repository(model: Path, cache: Path, serve: Serve, token: str | None):
    hub = serve(org__name=RepoFixture(model))
    error = failure("org/nothing", cache, token=token)
    assert error.message == (
        f"org/nothing does not exist on {hub.url}, or is private and no valid token was given"
    )
    assert "hf auth login" in error.hint
    assert "HF_TOKEN" in error.hint


def test_private_without_token_says_the_same(model: Path, cache: Path, serve: Serve):
    serve(org__name=RepoFixture(model, private=True))
    private, missing = failure("org/name", cache), failure("org/nothing", cache)
    assert private.message == missing.message.replace("org/nothing", "org/name")


def test_token_that_is_not_accepted(model: Path, cache: Path, serve: Serve):
    serve(org__name=RepoFixture(model))
    error = failure("org/name", cache, token="hf_expired")
    assert "does not accept the token" in error.message
    assert "hf_expired" not in error.message + error.hint


def test_gated(model: Path, cache: Path, serve: Serve):
    hub = serve(org__name=RepoFixture(model, gated=True))
    error = failure("org/name", cache)
    assert error.message.startswith("org/name is gated")
    assert f"{hub.url}/org/name" in error.hint
    assert resolve("org/name", cache_dir=cache, token=VALID_TOKEN).revision


def test_missing_revision(model: Path, cache: Path, serve: Serve):
    serve(org__name=RepoFixture(model))
    error = failure("org/name@v9", cache)
    assert error.message == "org/name has no revision v9"
    assert "branch, tag or commit" in error.hint


def test_id_that_the_hub_does_not_allow(model: Path, cache: Path, serve: Serve):
    serve(org__name=RepoFixture(model))
    assert "is not a valid Hub id" in failure("org/a--b", cache).message


# Network


@pytest.mark.parametrize(
    ("status", "message"),
    [
        (403, "forbids this account to read org/name"),
        (429, "limits the rate of requests"),
        (500, "answered 500 to the request for org/name"),
        (503, "answered 503 to the request for org/name"),
    ],
)
def test_other_answers(
    model: Path, cache: Path, serve: Serve, short_waits: list[float], status: int, message: str
):
    serve(org__name=RepoFixture(model, status=status))
    assert message in failure("org/name", cache).message
    assert sum(short_waits) < 30  # it gives up


@pytest.mark.parametrize(
    ("hiccups", "asked", "least", "most"),
    [
        ((429, 429), None, 3, 30),
        ((503, 500), None, 3, 30),
        ((502,), None, 1, 30),
        ((429,), "7", 7, 40),
        ((429,), "100000", 60, 150),
        ((503,), "tomorrow", 1, 30),
    ],
)
def test_a_hub_that_is_busy_is_asked_again_later(
    model: Path,
    cache: Path,
    serve: Serve,
    short_waits: list[float],
    hiccups: tuple[int, ...],
    asked: str | None,
    least: float,
    most: float,
):
    hub = serve(org__name=RepoFixture(model, hiccups=hiccups, retry_after=asked))
    assert resolve("org/name", cache_dir=cache).revision == hub.commit("org/name")
    assert least <= sum(short_waits) <= most


def test_unreachable(model: Path, cache: Path, serve: Serve, monkeypatch: pytest.MonkeyPatch):
    serve(org__name=RepoFixture(model))
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        endpoint = f"http://127.0.0.1:{free.getsockname()[1]}"
    monkeypatch.setenv("HF_ENDPOINT", endpoint)
    error = failure("org/name", cache)
    assert error.message == f"cannot reach {endpoint} to ask for org/name"
    assert "--offline" in error.hint


def test_hub_that_does_not_answer_in_time(
    model: Path,
    cache: Path,
    serve: Serve,
    monkeypatch: pytest.MonkeyPatch,
    short_waits: list[float],
):
    serve(org__name=RepoFixture(model))
    monkeypatch.setattr(constants, "HF_HUB_ETAG_TIMEOUT", 0.1)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        monkeypatch.setenv("HF_ENDPOINT", f"http://127.0.0.1:{silent.getsockname()[1]}")
        assert "cannot reach" in failure("org/name", cache).message


@pytest.mark.parametrize("endpoint", ["huggingface.co", "ftp://hub", "http://hub:port"])
def test_endpoint_that_is_no_url(
    model: Path, cache: Path, serve: Serve, monkeypatch: pytest.MonkeyPatch, endpoint: str
):
    serve(org__name=RepoFixture(model))
    monkeypatch.setenv("HF_ENDPOINT", endpoint)
    assert f"HF_ENDPOINT is not a URL: {endpoint}" in failure("org/name", cache).message


@pytest.mark.parametrize("reset", [True, False])
def test_cut_in_the_middle_of_a_file_recovers(
    model: Path, cache: Path, serve: Serve, short_waits: list[float], reset: bool
):
    cut = Cut(after_bytes=50, times=2, reset=reset)
    hub = serve(org__name=RepoFixture(model, cuts={"model.safetensors": cut}))
    assert resolve("org/name", cache_dir=cache).digest == resolve(str(model)).digest
    assert hub.fetched("org/name").count("model.safetensors") == 3
    assert len(short_waits) == 2


def test_download_goes_on_where_it_was_cut(
    model: Path, cache: Path, serve: Serve, short_waits: list[float]
):
    weights = {
        "classifier.weight": np.zeros((3, 4), dtype=np.float32),
        "vit.weight": np.zeros(4 * 2**20, dtype=np.float32),
    }
    save_file(weights, model / "model.safetensors")
    # The client writes in pieces of ten megabytes; less than that is fetched again.
    cut = Cut(after_bytes=12_000_000)
    hub = serve(org__name=RepoFixture(model, cuts={"model.safetensors": cut}))
    assert resolve("org/name", cache_dir=cache).digest == resolve(str(model)).digest
    ranges = [r.range for r in hub.requests if "safetensors" in r.path and r.method == "GET"]
    assert len(ranges) == 2
    assert ranges[1] == f"bytes={10 * 2**20}-"


@pytest.mark.parametrize("reset", [True, False])
def test_permanent_cut_is_given_up(
    model: Path, cache: Path, serve: Serve, short_waits: list[float], reset: bool
):
    cut = Cut(after_bytes=50, times=None, reset=reset)
    hub = serve(org__name=RepoFixture(model, cuts={"model.safetensors": cut}))
    error = failure("org/name", cache)
    assert error.message == (
        f"the connection to {hub.url} was cut while fetching org/name, repeatedly"
    )
    assert hub.fetched("org/name").count("model.safetensors") <= 18
    assert sum(short_waits) < 30


def test_what_was_fetched_before_a_cut_is_kept(
    model: Path, cache: Path, serve: Serve, short_waits: list[float]
):
    cut = Cut(after_bytes=50, times=3, reset=True)
    hub = serve(org__name=RepoFixture(model, cuts={"model.safetensors": cut}))
    failure("org/name", cache)
    hub.requests.clear()
    resolve("org/name", cache_dir=cache)
    assert hub.fetched("org/name") == ["model.safetensors"]


def test_cache_that_cannot_be_written(model: Path, tmp_path: Path, serve: Serve):
    serve(org__name=RepoFixture(model))
    (tmp_path / "file").touch()
    error = failure("org/name", tmp_path / "file" / "cache")
    assert "cannot store org/name in the cache: " in error.message


def test_failure_that_was_not_foreseen_is_not_disguised(
    model: Path, cache: Path, serve: Serve, monkeypatch: pytest.MonkeyPatch
):
    import huggingface_hub

    serve(org__name=RepoFixture(model))

    def broken(*args: object, **kwargs: object) -> None:
        raise KeyError("a bug")

    monkeypatch.setattr(huggingface_hub, "hf_hub_download", broken)
    with pytest.raises(KeyError):
        resolve("org/name", cache_dir=cache)
