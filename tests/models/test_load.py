from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

from auditor.checkpoints.resolve import resolve
from auditor.errors import ExitCode, MissingPackage, UsageError
from auditor.models.classifier import softmax
from auditor.models.load import Engine, Precision, load_classifier, resolve_device
from tests.made_checkpoints import edit_json, export_onnx, photographs
from tests.made_datasets import require_plain

Made = Callable[[str], Path]


@pytest.mark.parametrize("engine", [Engine.AUTO, Engine.TORCH])
def test_engine_of_safetensors(made: Made, engine: Engine):
    checkpoint = resolve(str(made("vit")))
    assert load_classifier(checkpoint, engine=engine, device="cpu").engine == "torch"


def test_engine_that_cannot_run_the_format(made: Made):
    with pytest.raises(UsageError) as caught:
        load_classifier(resolve(str(made("vit"))), engine=Engine.ONNX, device="cpu")
    require_plain(caught.value, ExitCode.USAGE)
    assert "--engine onnx cannot run safetensors weights" in caught.value.message
    assert "--engine torch" in caught.value.hint


def test_bfloat16_answers_much_as_float32_does(made: Made):
    checkpoint = resolve(str(made("vit")))
    exact, rough = (
        load_classifier(checkpoint, engine=Engine.AUTO, device="cpu", precision=precision)
        for precision in Precision
    )
    pixels = exact.pixels(photographs())
    difference = np.abs(exact.logits(pixels) - rough.logits(pixels))
    assert rough.logits(pixels).dtype == np.float32
    assert 0 < difference.max() < 0.1 * np.abs(exact.logits(pixels)).max()
    np.testing.assert_array_equal(exact.head()[0], rough.head()[0])


def test_an_onnx_graph_has_no_precision_to_choose(made: Made, tmp_path: Path):
    checkpoint = resolve(str(export_onnx(made("resnet"), tmp_path / "onnx")))
    with pytest.raises(UsageError, match="--precision bfloat16") as caught:
        load_classifier(checkpoint, engine=Engine.AUTO, device="cpu", precision=Precision.BFLOAT16)
    require_plain(caught.value, ExitCode.USAGE)


def test_missing_package(made: Made, monkeypatch: pytest.MonkeyPatch):
    checkpoint = resolve(str(made("vit")))
    monkeypatch.setitem(sys.modules, "safetensors.torch", None)
    with pytest.raises(MissingPackage) as caught:
        load_classifier(checkpoint, engine=Engine.AUTO, device="cpu")
    require_plain(caught.value)
    assert "safetensors.torch" in caught.value.message
    assert "pip install" in caught.value.hint


def test_optional_package_of_an_architecture(resnet: Path):
    edit_json(
        resnet / "config.json",
        model_type="timm_wrapper",
        architectures=["TimmWrapperForImageClassification"],
        architecture="resnet18",
    )
    with pytest.raises(Exception, match="timm") as caught:
        load_classifier(resolve(str(resnet)), engine=Engine.AUTO, device="cpu")
    require_plain(caught.value)


@pytest.mark.parametrize(
    ("wanted", "count", "expected"),
    [
        ("auto", 0, "cpu"),
        ("auto", 2, "cuda"),
        ("cpu", 2, "cpu"),
        ("cuda", 1, "cuda"),
        ("cuda:1", 2, "cuda:1"),
    ],
)
def test_device(monkeypatch: pytest.MonkeyPatch, wanted: str, count: int, expected: str):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: count > 0)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: count)
    assert resolve_device(wanted) == expected


@pytest.mark.parametrize(
    ("wanted", "count"),
    [
        ("cuda", 0),
        ("cuda:2", 2),
        ("cuda:x", 2),
        ("cuda:", 2),
        ("cuda:0:1", 2),
        ("cuda:-1", 2),
        ("cudafoo", 2),
        ("tpu", 2),
        ("", 2),
        ("\x1b", 2),
        ("cuda:99999999999", 2),
    ],
)
def test_device_that_is_not_there(monkeypatch: pytest.MonkeyPatch, wanted: str, count: int):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: count > 0)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: count)
    with pytest.raises(UsageError) as caught:
        resolve_device(wanted)
    require_plain(caught.value, ExitCode.USAGE)


def test_softmax():
    logits = np.array([[0, 0], [1000, 0], [-1000, 0], [-1e30, 1e30]], dtype=np.float32)
    expected = [[0.5, 0.5], [1, 0], [0, 1], [0, 1]]
    assert np.array_equal(softmax(logits), np.array(expected, dtype=np.float32))
