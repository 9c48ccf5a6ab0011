"""Checkpoints that pass what is read from text and headers, and are refused by an engine's room."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from safetensors.numpy import load_file, save_file

from tests.hostile.case import Case, Place, copy_graph, copy_real, edit
from tests.hostile.payload import module

CODE = {"AutoConfig": "modeling_evil.EvilConfig"}
CODE["AutoModelForImageClassification"] = "modeling_evil.EvilForImageClassification"


def real(**changes: Any) -> Callable[[Place], object]:
    return lambda place: copy_real(place, **changes)


def tensors(change: Callable[[dict[str, Any]], Any]) -> Callable[[Place], object]:
    def make(place: Place) -> None:
        path = copy_real(place) / "model.safetensors"
        kept = load_file(path)
        change(kept)
        save_file(kept, path, metadata={"format": "pt"})

    return make


def not_a_number(kept: dict[str, Any]) -> None:
    kept["classifier.weight"][0, 0] = np.nan


def whole_numbers(kept: dict[str, Any]) -> None:
    kept["vit.layernorm.weight"] = kept["vit.layernorm.weight"].astype(np.int64)


def turned(kept: dict[str, Any]) -> None:
    kept["vit.embeddings.position_embeddings"] = np.ascontiguousarray(
        kept["vit.embeddings.position_embeddings"].reshape(1, 16, 17)
    )


def processor(**changes: Any) -> Callable[[Place], object]:
    return lambda place: edit(copy_real(place) / "preprocessor_config.json", **changes)


def code(**changes: Any) -> Callable[[Place], object]:
    """A model with files of code that run on import, under every name that might be imported."""

    def make(place: Place) -> None:
        folder = copy_real(place, **changes)
        names = ("modeling_evil", "configuration_evil", "processing_evil", "pipeline", "torch")
        for name in (*names, "sitecustomize", "conftest", "__init__", "transformers"):
            (folder / f"{name}.py").write_text(module(place.code))

    return make


def code_in_processor(place: Place) -> None:
    code()(place)
    mapped = {"AutoImageProcessor": "processing_evil.EvilImageProcessor"}
    edit(
        place.model / "preprocessor_config.json",
        auto_map=mapped,
        image_processor_type="EvilImageProcessor",
    )


def graph(change: Callable[[Any], object]) -> Callable[[Place], object]:
    def make(place: Place) -> None:
        import onnx

        path = copy_graph(place)
        made = onnx.load(path)
        change(made)
        path.write_bytes(made.SerializeToString())
        place.outside.mkdir()
        (place.outside / "secret").write_bytes(bytes(10_000))

    return make


def external(location: str, **numbers: int) -> Callable[[Any], object]:
    def change(made: Any) -> None:
        import onnx

        tensor = made.graph.initializer[0]
        tensor.ClearField("raw_data")
        tensor.data_location = onnx.TensorProto.EXTERNAL
        for key, value in {"location": location, **numbers}.items():
            entry = tensor.external_data.add()
            entry.key, entry.value = key, str(value)

    return change


def custom_operator(made: Any) -> None:
    made.graph.node[0].domain = "evil.corp"
    made.opset_import.add(domain="evil.corp", version=1)


def claims(made: Any) -> None:
    made.graph.initializer[0].dims[:] = [10**6, 10**6]


def infinite(made: Any) -> None:
    import onnx

    tensor = next(t for t in made.graph.initializer if "classifier" in t.name)
    numbers = onnx.numpy_helper.to_array(tensor).copy()
    numbers.flat[0] = np.inf
    tensor.CopyFrom(onnx.numpy_helper.from_array(numbers, tensor.name))


def no_graph(place: Place) -> None:
    copy_graph(place).write_bytes(b"\x08\x07\x12" + b"\xff" * 500)


def row(
    name: str, about: str, make: Any, says: str, names: str = "config.json", **more: Any
) -> Case:
    more = {"early": False, **more}
    return Case(name=name, about=about, make=make, says=says, names=names, **more)


REMOTE = ("--trust", "remote-code")
OTHER_REPOSITORY = {key: f"other/repo--{value}" for key, value in CODE.items()}
CASES = (
    row(
        "claims-layers",
        "1e9 layers",
        real(num_hidden_layers=10**9),
        "num_hidden_layers = 1000000000",
    ),
    row("claims-width", "a width of 1e6", real(hidden_size=10**6), "parameters, the weights hold"),
    row("claims-side", "pictures of 1e6 pixels a side", real(image_size=10**6), "weights hold"),
    row("claims-heads", "zero heads", real(num_attention_heads=0), "cannot be loaded", "weights"),
    row("claims-patch", "a patch of no size", real(patch_size=0), "cannot be loaded", "weights"),
    row(
        "claims-words",
        "text where a number belongs",
        real(hidden_size="__import__('os')"),
        "cannot be loaded",
        "weights",
    ),
    row(
        "claims-modules",
        "900 layers, for weights of two",
        real(num_hidden_layers=900),
        "far more than its weights",
    ),
    row("other-shape", "a tensor turned round", tensors(turned), "has shape (1, 16, 17)"),
    row(
        "whole-numbers",
        "integers for weights",
        tensors(whole_numbers),
        "holds no real numbers",
        "vit.layernorm",
    ),
    row(
        "nan",
        "NaN in the head",
        tensors(not_a_number),
        "infinite or undefined scores",
        "the model answers",
        finding="non-finite",
    ),
    row(
        "quantised", "weights of another kind", real(quantization_config={"a": 1}), "are quantised"
    ),
    row(
        "elsewhere",
        "weights named in config.json",
        real(transformers_weights="../evil.safetensors"),
        "sends transformers to other weights",
    ),
    row(
        "two-kinds", "two architectures at once", real(model_type="resnet"), "another architecture"
    ),
    row(
        "processor-size",
        "pictures of 1e6 pixels",
        processor(size={"height": 10**6, "width": 10**6}),
        "more than 4096 pixels a side",
        "preprocessor_config.json",
    ),
    row(
        "processor-zero",
        "division by zero",
        processor(image_std=[0, 0, 0]),
        "normalises by nonsense",
        "preprocessor_config.json",
    ),
    row(
        "processor-type",
        "a processor that there is not",
        processor(image_processor_type="os.system"),
        "cannot be used",
        "preprocessor_config.json",
    ),
    row(
        "code",
        "an architecture of its own",
        code(auto_map=CODE, model_type="evil", architectures=["EvilForImageClassification"]),
        "asks to run code of its own (auto_map)",
    ),
    row(
        "code-pipeline",
        "a pipeline of its own, for an architecture that there is not",
        code(
            custom_pipelines={"image-classification": {"impl": "pipeline.Evil"}},
            architectures=["EvilForImageClassification"],
        ),
        "transformers has no EvilForImageClassification",
        "EvilForImageClassification",
    ),
    row(
        "code-processor",
        "a processor of its own",
        code_in_processor,
        "cannot be used",
        "preprocessor_config.json",
    ),
    row(
        "code-elsewhere",
        "trusted, but of another repository",
        code(auto_map=OTHER_REPOSITORY, model_type="evil"),
        "names code that is not in the folder",
        "auto_map",
        options=REMOTE,
    ),
    row(
        "code-outside",
        "trusted, but above the folder",
        code(auto_map={key: f"../{value}" for key, value in CODE.items()}, model_type="evil"),
        "names code that is not in the folder",
        "auto_map",
        options=REMOTE,
    ),
    row(
        "onnx-parent",
        "tensors in the folder above",
        graph(external("../outside/secret")),
        "which is not part of the checkpoint",
        "../outside/secret",
    ),
    row(
        "onnx-absolute",
        "tensors at an absolute path",
        graph(external("/etc/passwd")),
        "which is not part of the checkpoint",
        "/etc/passwd",
    ),
    row(
        "onnx-itself",
        "tensors in the graph's own file, past its end",
        graph(external("model.onnx", offset=10**12, length=9)),
        "lies outside of",
        "model.onnx",
    ),
    row(
        "onnx-operator",
        "an operator of its own",
        graph(custom_operator),
        "needs the custom operator evil.corp",
        "model.onnx",
    ),
    row(
        "onnx-claims",
        "a tensor of 10^12 numbers",
        graph(claims),
        "claims 1,000,000,000,000 numbers",
        "model.onnx",
    ),
    row("onnx-nonsense", "no graph", no_graph, "is no ONNX model", "model.onnx"),
    row(
        "onnx-infinity",
        "infinity in the head",
        graph(infinite),
        "infinite or undefined scores",
        "the model answers",
        finding="non-finite",
    ),
)
