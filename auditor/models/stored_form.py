"""Weights under the names that transformers stores them under, which may not be those in memory.

transformers renames, splits and joins tensors of older checkpoints as it loads them (a ViT's
`attention.key` is `k_proj` in memory), and takes that back as it saves.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from auditor.models.quiet import quiet_transformers

if TYPE_CHECKING:
    import torch
    from torch import nn


@dataclass(frozen=True, slots=True)
class Stored:
    """Tensors in files, by name; one at a time is read.

    Each file is opened once: a tensor keeps all that was mapped when its file was opened.
    """

    file_of: dict[str, Any]

    def tensor(self, name: str) -> torch.Tensor:
        """One of them.

        Raises:
            KeyError: There is none of this name.
        """
        tensor: torch.Tensor = self.file_of[name].get_tensor(name)
        return tensor


@contextmanager
def stored_form(module: nn.Module, room: Path) -> Iterator[Stored]:
    """The tensors of a model as transformers saves them, in a folder in `room` until the end."""
    from safetensors import safe_open

    saved: Any = module
    with tempfile.TemporaryDirectory(dir=room, prefix="as-stored-") as folder:
        with quiet_transformers():
            saved.save_pretrained(folder)
        file_of: dict[str, Any] = {}
        with ExitStack() as opened:
            for path in sorted(Path(folder).glob("*.safetensors")):
                file = opened.enter_context(safe_open(path, framework="pt"))
                file_of.update(dict.fromkeys(file.keys(), file))
            yield Stored(file_of)
