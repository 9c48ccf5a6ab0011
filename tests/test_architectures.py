"""Whatever transformers calls an image classifier: scanned, driven, repaired, written back."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import transformers

import auditor
from auditor.checkpoints.resolve import resolve
from auditor.models.classifier import two_pictures
from auditor.models.quiet import quiet_transformers
from auditor.models.torch_image import load_torch
from auditor.probes.plan import Depth
from auditor.probes.reach import Search, drive_classes
from auditor.references.open import with_features
from auditor.repair.answers import accuracy_of
from auditor.repair.methods import METHODS
from auditor.repair.save import require_same_names, write_checkpoint
from auditor.repair.task import Pictures, RepairTask, Watched

NAMES = ("ant", "bee", "cow", "dog")
_LABELS = {"id2label": dict(enumerate(NAMES)), "label2id": {n: i for i, n in enumerate(NAMES)}}
_WIDTH = {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2}
_PATCHES = {**_WIDTH, "image_size": 32, "patch_size": 8}
_VIT = {**_PATCHES, "intermediate_size": 64}
_FOUR = {"hidden_sizes": [8] * 4, "depths": [1] * 4}
_STAGES = {"embedding_size": 8, "hidden_sizes": [8, 16], "depths": [1, 1]}
_WINDOWS = {
    **{"image_size": 32, "patch_size": 4, "embed_dim": 8, "depths": [1, 1]},
    **{"num_heads": [1, 2], "window_size": 4},
}
_WORDS = {**_WIDTH, "intermediate_size": 64, "vocab_size": 99}
_LEVIT = {
    **{"image_size": 64, "hidden_sizes": [16] * 3, "num_attention_heads": [1] * 3},
    **{"depths": [1] * 3, "key_dim": [8] * 3},
}
TINY: dict[str, dict[str, Any]] = {
    "BeitForImageClassification": _VIT,
    "BitForImageClassification": {**_STAGES, "num_groups": 4},
    "CLIPForImageClassification": {
        "vision_config": {**_VIT, "projection_dim": 16},
        "text_config": {**_WORDS, "projection_dim": 16},
        "projection_dim": 16,
    },
    "ConvNextForImageClassification": {**_FOUR, "image_size": 32},
    "ConvNextV2ForImageClassification": {**_FOUR, "image_size": 32},
    "Data2VecVisionForImageClassification": _VIT,
    "DeiTForImageClassification": _VIT,
    "DeiTForImageClassificationWithTeacher": _VIT,
    "Dinov2ForImageClassification": _PATCHES,
    "Dinov2WithRegistersForImageClassification": _PATCHES,
    "EfficientNetForImageClassification": {
        **{"image_size": 32, "width_coefficient": 0.25, "depth_coefficient": 0.2},
        "hidden_dim": 320,
    },
    "FocalNetForImageClassification": {
        **{"image_size": 32, "embed_dim": 8, "depths": [1, 1], "hidden_sizes": [8, 16]},
        **{"focal_levels": [1, 1], "focal_windows": [3, 3]},
    },
    "IJepaForImageClassification": _VIT,
    "LevitForImageClassification": _LEVIT,
    "LevitForImageClassificationWithTeacher": _LEVIT,
    "MobileNetV1ForImageClassification": {"image_size": 32, "depth_multiplier": 0.25},
    "MobileNetV2ForImageClassification": {"image_size": 32, "depth_multiplier": 0.25},
    "MobileViTForImageClassification": {
        **{"image_size": 64, "hidden_sizes": [16] * 3},
        "neck_hidden_sizes": [8] * 6 + [16],
    },
    "MobileViTV2ForImageClassification": {"image_size": 64, "width_multiplier": 0.25},
    "PoolFormerForImageClassification": _FOUR,
    "PvtForImageClassification": {
        **_FOUR,
        **{"image_size": 32, "num_attention_heads": [1] * 4, "num_labels": len(NAMES)},
    },
    "PvtV2ForImageClassification": {**_FOUR, "image_size": 32, "num_attention_heads": [1] * 4},
    "RegNetForImageClassification": {**_STAGES, "groups_width": 4},
    "ResNetForImageClassification": {**_STAGES, "layer_type": "basic"},
    "SegformerForImageClassification": {**_FOUR, "num_attention_heads": [1] * 4},
    "SiglipForImageClassification": {"vision_config": _VIT, "text_config": _WORDS},
    "SwinForImageClassification": _WINDOWS,
    "Swinv2ForImageClassification": _WINDOWS,
    "ViTForImageClassification": _VIT,
    "ViTMSNForImageClassification": _VIT,
}
NO_HEAD = {"DeiTForImageClassificationWithTeacher"}  # two of them make the scores together
NO_INNER = NO_HEAD | {"PvtForImageClassification", "PvtV2ForImageClassification"}


def made(name: str, folder: Path) -> Path:
    """A tiny model of an architecture, in Hub layout."""
    architecture = getattr(transformers, name)
    config = architecture.config_class(**TINY[name], **_LABELS)
    side = TINY[name].get("image_size", 32 if "vision_config" in TINY[name] else 64)
    torch.manual_seed(0)
    with quiet_transformers():
        architecture(config).eval().save_pretrained(folder)
    processor = {
        **{"image_processor_type": "ViTImageProcessor", "size": {"height": side, "width": side}},
        **{"image_mean": [0.5] * 3, "image_std": [0.5] * 3},
    }
    (folder / "preprocessor_config.json").write_text(json.dumps(processor))
    return folder


@pytest.mark.slow
@pytest.mark.parametrize("name", TINY)
def test_an_architecture_goes_through(name: str, pictures: Path, tmp_path: Path):
    original = made(name, tmp_path / "original")
    report = auditor.scan(str(original), entities=str(pictures), depth="quick")
    assert report.cost.probes > 0
    assert report.model is not None
    assert report.model.architecture == name

    checkpoint = resolve(str(original))
    model = load_torch(checkpoint, device="cpu")
    shows = with_features(model)
    assert (shows is None) is (name in NO_HEAD)
    reach = drive_classes(shows, Depth.DEEP, np.random.default_rng(0))
    assert (Search.INNER in reach.margins) is (name not in NO_INNER)

    require_same_names(checkpoint, model.module, tmp_path)
    side = model.pixels(two_pictures()).shape[-1]
    pixels = np.random.default_rng(0).integers(0, 256, (32, 3, side, side), dtype=np.uint8)
    clean = Pictures(pixels, np.arange(32) % len(NAMES))
    task = RepairTask(
        **{"model": model, "clean": clean, "choice": clean, "shelf": tmp_path},
        **{"accuracy": accuracy_of(model, clean), "watched": (Watched(pixels[:8], 1, 1.0),)},
        **{"exposure": pixels[8:16], "steps": 4, "longest": 4, "batch": 8},
    )
    METHODS["fine-tune"].run(task)
    write_checkpoint(checkpoint, model.module, tmp_path / "new", tmp_path / "new")
    again = load_torch(resolve(str(tmp_path / "new")), device="cpu").module.state_dict()
    for key, value in model.module.state_dict().items():
        assert torch.equal(again[key], value), key
