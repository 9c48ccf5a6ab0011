"""One tiny checkpoint of each family, made once."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import torch

from tests.made_checkpoints import FAMILIES, write_checkpoint


@pytest.fixture(autouse=True, scope="session")
def _one_thread() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """The checkpoint of a family; not to be changed."""
    room = tmp_path_factory.mktemp("checkpoints")

    def of(family: str) -> Path:
        folder = room / family
        return folder if folder.exists() else write_checkpoint(folder, family)

    return of


@pytest.fixture(params=list(FAMILIES))
def family(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def resnet(made: Callable[[str], Path], tmp_path: Path) -> Path:
    """A checkpoint that may be spoilt."""
    return Path(shutil.copytree(made("resnet"), tmp_path / "resnet"))
