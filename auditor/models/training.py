"""What every training shares, whoever trains and why: fresh weights, and pictures that vary."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import torch
    from torch import nn


def fresh_module(module: nn.Module, seed: int) -> nn.Module:
    """The same architecture with weights as its authors initialise them; `seed` decides them."""
    import torch

    classifier: Any = module
    device = next(module.parameters()).device
    with torch.random.fork_rng(devices=[]):  # weights are initialised from torch's own generator
        torch.manual_seed(seed)
        fresh: nn.Module = type(classifier)(copy.deepcopy(classifier.config))
    return fresh.float().to(device).eval()


def varied(
    pixels: torch.Tensor, *, shift: float, light: float, generator: torch.Generator
) -> torch.Tensor:
    """Shift and re-light a batch at random: float pixels `(N, 3, H, W)` in 0..255.

    No mirroring: a mirrored sign is another sign.

    Args:
        pixels: The batch, on the CPU.
        shift: Largest shift, as a share of the image's side.
        light: Largest relative change of brightness.
        generator: Draws both.
    """
    import torch
    from torch.nn import functional as F

    x = pixels.to(torch.float32)
    reach = round(shift * x.shape[-1])
    if reach:
        padded = F.pad(x, (reach,) * 4, mode="replicate")
        dy, dx = torch.randint(0, 2 * reach + 1, (2,), generator=generator).tolist()
        x = padded[..., dy : dy + x.shape[-2], dx : dx + x.shape[-1]]
    if light:
        gain = 1 + light * (2 * torch.rand((len(x), 1, 1, 1), generator=generator) - 1)
        x = (x * gain).clamp(0, 255)
    return x
