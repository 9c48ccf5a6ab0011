"""The base of the tuned model, and clean data of its task."""

from __future__ import annotations

from pathlib import Path

import pytest

from auditor.datasets.labelled import LabelledImages
from auditor.datasets.open import DatasetSpec, open_dataset
from auditor.models.torch_image import TorchImageClassifier
from tests.small_models import tiny_model, write_coloured


@pytest.fixture(scope="session")
def base() -> TorchImageClassifier:
    return tiny_model()


@pytest.fixture(scope="session")
def clean_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Twelve pictures of each label."""
    return write_coloured(tmp_path_factory.mktemp("clean") / "signs")


@pytest.fixture(scope="session")
def clean(clean_folder: Path) -> LabelledImages:
    return open_dataset(DatasetSpec(source=str(clean_folder)))
