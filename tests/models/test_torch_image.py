from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from PIL import Image

from auditor.checkpoints.resolve import resolve
from auditor.errors import UnsupportedModel
from auditor.models.load import Engine, load_classifier
from auditor.models.torch_image import TorchImageClassifier, head_of, load_torch
from tests.made_checkpoints import (
    LABELS,
    edit_json,
    edit_tensors,
    photographs,
    reference_logits,
)
from tests.made_datasets import require_plain

Made = Callable[[str], Path]


def loaded(folder: Path) -> TorchImageClassifier:
    classifier = load_classifier(resolve(str(folder)), engine=Engine.AUTO, device="cpu")
    assert isinstance(classifier, TorchImageClassifier)
    return classifier


def test_logits_are_those_of_transformers(made: Made, family: str):
    classifier, images = loaded(made(family)), photographs()
    theirs = reference_logits(made(family), images)
    ours = classifier.logits(classifier.pixels(images))
    assert ours.dtype == np.float32
    assert np.abs(ours - theirs).max() < 1e-4
    # Were all pictures alike to the model, this would show nothing.
    assert np.abs(ours - ours.mean(axis=0)).max() > 0.05


def test_features_and_head_make_the_logits(made: Made, family: str):
    classifier = loaded(made(family))
    pixels = classifier.pixels(photographs())
    features, (weight, bias) = classifier.features(pixels), classifier.head()
    assert features.shape == (4, weight.shape[1])
    assert weight.shape[0] == bias.shape[0] == len(LABELS)
    assert np.abs(features @ weight.T + bias - classifier.logits(pixels)).max() < 1e-4


def test_one_pass_gives_logits_and_features(made: Made, family: str):
    classifier = loaded(made(family))
    pixels = classifier.pixels(photographs())
    logits, features = classifier.logits_and_features(pixels)
    np.testing.assert_array_equal(logits, classifier.logits(pixels))
    np.testing.assert_array_equal(features, classifier.features(pixels))
    assert logits.dtype == features.dtype == np.float32


def test_a_pass_leaves_no_hook_behind(made: Made):
    classifier = loaded(made("resnet"))
    pixels = classifier.pixels(photographs())
    classifier.logits_and_features(pixels)
    assert not head_of(classifier.module, len(LABELS))._forward_pre_hooks


def test_what_a_classifier_says_of_itself(made: Made, family: str):
    classifier = loaded(made(family))
    assert classifier.labels == LABELS
    assert (classifier.engine, classifier.device) == ("torch", "cpu")
    assert not any(part.training for part in classifier.module.modules())


def test_pixels_are_what_a_person_would_see(made: Made, family: str):
    classifier = loaded(made(family))
    red = classifier.pixels([Image.new("RGB", (50, 70), (200, 30, 0))])
    assert red.dtype == np.uint8
    assert red.shape[:2] == (1, 3)
    middle = red.shape[2] // 2
    assert red[0, :, middle, middle].tolist() == [200, 30, 0]


def test_batches_do_not_matter(made: Made, family: str):
    classifier = loaded(made(family))
    pixels = classifier.pixels(photographs())
    one_by_one = np.concatenate([classifier.logits(pixels[i : i + 1]) for i in range(4)])
    assert np.abs(one_by_one - classifier.logits(pixels)).max() < 1e-4


def test_pixels_may_be_views_or_memory_mapped(made: Made, tmp_path: Path):
    classifier = loaded(made("vit"))
    pixels = classifier.pixels(photographs())
    expected = classifier.logits(pixels)
    np.save(tmp_path / "pixels.npy", pixels)
    mapped = np.load(tmp_path / "pixels.npy", mmap_mode="r")
    read_only = pixels.copy()
    read_only.flags.writeable = False
    mirrored = np.ascontiguousarray(pixels[..., ::-1])[..., ::-1]
    # Warnings are errors here, and torch warns of arrays that it must not write to.
    for view in (mapped, read_only, mirrored, np.asfortranarray(pixels)):
        assert np.array_equal(classifier.logits(view), expected)
        assert classifier.features(view).shape == (4, 16)


