"""Configurations: nested, huge, doubled, and full of numbers that no model has."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from tests.hostile.case import CONFIG, PROCESSOR, Case, Place, sparse, write_config, write_small


def config(said: Any) -> Callable[[Place], object]:
    return lambda place: write_small(place, said)


def changed(**changes: Any) -> Callable[[Place], object]:
    return config({**CONFIG, **changes})


def huge_config(place: Place) -> None:
    write_small(place)
    sparse(place.model / "config.json", 50_000_000, b'{"a": "')


def processor(said: str) -> Callable[[Place], object]:
    def make(place: Place) -> None:
        write_small(place)
        (place.model / "preprocessor_config.json").write_text(said)

    return make


def huge_processor(place: Place) -> None:
    write_small(place)
    sparse(place.model / "processor_config.json", 50_000_000, b"{")


def index(said: Any) -> Callable[[Place], object]:
    def make(place: Place) -> None:
        write_small(place)
        (place.model / "model.safetensors").rename(place.model / "a.safetensors")
        (place.root / "model.safetensors").write_bytes(b"secret")
        text = said if isinstance(said, str) else json.dumps(said)
        (place.model / "model.safetensors.index.json").write_text(text)

    return make


def huge_index(place: Place) -> None:
    write_config(place)
    sparse(place.model / "model.safetensors.index.json", 90_000_000, b"{")


_DEEP = '{"a":' * 70 + "1" + "}" * 70
_TWICE = '{"size": {"height": 4, "width": 4}, "size": {"height": 9, "width": 9}}'
_ONE = json.dumps(CONFIG)
NOT_JSON = "config.json is not valid JSON"

CASES = (
    Case(name="config-cut-off", about="no JSON", make=config("{"), says=NOT_JSON, names="config"),
    Case(
        name="config-brackets",
        about="100,000 brackets",
        make=config("[" * 100_000),
        says=NOT_JSON,
        names="config.json",
    ),
    Case(
        name="config-nested",
        about="70 levels of objects",
        make=config(_DEEP),
        says="nested more than 64 levels deep",
        names="config.json",
    ),
    Case(
        name="config-50-mb",
        about="50 MB, sparse",
        make=huge_config,
        says="is larger than 10 MB",
        names="config.json",
    ),
    Case(
        name="config-twice",
        about="one key, two values: readers differ",
        make=config(_ONE[:-1] + ', "model_type": "resnet"}'),
        says="'model_type' occurs twice",
        names="config.json",
    ),
    Case(
        name="config-number-of-5000-digits",
        about="a number that takes minutes to read",
        make=config(_ONE[:-1] + ', "hidden_size": 1' + "0" * 5000 + "}"),
        says=NOT_JSON,
        names="config.json",
    ),
    Case(
        name="config-number-of-31-digits",
        about="a number beyond 64 bits",
        make=changed(hidden_size=10**30),
        says="a number of 31 digits",
        names="config.json",
    ),
    Case(name="config-list", about="no object", make=config("[]"), says="a list", names="config"),
    Case(
        name="config-bytes",
        about="no UTF-8",
        make=config(b'{"a": "\xff\xfe"}'),
        says=NOT_JSON,
        names="config.json",
    ),
    Case(
        name="labels-a-billion",
        about="num_labels of 1e9",
        make=changed(num_labels=10**9, id2label=None),
        says="impossible num_labels: 1000000000",
        names="config.json",
    ),
    Case(
        name="labels-with-a-gap",
        about="a label of index 1e9",
        make=changed(id2label={"0": "cat", "1000000000": "dog"}),
        says="holds no name for 1",
        names="config.json",
    ),
    Case(
        name="labels-half-a-character",
        about="half of a surrogate pair, which no report can hold",
        make=config(_ONE.replace('"owl"', '"\\ud800"')),
        says="holds no name for 2",
        names="config.json",
    ),
    Case(
        name="labels-nested",
        about="a label that is an object",
        make=changed(id2label={"0": {"a": 1}, "1": "b"}),
        says="holds no name for 0",
        names="config.json",
    ),
    Case(
        name="labels-one",
        about="nothing to decide",
        make=changed(id2label={"0": "cat"}),
        says="fewer than two labels",
        names="config.json",
    ),
    Case(
        name="architecture-escapes",
        about="terminal escapes as an architecture",
        make=changed(architectures=["\x1b]0;owned\x07\x1b[2JForImageClassification"]),
        says="is not of an image classifier",
        names="config.json",
    ),
    Case(
        name="architecture-path",
        about="a path as an architecture",
        make=changed(architectures=["../../evil.ForImageClassification"]),
        says="is not of an image classifier",
        names="config.json",
    ),
    Case(
        name="processor-nested",
        about="70 levels in the processor's file",
        make=processor(_DEEP),
        says="nested more than 64 levels deep",
        names="preprocessor_config.json",
    ),
    Case(
        name="processor-twice",
        about="two sizes in the processor's file",
        make=processor(_TWICE),
        says="'size' occurs twice",
        names="preprocessor_config.json",
    ),
    Case(
        name="processor-number",
        about="a size of 31 digits",
        make=processor(json.dumps({**PROCESSOR, "size": 10**30})),
        says="a number of 31 digits",
        names="preprocessor_config.json",
    ),
    Case(
        name="processor-50-mb",
        about="50 MB, sparse",
        make=huge_processor,
        says="is larger than 10 MB",
        names="processor_config.json",
    ),
    Case(
        name="index-parent",
        about="a shard in the folder above",
        make=index({"weight_map": {"w": "../model.safetensors"}}),
        says="which is not a .safetensors file of the same folder",
        names="../model.safetensors",
    ),
    Case(
        name="index-absolute",
        about="a shard at an absolute path",
        make=index({"weight_map": {"w": "/etc/passwd"}}),
        says="which is not a .safetensors file of the same folder",
        names="/etc/passwd",
    ),
    Case(
        name="index-pickle",
        about="a pickle as a shard",
        make=index({"weight_map": {"w": "pytorch_model.bin"}}),
        says="which is not a .safetensors file of the same folder",
        names="pytorch_model.bin",
    ),
    Case(
        name="index-missing",
        about="a shard that is not there",
        make=index({"weight_map": {"w": "b.safetensors"}}),
        says="which is missing",
        names="b.safetensors",
    ),
    Case(
        name="index-nested",
        about="70 levels",
        make=index(_DEEP),
        says="nested more than 64 levels deep",
        names="model.safetensors.index.json",
    ),
    Case(
        name="index-90-mb",
        about="90 MB, sparse",
        make=huge_index,
        says="is larger than 50 MB",
        names="model.safetensors.index.json",
    ),
)
