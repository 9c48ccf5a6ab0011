from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

from auditor.checkpoints.resolve import resolve
from auditor.errors import AuditorError, CheckpointError, UnsupportedModel
from auditor.models.load import Engine, load_classifier
from auditor.models.torch_image import TorchImageClassifier
from tests.made_checkpoints import edit_json, edit_tensors, photographs, write_checkpoint
from tests.made_datasets import require_plain

WEIGHTS = "model.safetensors"
Made = Callable[[str], Path]


def loaded(source: Path) -> TorchImageClassifier:
    classifier = load_classifier(resolve(str(source)), engine=Engine.TORCH, device="cpu")
    assert isinstance(classifier, TorchImageClassifier)
    return classifier


def failure(source: Path, kind: type[AuditorError] = UnsupportedModel) -> AuditorError:
    with pytest.raises(kind) as caught:
        loaded(source)
    require_plain(caught.value)
    return caught.value


def scores(source: Path) -> np.ndarray:
    classifier = loaded(source)
    return classifier.logits(classifier.pixels(photographs()))


def split(folder: Path, both: str | None = None) -> Path:
    """Weights in two files; `both` is a tensor that stands in each of them."""
    tensors = load_file(folder / WEIGHTS)
    (folder / WEIGHTS).unlink()
    names = sorted(tensors)
    shards = {"model-00001-of-00002.safetensors": names[::2]}
    shards["model-00002-of-00002.safetensors"] = names[1::2] + ([both] if both else [])
    for file, members in shards.items():
        save_file({name: tensors[name] for name in members}, folder / file)
    index = {name: file for file, members in shards.items() for name in members}
    (folder / "model.safetensors.index.json").write_text(json.dumps({"weight_map": index}))
    return folder


# Missing and superfluous tensors


@pytest.mark.parametrize("padded", [False, True])
@pytest.mark.parametrize("end", ["classifier.1.weight", "running_mean", "convolution.weight"])
def test_missing_tensor_is_never_filled_at_random(
    resnet: Path, end: str, padded: bool, capfd: pytest.CaptureFixture[str]
):
    name = min(name for name in load_file(resnet / WEIGHTS) if name.endswith(end))
    edit_tensors(resnet / WEIGHTS, lambda t: t.pop(name))
    if padded:  # so that counting does not tell
        edit_tensors(resnet / WEIGHTS, lambda t: t.update({"extra": torch.ones(9999)}))
    error = failure(resnet)
    assert "the weights hold" in error.message or name in error.message
    assert capfd.readouterr() == ("", "")


def test_tensor_of_another_shape(resnet: Path):
    name = "resnet.embedder.embedder.convolution.weight"
    edit_tensors(resnet / WEIGHTS, lambda t: t.update({name: torch.zeros(8, 7, 3, 7)}))
    failure(resnet)


def test_counter_of_batches_may_be_missing(resnet: Path):
    # Evaluation does not look at it, and weights from other frameworks do not have it.
    before = scores(resnet)
    edit_tensors(
        resnet / WEIGHTS,
        lambda t: [t.pop(name) for name in list(t) if name.endswith("num_batches_tracked")],
    )
    assert np.array_equal(scores(resnet), before)


def test_superfluous_tensor_changes_nothing(resnet: Path):
    before = scores(resnet)
    edit_tensors(resnet / WEIGHTS, lambda t: t.update({"extra.weight": torch.ones(3)}))
    assert np.array_equal(scores(resnet), before)


def test_weights_in_two_files(made: Made, resnet: Path):
    assert np.array_equal(scores(split(resnet)), scores(made("resnet")))


def test_tensor_in_both_files(resnet: Path):
    assert "more than one weight file" in failure(split(resnet, "classifier.1.bias")).message


