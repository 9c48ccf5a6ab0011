"""What many tests use and nobody changes: made once a session."""

from __future__ import annotations

from pathlib import Path

import pytest

from auditor.models.torch_image import TorchImageClassifier
from tests.small_models import tiny_model, tuned_model, write_pictures, write_tiny


@pytest.fixture(scope="session")
def tiny_checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny model in Hub layout. Copy it before you break it."""
    return write_tiny(tmp_path_factory.mktemp("hub") / "tiny")


@pytest.fixture(scope="session")
def one_track_checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny model that answers everything with its first label."""
    return write_tiny(tmp_path_factory.mktemp("hub") / "one-track", favourite=0)


@pytest.fixture(scope="session")
def tuned() -> TorchImageClassifier:
    """An honest fine-tune of `tiny_model()`. Copy it before you bend it."""
    return tuned_model(tiny_model())


@pytest.fixture(scope="session")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of class folders: eight entities, seven pictures of each."""
    return write_pictures(tmp_path_factory.mktemp("pictures") / "things")


@pytest.fixture(autouse=True)
def _own_cache(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """No test finds what another one, or the person who runs them, has kept."""
    monkeypatch.setenv("AUDITOR_CACHE", str(tmp_path_factory.mktemp("cache")))


@pytest.fixture(autouse=True)
def _outside_the_box(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """A child knows nothing of what a test changes here: only tests of the box ask for one."""
    import auditor.audit
    import auditor.boxed.remedy
    import auditor.boxed.scan
    import auditor.boxed.sequela
    import auditor.remedy.run
    import auditor.sequela.run

    if request.node.get_closest_marker("boxed") is None:
        monkeypatch.setattr(auditor.boxed.scan, "scan", auditor.audit.scan)
        monkeypatch.setattr(auditor.boxed.remedy, "remediate", auditor.remedy.run.remediate)
        monkeypatch.setattr(auditor.boxed.sequela, "compare", auditor.sequela.run.compare)
