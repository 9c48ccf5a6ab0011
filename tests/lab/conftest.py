"""A small population of benign fine-tunes, built once."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest

from auditor.lab.benign import BaseShare, Population, TaskShare, build_benign
from tests.small_models import write_coloured

MODELS = 3


@dataclass(frozen=True)
class Built:
    """A population, and the folder with its first models."""

    population: Population
    folder: Path


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory, tiny_checkpoint: Path) -> Built:
    """Three benign fine-tunes of a tiny base. Copy the folder before you change it."""
    room = tmp_path_factory.mktemp("benign")
    task = write_coloured(room / "signs", tuple(f"sign {i}" for i in range(6)), each=12)
    population = Population(
        bases=(BaseShare(checkpoint=str(tiny_checkpoint), image_size=16, share=1),),
        tasks=(TaskShare(data=str(task), share=1),),
    )
    build_benign(population, range(MODELS), room / "models")
    return Built(population, room / "models")
