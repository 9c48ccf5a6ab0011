from __future__ import annotations

from typing import Any

import pytest

from auditor.checkpoints.classifier import architecture_of, labels_of, require_matching_head
from auditor.checkpoints.safetensors_header import TensorEntry
from auditor.errors import ExitCode, UnsupportedModel


def tensor(name: str, *shape: int) -> TensorEntry:
    return TensorEntry(name=name, dtype="F32", shape=shape, begin=0, end=0)


def test_labels_in_order_of_their_index():
    names = {str(index): f"class {index}" for index in reversed(range(12))}
    assert labels_of({"id2label": names}) == tuple(f"class {index}" for index in range(12))


def test_labels_may_repeat():
    # ImageNet has two cranes.
    assert labels_of({"id2label": {"0": "crane", "1": "crane"}}) == ("crane", "crane")


def test_number_without_names():
    assert labels_of({"num_labels": 3}) == ("LABEL_0", "LABEL_1", "LABEL_2")


@pytest.mark.parametrize("config", [{}, {"id2label": None}, {"label2id": {"a": 0, "b": 1}}])
def test_no_labels(config: dict[str, Any]):
    with pytest.raises(UnsupportedModel) as caught:
        labels_of(config)
    assert caught.value.message == "config.json has no labels"
    assert caught.value.exit_code is ExitCode.NOT_AUDITED
    assert "id2label" in caught.value.hint


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ({"id2label": {}}, "id2label is empty"),
        ({"id2label": ["a", "b"]}, "id2label is empty"),
        ({"id2label": {"0": "a", "2": "b"}}, "holds no name for 1"),
        ({"id2label": {"1": "a", "2": "b"}}, "holds no name for 0"),
        ({"id2label": {"0": "a", "1": 5}}, "holds no name for 1"),
        ({"id2label": {"0": "a", "1": " "}}, "holds no name for 1"),
        ({"id2label": {"0": "a", "1": "\ud800"}}, "holds no name for 1"),
        ({"id2label": {"0": "a", "01": "b"}}, "holds no name for 1"),
        ({"id2label": {"0": "a", "1": "b"}, "num_labels": 3}, "2 labels, num_labels says 3"),
        ({"id2label": {"0": "a"}}, "fewer than two labels"),
        ({"num_labels": 1}, "fewer than two labels"),
        ({"num_labels": 0}, "impossible num_labels: 0"),
        ({"num_labels": -4}, "impossible num_labels: -4"),
        ({"num_labels": True}, "impossible num_labels: True"),
        ({"num_labels": "3"}, "impossible num_labels: 3"),
        ({"num_labels": 10**12}, "impossible num_labels"),
    ],
)
def test_labels_that_do_not_fit(config: dict[str, Any], message: str):
    with pytest.raises(UnsupportedModel, match=message) as caught:
        labels_of(config)
    assert caught.value.message.isprintable()
    assert caught.value.hint.isprintable()


@pytest.mark.parametrize(
    "name", ["ViTForImageClassification", "DeiTForImageClassificationWithTeacher"]
)
def test_image_classifier(name: str):
    assert architecture_of({"architectures": [name]}) == name


@pytest.mark.parametrize(
    ("declared", "says"),
    [
        (["BertForSequenceClassification"], "architectures says BertForSequenceClassification$"),
        (["A", "B"], "architectures says A, B$"),
        ([], "architectures says nothing$"),
        (None, "architectures says nothing$"),
        ("ViTForImageClassification", "architectures says nothing$"),
        ([3, None], "architectures says nothing$"),
        (["x\nForImageClassification"], r"architectures says x\?ForImageClassification$"),
    ],
)
def test_not_an_image_classifier(declared: Any, says: str):
    with pytest.raises(UnsupportedModel, match=says) as caught:
        architecture_of({"architectures": declared})
    assert caught.value.message.isprintable()


@pytest.mark.parametrize(
    "name",
    [
        "classifier.weight",
        "vit.classifier.weight",
        "classifier.1.weight",
        "model.head.weight",
        "timm_model.head.fc.weight",
        "score.weight",
    ],
)
def test_head_with_another_number_of_rows(name: str):
    with pytest.raises(UnsupportedModel) as caught:
        require_matching_head(("a",) * 14, [tensor(name, 43, 768)])
    assert caught.value.message == f"config.json names 14 labels, the head {name} has 43 rows"


@pytest.mark.parametrize(
    "tensors",
    [
        [],
        [tensor("classifier.weight", 3, 8)],
        [tensor("classifier.weight", 5, 8, 1, 1)],
        [tensor("classifier.bias", 5)],
        [tensor("encoder.layers.2.fc.weight", 9, 9)],
        [tensor("subclassifier.weight", 5, 8)],
        [tensor("classifier.weight", 3, 8), tensor("projection.fc.weight", 64, 8)],
    ],
)
def test_head_that_fits_or_cannot_be_told(tensors: list[TensorEntry]):
    require_matching_head(("a", "b", "c"), tensors)
