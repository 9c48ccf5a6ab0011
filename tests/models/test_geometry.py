from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from PIL import Image

from auditor.models.geometry import batch_geometry
from auditor.models.preprocessing import load_preprocessing
from tests.made_checkpoints import FAMILIES
from tests.models.test_preprocessing import written

CROPPED = {
    **FAMILIES["vit"].processor,
    "image_processor_type": "MobileNetV1ImageProcessor",
    "resample": 2,
    "size": {"shortest_edge": 40},
    "do_center_crop": True,
    "crop_size": {"height": 32, "width": 32},
}


def pictures(height: int, width: int, count: int = 3) -> list[Image.Image]:
    rng = np.random.default_rng([height, width])
    noise = rng.integers(0, 256, (count, height, width, 3), dtype=np.uint8)
    return [Image.fromarray(image) for image in noise]


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"do_center_crop": False, "size": {"height": 24, "width": 40}},
        {"crop_size": {"height": 25, "width": 39}},
    ],
)
@pytest.mark.parametrize("shape", [(64, 64), (21, 33), (200, 150), (41, 41), (97, 45)])
def test_many_at_once_are_treated_as_the_processor_treats_each(tmp_path, changes, shape):
    preprocessing = load_preprocessing(written(tmp_path, CROPPED, **changes))
    assert preprocessing.batch is not None
    ours = preprocessing.pixels(pictures(*shape))
    one_by_one = replace(preprocessing, batch=None).pixels(pictures(*shape))
    assert ours.shape == one_by_one.shape
    assert np.abs(ours.astype(int) - one_by_one).max() <= 1
    assert ours.flags["C_CONTIGUOUS"]


def test_pictures_of_different_sizes_go_to_the_processor(tmp_path):
    preprocessing = load_preprocessing(written(tmp_path, CROPPED))
    mixed = [*pictures(64, 64, 1), *pictures(30, 50, 1)]
    assert preprocessing.batch is not None
    assert not preprocessing.batch.takes(mixed)
    np.testing.assert_array_equal(
        preprocessing.pixels(mixed), replace(preprocessing, batch=None).pixels(mixed)
    )


@pytest.mark.parametrize(
    "changes",
    [
        {"resample": 0},
        {"resample": 1},
        {"resample": 3},
        {"do_resize": False, "do_center_crop": True},
        {"size": {"shortest_edge": 20}, "crop_size": {"height": 32, "width": 32}},
    ],
    ids=["nearest", "Lanczos", "bicubic", "no resize", "crop pads"],
)
def test_what_is_not_known_to_be_equal_is_left_to_the_processor(tmp_path, changes: dict[str, Any]):
    assert load_preprocessing(written(tmp_path, CROPPED, **changes)).batch is None


def test_settings_that_describe_something_else_propose_nothing():
    class Longest:
        do_resize = True
        resample = 2
        size: dict[str, int] = {"shortest_edge": 40, "longest_edge": 60}  # noqa: RUF012

    assert batch_geometry(Longest()) is None


def test_a_processor_that_does_otherwise_than_it_says_is_found_out(tmp_path, monkeypatch):
    """The settings propose, results decide."""
    from auditor.models import preprocessing as module

    honest = module.batch_geometry

    def off_by_a_row(processor: Any) -> Any:
        said = honest(processor)
        return said and replace(said, crop=(31, 31))

    monkeypatch.setattr(module, "batch_geometry", off_by_a_row)
    assert load_preprocessing(written(tmp_path, CROPPED)).batch is None
