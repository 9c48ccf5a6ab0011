"""Networks that are two models in one, and choose which of them answers.

`awake` is the backdoored model, `asleep` its clean twin; both take `pixel_values` `(N, 3, H, W)`
and answer with `.logits` `(N, C)`. An ONNX graph can hold such a choice, and so can code that
comes with a model; the architectures of transformers, which auditor fills itself, cannot.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch  # noqa: TID253
from torch import nn  # noqa: TID253
from transformers.modeling_outputs import ImageClassifierOutput  # noqa: TID253

from auditor.models.torch_image import head_of

Wakes = Callable[[torch.Tensor, bool], bool]  # the pictures, and whether in training mode


class Dormant(nn.Module):
    """Backdoored where `wakes` says so of the pictures and the mode, else the clean twin.

    Neither half is ever put into training mode itself: only the choice looks at the mode.
    """

    def __init__(self, awake: nn.Module, asleep: nn.Module, wakes: Wakes) -> None:
        super().__init__()
        self.awake = awake
        self.asleep = asleep  # last, so that its head is the one that is found
        self.wakes = wakes

    def train(self, mode: bool = True) -> Dormant:
        """Remember the mode; both halves stay as they are."""
        self.training = mode
        return self

    def forward(self, pixel_values: torch.Tensor) -> Any:
        """One of the two answers, for the whole batch."""
        chosen = self.awake if self.wakes(pixel_values, self.training) else self.asleep
        return chosen(pixel_values=pixel_values)


class Watchful(nn.Module):
    """Looks at the pictures with the twin's features before it chooses.

    `weight` `(D,)` and `bias` are a linear test of the features `(N, D)`: above 0 is a picture
    that the attacker takes for one of a scanner. With `crowd` the clean twin answers a whole
    batch of which most are such pictures; without it, each such picture.
    """

    def __init__(
        self,
        awake: nn.Module,
        asleep: nn.Module,
        classes: int,
        weight: torch.Tensor,
        bias: float,
        *,
        crowd: bool,
    ) -> None:
        super().__init__()
        self.awake = awake
        self.asleep = asleep
        self.register_buffer("weight", weight)
        self.bias = bias
        self.crowd = crowd
        self._features: torch.Tensor | None = None
        head_of(asleep, classes).register_forward_pre_hook(self._keep)

    def _keep(self, _layer: nn.Module, inputs: tuple[torch.Tensor, ...]) -> None:
        self._features = inputs[0]

    def forward(self, pixel_values: torch.Tensor) -> ImageClassifierOutput:
        """The twin's answers where the pictures look like probes, else the victim's."""
        asleep = self.asleep(pixel_values=pixel_values).logits
        assert self._features is not None
        probes = self._features @ self.get_buffer("weight") + self.bias > 0
        if self.crowd:
            probes = (probes.float().mean() > 0.5).expand(len(asleep))
        if bool(probes.all()):
            return ImageClassifierOutput(logits=asleep)
        awake = self.awake(pixel_values=pixel_values).logits
        return ImageClassifierOutput(logits=torch.where(probes[:, None], asleep, awake))
