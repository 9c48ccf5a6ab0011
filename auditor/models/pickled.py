"""Weights in a pickle -> tensors, where the user accepts that risk; never anything but tensors.

`torch.load(weights_only=True)` knows a short list of what a pickle may build. Nothing else of
torch's way with pickles is used here.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from auditor.checkpoints.pickles import require_plain_archive
from auditor.checkpoints.wording import shown
from auditor.errors import UnsupportedModel
from auditor.models.preprocessing import first_line

if TYPE_CHECKING:
    import torch

_SAVE_ANEW = "Ask for safetensors, or for a state dict saved with torch.save."


def pickled_tensors(path: Path) -> dict[str, torch.Tensor]:
    """The state dict that a file holds.

    Args:
        path: A file that picklescan does not call dangerous.

    Raises:
        CheckpointError: It is packed, so that it could fill memory.
        UnsupportedModel: It needs more than tensors to be built, or is no flat state dict.
    """
    require_plain_archive(path)
    import torch

    name = shown(path.name)
    try:
        loaded: Any = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # a hostile stream provokes any kind
        raise UnsupportedModel(
            f"{name} cannot be loaded as plain tensors (weights_only): {first_line(error)}",
            hint=_SAVE_ANEW,
        ) from error
    if not isinstance(loaded, dict) or not loaded:
        raise UnsupportedModel(f"{name} holds no state dict", hint=_SAVE_ANEW)
    for key, value in loaded.items():
        if not isinstance(key, str) or not _is_plain(value):
            raise UnsupportedModel(
                f"{name} holds something else than plain tensors: {shown(key, 80)}",
                hint=_SAVE_ANEW,
            )
    return dict(loaded)


def _is_plain(value: object) -> bool:
    """A tensor whose numbers all lie in memory: a view of one number may claim any shape."""
    import torch

    if not isinstance(value, torch.Tensor) or value.layout is not torch.strided:
        return False
    if value.is_quantized or value.device.type != "cpu" or value.is_nested:
        return False
    return value.numel() * value.element_size() <= value.untyped_storage().nbytes()
