from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from transformers import AutoImageProcessor

from auditor.errors import CheckpointError, NotAudited, UnsupportedModel
from auditor.models.preprocessing import PROCESSOR_FILE, Preprocessing, load_preprocessing
from auditor.models.quiet import quiet_transformers
from tests.made_checkpoints import FAMILIES, edit_json, photographs
from tests.made_datasets import require_plain

VIT = dict(FAMILIES["vit"].processor)


def written(folder: Path, processor: Any = VIT, **changes: Any) -> Path:
    text = processor if isinstance(processor, str) else json.dumps({**processor, **changes})
    (folder / PROCESSOR_FILE).write_text(text)
    return folder


def failure(folder: Path) -> NotAudited:
    with pytest.raises((UnsupportedModel, CheckpointError)) as caught:
        load_preprocessing(folder)
    require_plain(caught.value)
    return caught.value


def require_same_as_theirs(folder: Path) -> Preprocessing:
    """Pixels, then `normalise`, must be what the processor does in one go."""
    preprocessing = load_preprocessing(folder)
    with quiet_transformers():
        processor = AutoImageProcessor.from_pretrained(folder, backend="pil")
    theirs = processor(photographs(), return_tensors="np")["pixel_values"]
    pixels = preprocessing.pixels(photographs())
    assert pixels.dtype == np.uint8
    assert np.ptp(pixels) > 100
    assert np.abs(preprocessing.normalise(pixels) - theirs).max() < 1e-5
    return preprocessing


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"image_mean": [0.1, 0.2, 0.3], "image_std": [0.5, 0.25, 2.0]},
        {"do_normalize": False},
        {"do_rescale": False, "image_mean": [128, 128, 128], "image_std": [64, 64, 64]},
        {"do_rescale": False, "do_normalize": False},
        {"rescale_factor": 1 / 127.5, "image_mean": [1, 1, 1], "image_std": [1, 1, 1]},
        {"resample": 0},
        {"resample": 3},
        {"size": {"height": 40, "width": 24}},
        {"do_convert_rgb": True},
    ],
)
def test_split_is_the_processor_s_own(tmp_path: Path, changes: dict[str, Any]):
    require_same_as_theirs(written(tmp_path, **changes))


@pytest.mark.parametrize(
    "processor",
    [
        {"image_processor_type": "CLIPImageProcessor", "size": {"shortest_edge": 32}},
        {"image_processor_type": "BeitImageProcessor", "size": {"height": 32, "width": 32}},
        {"image_processor_type": "ConvNextImageProcessor", "size": {"shortest_edge": 400}},
        {"image_processor_type": "DeiTImageProcessor", "size": {"height": 40, "width": 40}},
        {"image_processor_type": "MobileViTImageProcessor", "size": {"shortest_edge": 260}},
        {"image_processor_type": "EfficientNetImageProcessor", "rescale_offset": True},
        {"image_processor_type": "EfficientNetImageProcessor", "include_top": True},
        {"feature_extractor_type": "ViTFeatureExtractor", "size": {"height": 32, "width": 32}},
    ],
)
def test_processors_of_other_models(tmp_path: Path, processor: dict[str, Any]):
    require_same_as_theirs(written(tmp_path, processor))


def test_scale_and_offset(tmp_path: Path):
    mean, std = [0.1, 0.2, 0.3], [0.5, 0.25, 2.0]
    preprocessing = load_preprocessing(written(tmp_path, image_mean=mean, image_std=std))
    assert np.allclose(preprocessing.scale, 1 / 255 / np.array(std), rtol=1e-5)
    assert np.allclose(preprocessing.offset, -np.array(mean) / np.array(std), rtol=1e-5)


def test_nothing_is_printed(tmp_path: Path, capfd: pytest.CaptureFixture[str]):
    load_preprocessing(written(tmp_path))
    assert capfd.readouterr() == ("", "")


# Refusals


def test_no_processor(resnet: Path):
    (resnet / PROCESSOR_FILE).unlink()
    error = failure(resnet)
    assert error.message.startswith("no preprocessor_config.json")
    assert "Add the processor" in error.hint


@pytest.mark.parametrize(
    "changes",
    [
        {"image_std": [0.0, 0.5, 0.5]},
        {"image_std": 0},
        {"image_std": [-0.5, 0.5, 0.5]},
        {"image_std": [float("nan")] * 3},
        {"image_mean": [float("inf")] * 3},
        {"image_std": [1e308] * 3},
        {"rescale_factor": 0},
        {"rescale_factor": -1},
        {"rescale_factor": float("nan")},
    ],
)
def test_normalisation_by_nonsense(tmp_path: Path, changes: dict[str, Any]):
    assert "normalises by nonsense" in failure(written(tmp_path, **changes)).message


@pytest.mark.parametrize(
    "processor",
    [
        "",
        "{",
        "[]",
        "{}",
        "null",
        "[" * 100_000,
        {**VIT, "image_processor_type": "MineImageProcessor"},
        {**VIT, "image_processor_type": 7},
        {**VIT, "image_processor_type": "ImageGPTImageProcessor"},
        {**VIT, "image_processor_type": "LlavaNextImageProcessor"},
        {**VIT, "image_mean": [0.5] * 4},
        {**VIT, "image_mean": "grey"},
        {**VIT, "image_std": None},
        {**VIT, "rescale_factor": "1/255"},
        {**VIT, "size": {"height": -32, "width": 32}},
        {**VIT, "size": {"height": 0, "width": 0}},
        {**VIT, "size": {"sides": 32}},
        {**VIT, "size": "small"},
        {**VIT, "resample": 99},
    ],
    ids=str,
)
def test_processors_that_cannot_be_used(tmp_path: Path, processor: Any):
    failure(written(tmp_path, processor))


@pytest.mark.parametrize("name", ["size", "crop_size"])
def test_sizes_that_would_fill_memory(tmp_path: Path, name: str):
    changes = {name: {"height": 10**6, "width": 10**6}, "do_center_crop": True}
    assert "more than 4096 pixels a side" in failure(written(tmp_path, **changes)).message


def test_remote_code_is_not_run(tmp_path: Path):
    processor = {
        **VIT,
        "image_processor_type": "Mine",
        "auto_map": {"AutoImageProcessor": "mine.Mine"},
    }
    (tmp_path / "mine.py").write_text("raise SystemExit('ran')")
    assert "cannot be used" in failure(written(tmp_path, processor)).message


def test_sizes_that_differ_from_image_to_image(tmp_path: Path):
    processor = {"image_processor_type": "CLIPImageProcessor", "size": {"shortest_edge": 32}}
    error = failure(written(tmp_path, processor, do_center_crop=False))
    assert "images of different sizes" in error.message
    assert "centre crop" in error.hint


def test_processor_of_the_model_s_kind_is_found_without_a_name(resnet: Path):
    edit_json(resnet / PROCESSOR_FILE, image_processor_type=None)
    require_same_as_theirs(resnet)
