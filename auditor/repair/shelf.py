"""Weights that are not in use lie on disk, so that memory holds one set of them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import nn


def put_away(module: nn.Module, path: Path) -> None:
    """Write all weights and statistics of a module to a file, over what is there."""
    from safetensors.torch import save_model

    save_model(module, str(path))


def bring_back(module: nn.Module, path: Path) -> None:
    """Give a module the weights and statistics that `put_away` wrote."""
    from safetensors.torch import load_model

    device = next(module.parameters()).device
    load_model(module, path, device=str(device))
