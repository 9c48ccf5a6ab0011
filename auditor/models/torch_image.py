"""Image classifiers of transformers, run by torch from safetensors."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from auditor.checkpoints.classifier import labels_of
from auditor.errors import UnsupportedModel
from auditor.models.classifier import Pixels
from auditor.models.preprocessing import Preprocessing, first_line, load_preprocessing
from auditor.types import Checkpoint

if TYPE_CHECKING:
    import torch
    from torch import nn


@dataclass(frozen=True, slots=True, eq=False)
class TorchImageClassifier:
    """A transformers image classifier. See `Classifier` for the contract."""

    labels: tuple[str, ...]
    module: nn.Module
    preprocessing: Preprocessing
    device: str
    engine: str = "torch"

    def pixels(self, images: Sequence[Image.Image]) -> Pixels:
        """Resize and crop RGB images to `(N, 3, H, W)` uint8."""
        return self.preprocessing.pixels(images)

    def logits(self, pixels: Pixels) -> NDArray[np.float32]:
        """Class scores `(N, C)`."""
        import torch

        with torch.inference_mode():
            scores = self.forward(torch.from_numpy(pixels).to(self.device))
        result: NDArray[np.float32] = scores.float().cpu().numpy()
        return result

    def features(self, pixels: Pixels) -> NDArray[np.float32]:
        """Penultimate features `(N, D)`: the input of the last linear layer."""
        import torch

        with torch.inference_mode():
            captured = self.forward_features(torch.from_numpy(pixels).to(self.device))
        result: NDArray[np.float32] = captured.float().cpu().numpy()
        return result

    def head(self) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Weight `(C, D)` and bias `(C,)` of the last linear layer."""
        linear = head_of(self.module, len(self.labels))
        weight = linear.weight.detach().float().cpu().numpy()
        bias = linear.bias
        return weight, (
            np.zeros(len(weight), np.float32) if bias is None else bias.detach().float().cpu().numpy()
        )

    def forward(self, pixels: torch.Tensor) -> torch.Tensor:
        """Differentiable logits `(N, C)` for pixels `(N, 3, H, W)` in 0..255, any dtype."""
        scores: torch.Tensor = self.module(pixel_values=self.normalise(pixels)).logits
        return scores

    def forward_features(self, pixels: torch.Tensor) -> torch.Tensor:
        """Differentiable penultimate features `(N, D)` for pixels in 0..255."""
        with _captured_input(head_of(self.module, len(self.labels))) as seen:
            self.forward(pixels)
        return seen[0]

    def normalise(self, pixels: torch.Tensor) -> torch.Tensor:
        """Pixels in 0..255 -> the network's input, channels-last (faster for convolutions)."""
        import torch

        scale = torch.from_numpy(self.preprocessing.scale).to(pixels.device)
        offset = torch.from_numpy(self.preprocessing.offset).to(pixels.device)
        x = pixels.to(torch.float32, memory_format=torch.channels_last)
        return x * scale[:, None, None] + offset[:, None, None]


def load_torch(checkpoint: Checkpoint, *, device: str) -> TorchImageClassifier:
    """Build the architecture from the config and fill it from safetensors; every key must fit.

    Raises:
        UnsupportedModel: No image classifier, or weights that do not fit the config.
    """
    from transformers import AutoModelForImageClassification

    labels = labels_of(checkpoint.config)
    try:
        module, said = AutoModelForImageClassification.from_pretrained(
            checkpoint.root,
            local_files_only=True,
            trust_remote_code=False,
            use_safetensors=True,
            output_loading_info=True,
        )
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RuntimeError) as error:
        raise UnsupportedModel(
            f"the weights cannot be loaded as an image classifier: {first_line(error)}",
            hint="Check that config.json and the weights belong together.",
        ) from error
    _require_all_keys(said)
    module = module.to(device).float().eval()
    return TorchImageClassifier(
        labels=labels,
        module=module,
        preprocessing=load_preprocessing(checkpoint.root),
        device=device,
    )


def _require_all_keys(said: dict[str, Any]) -> None:
    """A missing tensor would be filled at random, and a random head would be audited."""
    missing = sorted(said.get("missing_keys", ())) + [
        str(m[0]) for m in said.get("mismatched_keys", ())
    ]
    if missing:
        raise UnsupportedModel(
            f"{len(missing)} tensors the architecture needs are missing or of another shape, "
            f"e.g. {missing[0]}",
            hint="Check that config.json and the weights belong together.",
        )


def head_of(module: nn.Module, classes: int) -> nn.Linear:
    """The last linear layer, which turns penultimate features into C logits.

    Raises:
        UnsupportedModel: No linear layer has as many outputs as there are labels.
    """
    from torch import nn

    heads = [m for m in module.modules() if isinstance(m, nn.Linear) and m.out_features == classes]
    if not heads:
        raise UnsupportedModel(
            "the model has no linear classification head",
            hint="Evidence that needs features is not available for it.",
        )
    return heads[-1]


@contextlib.contextmanager
def _captured_input(layer: nn.Module) -> Iterator[list[torch.Tensor]]:
    seen: list[torch.Tensor] = []
    handle = layer.register_forward_pre_hook(lambda _module, inputs: seen.append(inputs[0]))
    try:
        yield seen
    finally:
        handle.remove()
