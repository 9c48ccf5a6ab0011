"""The last layers of a network by themselves: activations of an inner layer in, logits out."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from auditor.errors import UnsupportedModel
from auditor.models.classifier import Pixels
from auditor.models.patience import is_out_of_memory
from auditor.models.torch_image import TorchImageClassifier

if TYPE_CHECKING:
    import torch
    from torch import nn

KEPT = 1 / 8  # share of the chain of layers that lies behind the inner one


@dataclass(frozen=True, slots=True, eq=False)
class InnerPart:
    """What a network does behind one of its inner layers.

    Attributes:
        seen: That layer's activations for ordinary pictures, `(N, ...)`.
        logits: Differentiable class scores `(M, C)` of activations `(M, ...)`.
    """

    seen: torch.Tensor
    logits: Callable[[torch.Tensor], torch.Tensor]


def behind_inner_layer(classifier: TorchImageClassifier, pixels: Pixels) -> InnerPart:
    """Cut a network behind the layer after which an eighth of its longest chain is left.

    Where the scores hang on more than that layer, the next longest chain is tried.

    Args:
        classifier: The model.
        pixels: Ordinary pictures `(N, 3, H, W)`, two or more, to see what the layer answers.

    Raises:
        UnsupportedModel: It has no chain of layers, or its scores hang on more than a layer of any.
    """
    exact = replace(classifier, bfloat16=False)
    for layer in _cuts(exact.module):
        try:
            part = _part_behind(layer, exact, pixels)
        except Exception as error:
            if is_out_of_memory(error):
                raise
            continue  # a stranger's network, with activations put in its way: it complains
        if part is not None:
            return part
    raise UnsupportedModel(
        "no inner layer was found on which alone the scores depend",
        hint="Evidence that needs one is not available for it.",
    )


def _part_behind(layer: nn.Module, exact: TorchImageClassifier, pixels: Pixels) -> InnerPart | None:
    """What lies behind a layer; None where the scores hang on more than what it answers."""
    import torch

    pictures = torch.from_numpy(pixels).to(exact.device)
    with torch.no_grad(), _watching(layer) as seen:
        scores = exact.forward(pictures)

    def logits(activations: torch.Tensor, picture: int = 0) -> torch.Tensor:
        # The layers before run on one picture, whose answer is then replaced.
        with _replacing(layer, activations):
            return exact.forward(pictures[picture : picture + 1])

    part = InnerPart(seen[0], logits)
    with torch.no_grad():
        again = [logits(part.seen, picture) for picture in (0, 1)]
    same = all(one.shape == scores.shape and _alike(one, scores) for one in again)
    return part if same else None


def _alike(one: torch.Tensor, other: torch.Tensor) -> bool:
    return np.allclose(one.cpu().numpy(), other.cpu().numpy(), rtol=1e-3, atol=1e-3)


def _cuts(module: nn.Module) -> Iterator[nn.Module]:
    """The layer to cut behind, of every chain of two or more; those of the longest first."""
    from torch import nn

    chains = [part for part in module.modules() if isinstance(part, nn.ModuleList)]
    for chain in sorted(chains, key=len, reverse=True):
        if len(chain) >= 2:
            yield chain[len(chain) - 1 - max(1, int(len(chain) * KEPT))]


@contextlib.contextmanager
def _watching(layer: nn.Module) -> Iterator[list[torch.Tensor]]:
    seen: list[torch.Tensor] = []
    handle = layer.register_forward_hook(lambda _layer, _inputs, out: seen.append(_first(out)))
    try:
        yield seen
    finally:
        handle.remove()


@contextlib.contextmanager
def _replacing(layer: nn.Module, activations: torch.Tensor) -> Iterator[None]:
    def instead(_layer: nn.Module, _inputs: Any, out: Any) -> Any:
        return (activations, *out[1:]) if isinstance(out, tuple) else activations

    handle = layer.register_forward_hook(instead)
    try:
        yield
    finally:
        handle.remove()


def _first(out: Any) -> torch.Tensor:
    first: torch.Tensor = out[0] if isinstance(out, tuple) else out
    return first
