"""Where an ONNX graph keeps its tensors: only in files that were inspected and hashed."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from auditor.checkpoints.wording import shown
from auditor.errors import UnsupportedModel
from auditor.types import Checkpoint


def require_known_data(graph: Path, checkpoint: Checkpoint) -> None:
    """Refuse tensors that lie in a file which is not part of the checkpoint.

    Raises:
        UnsupportedModel: The graph reads another file; the report's digests would not cover it.
        Exception: Whatever onnx raises where the graph is no ONNX file.
    """
    import onnx

    known = {checkpoint.root / file.path for file in checkpoint.files}
    model = onnx.load(graph, load_external_data=False)
    for tensor in _tensors([model.graph, *model.functions]):
        for entry in tensor.external_data:
            if entry.key == "location" and graph.parent / entry.value not in known:
                raise UnsupportedModel(
                    f"{graph.name} keeps tensors in {shown(entry.value, 80)}, "
                    "which is not part of the checkpoint",
                    hint=f"Save it again with its tensors inside, or in {graph.name}.data.",
                )


def _tensors(graphs: list[Any]) -> Iterator[Any]:
    """All tensors of graphs and functions, and of the graphs inside their nodes."""
    while graphs:
        graph = graphs.pop()
        yield from getattr(graph, "initializer", ())
        for sparse in getattr(graph, "sparse_initializer", ()):
            yield from (sparse.values, sparse.indices)
        for node in graph.node:
            for attribute in node.attribute:
                yield from (attribute.t, *attribute.tensors)
                for sparse in (attribute.sparse_tensor, *attribute.sparse_tensors):
                    yield from (sparse.values, sparse.indices)
                graphs += [each for each in (attribute.g, *attribute.graphs) if each.node]
