"""What `config.json` says about the classes, and whether the weights agree.

These are refusals of a kind of model, decided from text and tensor shapes, before anything
is loaded: without names for its classes a report about a model cannot be read.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from auditor.checkpoints.safetensors_header import TensorEntry
from auditor.checkpoints.wording import shown
from auditor.errors import UnsupportedModel

MAX_LABELS = 1_000_000
_TASK = "ForImageClassification"
_HEADS = ("classifier.weight", "classifier.1.weight", "head.weight", "fc.weight", "score.weight")
_ADD_LABELS = "add id2label to config.json: a JSON object from class index to name"


def architecture_of(config: Mapping[str, Any]) -> str:
    """Name the image classifier that `config.json` declares.

    Args:
        config: The parsed `config.json`.

    Returns:
        The class name, such as `ViTForImageClassification`.

    Raises:
        UnsupportedModel: If `architectures` names no image classifier.
    """
    declared = config.get("architectures")
    names = [n for n in declared if isinstance(n, str)] if isinstance(declared, list) else []
    for name in names:
        # An identifier, so that the name can stand in a report as it is.
        if _TASK in name and name.isidentifier():
            return name
    says = shown(", ".join(names), 100) or "nothing"
    raise UnsupportedModel(
        f"config.json is not of an image classifier: architectures says {says}",
        hint=f"auditor probes models whose architectures names one ...{_TASK}",
    )


def labels_of(config: Mapping[str, Any]) -> tuple[str, ...]:
    """List the class names, by index.

    Args:
        config: The parsed `config.json`.

    Returns:
        One name for each class; names may repeat.

    Raises:
        UnsupportedModel: If there are no labels, fewer than two, or they do not fit together.
    """
    count = _declared_count(config)
    names = config.get("id2label")
    if names is None and count is not None:
        # What transformers makes of a config that was saved with a number only.
        labels = tuple(f"LABEL_{index}" for index in range(count))
    elif names is None:
        # transformers would silently assume two classes here.
        raise UnsupportedModel("config.json has no labels", hint=_ADD_LABELS)
    else:
        labels = _ordered(names)
    if count is not None and len(labels) != count:
        raise UnsupportedModel(
            f"config.json names {len(labels)} labels, num_labels says {count}", hint=_ADD_LABELS
        )
    if len(labels) < 2:
        raise UnsupportedModel(
            "config.json names fewer than two labels",
            hint="auditor needs a model that decides between classes",
        )
    return labels


def require_matching_head(labels: tuple[str, ...], tensors: Iterable[TensorEntry]) -> None:
    """Check that the last layer has one row for each label, where that layer can be told.

    Args:
        labels: The class names.
        tensors: The tensors of all weight files.

    Raises:
        UnsupportedModel: If every tensor that looks like the head has another number of rows.
    """
    heads = [tensor for tensor in tensors if len(tensor.shape) == 2 and _is_head(tensor.name)]
    if not heads or any(tensor.shape[0] == len(labels) for tensor in heads):
        return
    head = min(heads, key=lambda tensor: (tensor.name.count("."), tensor.name))
    raise UnsupportedModel(
        f"config.json names {len(labels)} labels, "
        f"the head {shown(head.name, 80)} has {head.shape[0]} rows",
        hint="use the config.json that was saved with these weights",
    )


def _is_head(name: str) -> bool:
    for suffix in _HEADS:
        prefix = name.removesuffix(suffix)
        if prefix != name and (not prefix or prefix.endswith(".")):
            # A numbered prefix is a layer inside the network, such as layers.3.fc.weight.
            return not any(part.isdigit() for part in prefix.split("."))
    return False


def _declared_count(config: Mapping[str, Any]) -> int | None:
    count = config.get("num_labels")
    if count is None:
        return None
    if type(count) is not int or not 0 < count <= MAX_LABELS:
        raise UnsupportedModel(
            f"config.json has an impossible num_labels: {shown(count, 40)}", hint=_ADD_LABELS
        )
    return count


def _ordered(names: object) -> tuple[str, ...]:
    if not isinstance(names, dict) or not names:
        raise UnsupportedModel("config.json has no labels: id2label is empty", hint=_ADD_LABELS)
    labels: list[str] = []
    for index in range(len(names)):
        label = names.get(str(index))
        if not isinstance(label, str) or not label.strip() or not _encodable(label):
            raise UnsupportedModel(
                f"config.json has {len(names)} labels, but id2label holds no name for {index}",
                hint=_ADD_LABELS,
            )
        labels.append(label)
    return tuple(labels)


def _encodable(label: str) -> bool:
    # JSON can spell half of a surrogate pair, which no report could be written with.
    return not any("\ud800" <= character <= "\udfff" for character in label)