@pytest.mark.parametrize("kind", [torch.float16, torch.bfloat16, torch.float64])
def test_other_precision_becomes_float32(resnet: Path, kind: torch.dtype):
    before = scores(resnet)
    edit_tensors(
        resnet / WEIGHTS,
        lambda t: t.update({n: v.to(kind) for n, v in t.items() if v.is_floating_point()}),
    )
    assert {p.dtype for p in loaded(resnet).module.parameters()} == {torch.float32}
    assert np.abs(scores(resnet) - before).max() < 0.1


# Nothing but what was inspected is loaded


def test_the_file_that_was_named_is_loaded(made: Made, resnet: Path, tmp_path: Path):
    other = write_checkpoint(tmp_path / "other", seed=1)
    shutil.copy(other / WEIGHTS, resnet / "other.safetensors")
    assert np.array_equal(scores(resnet / "other.safetensors"), scores(other))
    assert np.array_equal(scores(resnet), scores(made("resnet")))


def test_config_cannot_choose_other_weights(resnet: Path, tmp_path: Path):
    other = write_checkpoint(tmp_path / "other", seed=1)
    shutil.copy(other / WEIGHTS, resnet / "other.safetensors")
    edit_json(resnet / "config.json", transformers_weights="other.safetensors")
    assert "sends transformers to other weights" in failure(resnet).message
    edit_json(resnet / "config.json", transformers_weights=WEIGHTS)
    loaded(resnet)


@pytest.mark.parametrize(
    "more",
    [
        {"attn_implementation": "org/kernel", "_attn_implementation": "org/kernel"},
        {"auto_map": {"AutoModelForImageClassification": "evil.Model"}},
        {"_name_or_path": "org/other", "name": "x", "dtype": "bfloat16"},
    ],
)
def test_config_cannot_choose_code(made: Made, resnet: Path, more: dict[str, Any]):
    edit_json(resnet / "config.json", **more)
    (resnet / "evil.py").write_text("raise SystemExit('ran')")
    assert np.array_equal(scores(resnet), scores(made("resnet")))


def test_quantised(resnet: Path):
    edit_json(resnet / "config.json", quantization_config={"quant_method": "bitsandbytes"})
    assert "quantised" in failure(resnet).message


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"model_type": "vit"}, "names ResNetForImageClassification, and model_type vit"),
        ({"architectures": ["ViTForImageClassification"]}, "and model_type resnet"),
        ({"architectures": ["MineForImageClassification"]}, "transformers has no Mine"),
        ({"architectures": ["AutoModelForImageClassification"]}, "transformers has no Auto"),
        ({"model_type": "mine"}, "cannot be loaded as an image classifier"),
        ({"model_type": None}, "cannot be loaded as an image classifier"),
        ({"hidden_sizes": "many"}, "cannot be loaded as an image classifier"),
        ({"hidden_sizes": [8, 20_000]}, "the weights hold 6,291"),
        ({"hidden_sizes": [8, 10**9]}, "cannot be loaded as an image classifier"),
        ({"depths": [1, 2]}, "the weights hold 6,291"),
        ({"hidden_act": "eval"}, "cannot be loaded as an image classifier"),
        ({"architectures": ["ResNetBackbone"]}, "not of an image classifier"),
    ],
)
def test_configs_that_are_refused(resnet: Path, changes: dict[str, Any], message: str):
    edit_json(resnet / "config.json", **changes)
    assert message in failure(resnet).message


def test_labels_that_disagree_with_the_head(resnet: Path):
    edit_json(resnet / "config.json", id2label={"0": "ant", "1": "bee"}, label2id=None)
    error = failure(resnet)
    assert "config.json names 2 labels, the head classifier.1.weight has 5 rows" in error.message


def test_truncated_after_it_was_inspected(resnet: Path):
    checkpoint = resolve(str(resnet))
    (resnet / WEIGHTS).write_bytes((resnet / WEIGHTS).read_bytes()[:-10])
    with pytest.raises(CheckpointError) as caught:
        load_classifier(checkpoint, engine=Engine.AUTO, device="cpu")
    require_plain(caught.value)
    failure(resnet, CheckpointError)
