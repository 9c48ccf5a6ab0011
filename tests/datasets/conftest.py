"""A Hub on loopback that serves data sets."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import huggingface_hub
import pytest

from tests.hub_server import HubServer, RepoFixture, use_hub
from tests.made_datasets import write_dataset


@pytest.fixture
def pets(tmp_path: Path) -> Path:
    """A complete data set of three labels."""
    return write_dataset(tmp_path / "pets", about={"cat": {"wnid": "n1"}})


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    return tmp_path / "cache"


@pytest.fixture
def serve(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[RepoFixture], HubServer]]:
    """Start a Hub with the data set org/pets and point the client at it."""
    with ExitStack() as stack:

        def start(fixture: RepoFixture) -> HubServer:
            hub = stack.enter_context(HubServer(datasets={"org/pets": fixture}))
            use_hub(monkeypatch, hub)
            return hub

        yield start
    # Its connections would outlive the server, and be reported as leaks of another test.
    huggingface_hub.close_session()


@pytest.fixture
def short_waits(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Every wait is noted and takes no time; the client has no setting for its own."""
    waits: list[float] = []
    monkeypatch.setattr(time, "sleep", waits.append)
    return waits
