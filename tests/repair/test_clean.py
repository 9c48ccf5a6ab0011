"""Clean data of every wrong kind: one line, one hint, and nothing is done."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from auditor.datasets.open import DatasetSpec
from auditor.errors import EntityError, ExitCode
from auditor.models.torch_image import TorchImageClassifier
from auditor.repair.clean import CleanData, open_clean
from tests.small_models import LABELS, write_coloured

Break = Callable[[Path], None]


def opened(model: TorchImageClassifier, folder: Path, per_class: int = 200) -> CleanData:
    rng = np.random.default_rng(0)
    return open_clean(DatasetSpec(source=str(folder)), model, per_class=per_class, rng=rng)


def test_three_sets_share_no_image_and_hold_every_class_evenly(
    tuned: TorchImageClassifier, clean_folder: Path
):
    clean = opened(tuned, clean_folder)
    sets = (clean.tune, clean.choice, clean.judge)
    assert [np.bincount(part.labels).tolist() for part in sets] == [[30] * 4, [5] * 4, [5] * 4]
    images = [picture.tobytes() for part in sets for picture in part.pixels]
    assert len(set(images)) == len(images) == 160
    assert len(clean.tune_names) == len(clean.tune.labels)


def test_no_more_than_asked_for_are_tuned_on(tuned: TorchImageClassifier, clean_folder: Path):
    clean = opened(tuned, clean_folder, per_class=12)
    assert np.bincount(clean.tune.labels).tolist() == [12] * 4


def _renamed(folder: Path) -> None:
    (folder / LABELS[0]).rename(folder / "another task")


def _few(folder: Path) -> None:
    for path in sorted((folder / LABELS[1]).iterdir())[9:]:
        path.unlink()


def _one_class(folder: Path) -> None:
    for label in LABELS[1:]:
        shutil.rmtree(folder / label)
    (folder / "nothing else").mkdir()


def _swapped(folder: Path) -> None:
    for i, label in enumerate(LABELS):
        (folder / label).rename(folder / f"{i}")
    for i, label in enumerate(LABELS):
        (folder / f"{(i + 1) % 4}").rename(folder / label)


@pytest.mark.parametrize(
    ("broken", "says"),
    [
        (_renamed, "they have no label 'stop'"),
        (_few, "fewer than 10 of their images are of 'yield'"),
        (_one_class, "they have no label 'yield', 'no entry', 'road work'"),
        (_swapped, "the labels are wrong"),
        (shutil.rmtree, "no such folder"),
    ],
    ids=["labels do not match", "too few", "one class", "wrong labels", "missing"],
)
def test_what_cannot_be_used_is_refused(
    tuned: TorchImageClassifier, tmp_path: Path, broken: Break, says: str
):
    folder = write_coloured(tmp_path / "clean", each=12)
    broken(folder)
    with pytest.raises(EntityError, match="--clean-data") as caught:
        opened(tuned, folder)
    assert says in caught.value.message
    assert caught.value.hint
    assert caught.value.exit_code is ExitCode.NOT_AUDITED
