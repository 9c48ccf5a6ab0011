from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
import pytest

from auditor.checkpoints.resolve import resolve
from auditor.errors import UnsupportedModel, UsageError
from auditor.models.load import Engine, load_classifier
from auditor.models.onnx_image import OnnxImageClassifier, load_onnx
from tests.made_checkpoints import LABELS, edit_json, export_onnx, photographs, reference_logits
from tests.made_datasets import require_plain

Made = Callable[[str], Path]


def loaded(folder: Path) -> OnnxImageClassifier:
    classifier = load_classifier(resolve(str(folder)), engine=Engine.AUTO, device="cpu")
    assert isinstance(classifier, OnnxImageClassifier)
    return classifier


def failure(folder: Path) -> UnsupportedModel:
    with pytest.raises(UnsupportedModel) as caught:
        loaded(folder)
    require_plain(caught.value)
    return caught.value


@pytest.fixture(scope="module")
def exported(made: Made, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A ResNet as `model.onnx`; not to be changed."""
    return export_onnx(made("resnet"), tmp_path_factory.mktemp("onnx") / "resnet")


@pytest.fixture
def graph(exported: Path, tmp_path: Path) -> Path:
    """The same, to be spoilt."""
    return Path(shutil.copytree(exported, tmp_path / "graph"))


def test_both_engines_give_the_same_logits(made: Made, tmp_path: Path, family: str):
    classifier = loaded(export_onnx(made(family), tmp_path / "onnx"))
    torch_one = load_classifier(resolve(str(made(family))), engine=Engine.AUTO, device="cpu")
    pixels = classifier.pixels(photographs())
    assert np.array_equal(pixels, torch_one.pixels(photographs()))
    logits = classifier.logits(pixels)
    assert logits.dtype == np.float32
    assert np.abs(logits - torch_one.logits(pixels)).max() < 1e-4
    assert np.abs(logits - reference_logits(made(family), photographs())).max() < 1e-4
    assert (classifier.engine, classifier.device) == ("onnx", "cpu")
    assert classifier.labels == LABELS


def test_tensors_in_a_file_beside_the_graph(made: Made, tmp_path: Path):
    folder = export_onnx(made("resnet"), tmp_path / "onnx", dynamo=True)
    assert (folder / "model.onnx.data").is_file()
    classifier = loaded(folder)
    logits = classifier.logits(classifier.pixels(photographs()))
    assert np.abs(logits - reference_logits(made("resnet"), photographs())).max() < 1e-4


def test_tensors_in_a_file_that_was_not_inspected(exported: Path, graph: Path):
    model = onnx.load(exported / "model.onnx")
    onnx.save(
        model,
        graph / "model.onnx",
        save_as_external_data=True,
        location="elsewhere.bin",
        size_threshold=0,
    )
    error = failure(graph)
    assert "keeps tensors in elsewhere.bin, which is not part of the checkpoint" in error.message
    assert "model.onnx.data" in error.hint


@pytest.mark.parametrize("batch", [1, 3])
def test_graph_that_takes_so_many_pictures_at_a_time(made: Made, tmp_path: Path, batch: int):
    classifier = loaded(export_onnx(made("resnet"), tmp_path / "onnx", batch=batch))
    logits = classifier.logits(classifier.pixels(photographs()))
    assert np.abs(logits - reference_logits(made("resnet"), photographs())).max() < 1e-4
    one = classifier.logits(classifier.pixels(photographs()[:1]))
    assert np.abs(one - logits[:1]).max() < 1e-6


def test_graph_in_a_folder_of_its_own(exported: Path, graph: Path):
    (graph / "onnx").mkdir()
    (graph / "model.onnx").rename(graph / "onnx" / "model.onnx")
    pixels = loaded(exported).pixels(photographs())
    assert np.array_equal(loaded(graph).logits(pixels), loaded(exported).logits(pixels))


def test_graph_that_was_named(exported: Path, graph: Path):
    (graph / "model.onnx").rename(graph / "mine.onnx")
    assert loaded(graph / "mine.onnx").labels == LABELS


def test_pixels_may_be_read_only(exported: Path):
    classifier = loaded(exported)
    pixels = classifier.pixels(photographs())
    pixels.flags.writeable = False
    assert classifier.logits(pixels).shape == (4, len(LABELS))
    assert np.array_equal(
        classifier.logits(pixels[..., ::-1][..., ::-1]), classifier.logits(pixels)
    )


def test_nothing_is_printed(exported: Path, capfd: pytest.CaptureFixture[str]):
    classifier = loaded(exported)
    classifier.logits(classifier.pixels(photographs()))
    assert capfd.readouterr() == ("", "")


# Refusals


def test_labels_that_disagree_with_the_graph(graph: Path):
    edit_json(graph / "config.json", id2label={"0": "a", "1": "b"}, label2id=None)
    error = failure(graph)
    assert "config.json names 2 labels" in error.message
    assert "shape (2, 5)" in error.message


@pytest.mark.parametrize("keep", [0, 10, 2000, -100])
def test_truncated_graph(graph: Path, keep: int, capfd: pytest.CaptureFixture[str]):
    raw = (graph / "model.onnx").read_bytes()
    (graph / "model.onnx").write_bytes(raw[:keep])
    assert "ONNX Runtime cannot run the graph" in failure(graph).message
    assert capfd.readouterr() == ("", "")


def test_graph_that_takes_something_else(graph: Path):
    value = onnx.helper.make_tensor_value_info
    node = onnx.helper.make_node("Identity", ["tokens"], ["logits"])
    made = onnx.helper.make_graph(
        [node], "text", [value("tokens", 7, ["n", "t"])], [value("logits", 7, ["n", "t"])]
    )
    model = onnx.helper.make_model(
        made, opset_imports=[onnx.helper.make_opsetid("", 17)], ir_version=8
    )
    onnx.save(model, graph / "model.onnx")
    assert "ONNX Runtime cannot run the graph" in failure(graph).message


def test_operator_that_is_not_of_onnx(graph: Path):
    model = onnx.load(graph / "model.onnx")
    model.graph.node[0].op_type = "RunProgram"
    model.graph.node[0].domain = "mine"
    onnx.save(model, graph / "model.onnx")
    assert "needs the custom operator mine.RunProgram" in failure(graph).message


def test_scores_that_are_no_numbers(graph: Path):
    model = onnx.load(graph / "model.onnx")
    bias = next(t for t in model.graph.initializer if list(t.dims) == [len(LABELS)])
    bias.CopyFrom(onnx.numpy_helper.from_array(np.full(5, np.nan, np.float32), bias.name))
    onnx.save(model, graph / "model.onnx")
    assert "infinite or undefined scores" in failure(graph).message


def test_no_processor(graph: Path):
    (graph / "preprocessor_config.json").unlink()
    assert failure(graph).message.startswith("no preprocessor_config.json")


def test_device_that_onnx_runtime_cannot_use(exported: Path, capfd: pytest.CaptureFixture[str]):
    import onnxruntime

    checkpoint = resolve(str(exported))
    try:
        onnxruntime.InferenceSession(
            str(exported / "model.onnx"), providers=["CUDAExecutionProvider"]
        ).get_providers().index("CUDAExecutionProvider")
    except ValueError:
        with pytest.raises(UsageError, match="not available to ONNX Runtime"):
            load_onnx(checkpoint, device="cuda")
        assert load_onnx(checkpoint, device="cuda", fall_back=True).device == "cpu"
    else:
        pytest.skip("ONNX Runtime can use CUDA here")
