"""An ONNX graph, looked at before it is run: where its tensors are, what it computes with.

Tensors lie only in files that were inspected and hashed; operators are those that ONNX Runtime
brings itself, for any other would be a library of code from somewhere else.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from auditor.checkpoints.wording import shown
from auditor.errors import UnsupportedModel
from auditor.types import Checkpoint

MAX_GRAPH_BYTES = 2_000_000_000  # of the file itself, as the format has it
# Of ONNX, and of what exporters and optimisers of ONNX Runtime write.
KNOWN_DOMAINS = frozenset(
    {
        *("", "ai.onnx", "ai.onnx.ml", "ai.onnx.preview.training"),
        *("com.microsoft", "com.microsoft.nchwc", "com.ms.internal.nhwc"),
    }
)


def require_known_data(graph: Path, checkpoint: Checkpoint) -> None:
    """Refuse tensors that lie in a file which is not part of the checkpoint, and foreign code.

    Raises:
        UnsupportedModel: The graph reads another file, or past the end of one; the report's
            digests would not cover it. Or it has an operator of its own.
        Exception: Whatever onnx raises where the graph is no ONNX file.
    """
    _checked(graph, checkpoint)


def tensors_not_finite(graph: Path, checkpoint: Checkpoint) -> list[str]:
    """Names of tensors of the graph that hold NaN or infinity.

    Raises:
        UnsupportedModel: As `require_known_data`; or it is no ONNX file.
    """
    import onnx

    try:
        model = _checked(graph, checkpoint)
    except UnsupportedModel:
        raise
    except Exception as error:  # protobuf and onnx raise several unrelated kinds
        raise UnsupportedModel(
            f"{shown(graph.name)} is no ONNX model: {shown(error, 120)}",
            hint="Download it again, or export it anew.",
        ) from error
    names = []
    for tensor in model.graph.initializer:
        try:
            numbers = onnx.numpy_helper.to_array(tensor, base_dir=str(graph.parent))
            if numbers.dtype.kind in "fc" and not np.isfinite(numbers).all():
                names.append(tensor.name)
        except Exception as error:
            raise UnsupportedModel(
                f"tensor {shown(tensor.name, 80)} of {shown(graph.name)} cannot be read: "
                f"{shown(error, 120)}",
                hint="Export the model anew.",
            ) from error
    return names


def _checked(graph: Path, checkpoint: Checkpoint) -> Any:
    import onnx

    if graph.stat().st_size > MAX_GRAPH_BYTES:
        raise UnsupportedModel(
            f"{shown(graph.name)} is larger than 2 GB",
            hint="Save it with its tensors in a file of their own.",
        )
    model = onnx.load(graph, load_external_data=False)
    for tensor in _tensors([model.graph, *model.functions]):
        if tensor.external_data:
            _require_known(tensor, graph, checkpoint)
        elif len(tensor.dims) and math.prod(tensor.dims) > 8 * max(graph.stat().st_size, 1):
            raise UnsupportedModel(
                f"tensor {shown(tensor.name, 80)} of {shown(graph.name)} claims "
                f"{math.prod(tensor.dims):,} numbers, more than the file could hold",
                hint="Export the model anew.",
            )
    _require_known_operators(model, graph)
    return model


def _require_known(tensor: Any, graph: Path, checkpoint: Checkpoint) -> None:
    sizes = {checkpoint.root / file.path: file.size_bytes for file in checkpoint.files}
    said = {entry.key: entry.value for entry in tensor.external_data}
    place = graph.parent / said.get("location", "")
    if place not in sizes:
        raise UnsupportedModel(
            f"{graph.name} keeps tensors in {shown(said.get('location'), 80)}, "
            "which is not part of the checkpoint",
            hint=f"Save it again with its tensors inside, or in {graph.name}.data.",
        )
    numbers = [said.get(key, "0") for key in ("offset", "length")]
    if not all(text.isdecimal() and len(text) < 20 for text in numbers) or (
        sum(int(text) for text in numbers) > sizes[place]
    ):
        raise UnsupportedModel(
            f"tensor {shown(tensor.name, 80)} of {graph.name} lies outside of {place.name}",
            hint="Download the model again.",
        )


def _require_known_operators(model: Any, graph: Path) -> None:
    own = {(function.domain, function.name) for function in model.functions}
    for part in _graphs([model.graph, *model.functions]):
        for node in part.node:
            if node.domain not in KNOWN_DOMAINS and (node.domain, node.op_type) not in own:
                raise UnsupportedModel(
                    f"{shown(graph.name)} needs the custom operator "
                    f"{shown(node.domain, 60)}.{shown(node.op_type, 60)}, which is code that does "
                    "not come with ONNX Runtime",
                    hint="Export the model with standard operators; auditor loads no libraries.",
                )


def _graphs(graphs: list[Any]) -> Iterator[Any]:
    """All graphs and functions, and the graphs inside their nodes."""
    while graphs:
        graph = graphs.pop()
        yield graph
        for node in graph.node:
            for attribute in node.attribute:
                graphs += [each for each in (attribute.g, *attribute.graphs) if each.node]


def _tensors(graphs: list[Any]) -> Iterator[Any]:
    """All tensors of graphs and functions, and of the graphs inside their nodes."""
    for graph in _graphs(graphs):
        yield from getattr(graph, "initializer", ())
        for sparse in getattr(graph, "sparse_initializer", ()):
            yield from (sparse.values, sparse.indices)
        for node in graph.node:
            for attribute in node.attribute:
                yield from (attribute.t, *attribute.tensors)
                for sparse in (attribute.sparse_tensor, *attribute.sparse_tensors):
                    yield from (sparse.values, sparse.indices)