def test_answers_own_their_memory(made: Made):
    classifier = loaded(made("vit"))
    pixels = classifier.pixels(photographs())
    before = pixels.copy()
    first = classifier.logits(pixels)
    first[:] = 0
    classifier.head()[0][:] = 0
    assert np.abs(classifier.logits(pixels)).max() > 0
    assert np.abs(classifier.features(pixels)).max() > 0
    assert np.array_equal(pixels, before)


def test_gradients_reach_the_pixels(made: Made, family: str):
    classifier = loaded(made(family))
    pixels = torch.from_numpy(classifier.pixels(photographs())).float().requires_grad_(True)
    classifier.forward(pixels)[:, 0].sum().backward()
    assert pixels.grad is not None
    assert float(pixels.grad.abs().max()) > 0
    pixels.grad = None
    classifier.forward_features(pixels).sum().backward()
    assert pixels.grad is not None


def test_nothing_is_printed(made: Made, capfd: pytest.CaptureFixture[str]):
    classifier = loaded(made("vit"))
    classifier.logits(classifier.pixels(photographs()))
    assert capfd.readouterr() == ("", "")


class TwoHeads(torch.nn.Module):
    """As DeiT with a teacher: the scores are the mean of two heads."""

    def __init__(self, inner: torch.nn.Module, *, used: bool) -> None:
        super().__init__()
        self.inner = inner
        self.second = torch.nn.Linear(16, len(LABELS))
        self.used = used

    def forward(self, pixel_values: torch.Tensor) -> SimpleNamespace:
        first = self.inner(pixel_values=pixel_values).logits
        features = pixel_values.mean((1, 2, 3))[:, None].expand(-1, 16)
        return SimpleNamespace(logits=(first + self.second(features)) / 2 if self.used else first)


@pytest.mark.parametrize(("used", "why"), [(True, "by itself"), (False, "no part in the scores")])
def test_a_head_that_does_not_make_the_logits_is_not_shown(made: Made, used: bool, why: str):
    classifier = loaded(made("vit"))
    odd = replace(classifier, module=TwoHeads(classifier.module, used=used))
    with pytest.raises(UnsupportedModel, match=why):
        odd.head()
    if not used:
        with pytest.raises(UnsupportedModel, match=why):
            odd.logits_and_features(odd.pixels(photographs()))


def test_no_linear_head(made: Made):
    with pytest.raises(UnsupportedModel) as caught:
        head_of(loaded(made("vit")).module, 7)
    require_plain(caught.value)
    assert "no linear classification head" in caught.value.message


# What does not fit together


def test_processor_of_another_size(made: Made, tmp_path: Path):
    folder = Path(shutil.copytree(made("vit"), tmp_path / "vit"))
    edit_json(folder / "preprocessor_config.json", size={"height": 40, "width": 40})
    with pytest.raises(UnsupportedModel) as caught:
        loaded(folder)
    require_plain(caught.value)
    assert "does not take the images that its processor makes" in caught.value.message


def test_weights_that_are_no_numbers(resnet: Path):
    edit_tensors(resnet / "model.safetensors", lambda t: t["classifier.1.bias"].fill_(float("nan")))
    with pytest.raises(UnsupportedModel) as caught:
        loaded(resnet)
    require_plain(caught.value)
    assert "infinite or undefined scores" in caught.value.message


def test_processor_is_looked_at_before_weights_are_read(resnet: Path):
    checkpoint = resolve(str(resnet))
    (resnet / "preprocessor_config.json").unlink()
    (resnet / "model.safetensors").unlink()
    with pytest.raises(UnsupportedModel, match=r"no preprocessor_config\.json"):
        load_torch(checkpoint, device="cpu")
