"""Image classifiers of transformers, run by torch from safetensors."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from auditor.checkpoints.classifier import labels_of
from auditor.errors import UnsupportedModel
from auditor.models.classifier import Pixels, require_answers, two_pictures
from auditor.models.preprocessing import Preprocessing, first_line, load_preprocessing
from auditor.models.remote_code import code_of
from auditor.models.torch_weights import load_module
from auditor.types import Checkpoint

if TYPE_CHECKING:
    import torch
    from torch import nn


@dataclass(frozen=True, slots=True, eq=False)
class TorchImageClassifier:
    """A transformers image classifier. See `Classifier` for the contract.

    With `bfloat16` matrix products and convolutions are computed in that type, the rest in
    float32, where the device is faster so; weights stay as they are.
    """

    labels: tuple[str, ...]
    module: nn.Module
    preprocessing: Preprocessing
    device: str
    engine: str = "torch"
    bfloat16: bool = False

    def pixels(self, images: Sequence[Image.Image]) -> Pixels:
        """Resize and crop RGB images to `(N, 3, H, W)` uint8."""
        return self.preprocessing.pixels(images)

    def logits(self, pixels: Pixels) -> NDArray[np.float32]:
        """Class scores `(N, C)`."""
        import torch

        with torch.inference_mode():
            scores = self.forward(_tensor(pixels).to(self.device))
        result: NDArray[np.float32] = scores.float().cpu().numpy()
        return result

    def features(self, pixels: Pixels) -> NDArray[np.float32]:
        """Penultimate features `(N, D)`: the input of the last linear layer."""
        import torch

        with torch.inference_mode():
            captured = self.forward_features(_tensor(pixels).to(self.device))
        result: NDArray[np.float32] = captured.float().cpu().numpy()
        return result

    def logits_and_features(
        self, pixels: Pixels
    ) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """`logits` and `features` of the same pictures in one forward pass."""
        import torch

        with (
            torch.inference_mode(),
            _captured_input(head_of(self.module, len(self.labels))) as seen,
        ):
            scores = self.forward(_tensor(pixels).to(self.device))
        if not seen:
            raise _no_head("the last linear layer has no part in the scores")
        return scores.float().cpu().numpy(), seen[0].float().cpu().numpy()

    def head(self) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Weight `(C, D)` and bias `(C,)` of the last linear layer.

        Raises:
            UnsupportedModel: There is none, or it does not make the logits from the features.
        """
        linear = head_of(self.module, len(self.labels))
        weight = linear.weight.detach().float().cpu().numpy()
        bias = np.zeros(len(weight), np.float32)
        if linear.bias is not None:
            bias = linear.bias.detach().float().cpu().numpy()
        pixels = self.pixels(two_pictures())
        exact = replace(self, bfloat16=False)
        logits, made = exact.logits(pixels), exact.features(pixels) @ weight.T + bias
        if made.shape != logits.shape or not np.allclose(made, logits, rtol=1e-3, atol=1e-3):
            raise _no_head("the last linear layer does not make the scores by itself")
        return weight, bias

    def forward(self, pixels: torch.Tensor) -> torch.Tensor:
        """Differentiable logits `(N, C)` for pixels `(N, 3, H, W)` in 0..255, any dtype."""
        import torch

        kind = torch.device(self.device).type
        with torch.autocast(kind, torch.bfloat16, enabled=self.bfloat16):
            scores: torch.Tensor = self.module(pixel_values=self.normalise(pixels)).logits
        return scores

    def forward_both(self, pixels: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """As `forward` and `forward_features`, in one pass."""
        with _captured_input(head_of(self.module, len(self.labels))) as seen:
            scores = self.forward(pixels)
        if not seen:
            raise _no_head("the last linear layer has no part in the scores")
        return scores, seen[0]

    def forward_features(self, pixels: torch.Tensor) -> torch.Tensor:
        """Differentiable penultimate features `(N, D)` for pixels in 0..255."""
        return self.forward_both(pixels)[1]

    def normalise(self, pixels: torch.Tensor) -> torch.Tensor:
        """Pixels in 0..255 -> the network's input, channels-last (faster for convolutions)."""
        import torch

        scale = torch.from_numpy(self.preprocessing.scale).to(pixels.device)
        offset = torch.from_numpy(self.preprocessing.offset).to(pixels.device)
        x = pixels.to(torch.float32, memory_format=torch.channels_last)
        return x * scale[:, None, None] + offset[:, None, None]


def load_torch(
    checkpoint: Checkpoint, *, device: str, bfloat16: bool = False
) -> TorchImageClassifier:
    """Build the architecture from the config and fill it from safetensors; every key must fit.

    Raises:
        UnsupportedModel: No image classifier, weights that do not fit the config, or a
            processor that does not fit the network.
    """
    preprocessing = load_preprocessing(checkpoint.root, code_of(checkpoint))
    classifier = TorchImageClassifier(
        labels=labels_of(checkpoint.config),
        module=load_module(checkpoint).to(device),
        preprocessing=preprocessing,
        device=device,
        bfloat16=bfloat16,
    )
    try:
        require_answers(classifier)
    except UnsupportedModel:
        raise
    except Exception as error:  # each architecture complains of a wrong input in its own way
        raise UnsupportedModel(
            f"the model does not take the images that its processor makes: {first_line(error)}",
            hint="Restore the preprocessor_config.json that was saved with the weights.",
        ) from error
    return classifier


def _tensor(pixels: Pixels) -> torch.Tensor:
    """Pixels may be a view or memory-mapped; torch shares only what is dense and writable."""
    import torch

    return torch.from_numpy(np.require(pixels, requirements=["C", "W"]))


def head_of(module: nn.Module, classes: int) -> nn.Linear:
    """The last linear layer, which turns penultimate features into C logits.

    Raises:
        UnsupportedModel: No linear layer has as many outputs as there are labels.
    """
    from torch import nn

    heads = [m for m in module.modules() if isinstance(m, nn.Linear) and m.out_features == classes]
    if not heads:
        raise _no_head("the model has no linear classification head")
    return heads[-1]


def _no_head(why: str) -> UnsupportedModel:
    return UnsupportedModel(why, hint="Evidence that needs features is not available for it.")


@contextlib.contextmanager
def _captured_input(layer: nn.Module) -> Iterator[list[torch.Tensor]]:
    seen: list[torch.Tensor] = []
    handle = layer.register_forward_pre_hook(lambda _module, inputs: seen.append(inputs[0]))
    try:
        yield seen
    finally:
        handle.remove()
