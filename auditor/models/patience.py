"""Out of memory: the same pictures again, fewer at a time."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from auditor.errors import NotAudited
from auditor.models.classifier import Pixels

Features = Mapping[str, NDArray[np.float32]]
# Pixels `(N, 3, H, W)` -> logits `(N, C)`, and by name whatever features `(N, D)` are wanted.
Look = Callable[[Pixels], tuple[NDArray[np.float32], Features]]

# What torch says of the CPU and of a GPU, and ONNX Runtime of both.
_REFUSALS = ("can't allocate memory", "out of memory", "not enough memory", "failed to allocate")


@dataclass(frozen=True, slots=True, eq=False)
class Answered:
    """What was said of N pictures; `fit` at most were shown at a time, None for all of them."""

    logits: NDArray[np.float32]
    features: Features
    fit: int | None = None


@dataclass(slots=True, eq=False)
class Patience:
    """Asks again with half as many pictures where memory runs out, and remembers what fits."""

    look: Look
    fit: int | None = None

    def __call__(self, pixels: Pixels) -> Answered:
        """Show all of them, in as many batches as it takes.

        Raises:
            NotAudited: There is no room even for one picture.
        """
        while True:
            size = len(pixels) if self.fit is None else min(self.fit, len(pixels))
            try:
                logits, features = self._in_parts(pixels, size)
            except Exception as error:
                if not is_out_of_memory(error):
                    raise
                if size == 1:
                    raise NotAudited(
                        "there is not enough memory to show the model one picture",
                        hint="Use a machine or device with more memory.",
                    ) from error
                self.fit = size // 2
            else:
                return Answered(logits, features, None if size == len(pixels) else size)
            _give_back()  # outside the handler, which keeps what the failed call had made

    def _in_parts(self, pixels: Pixels, size: int) -> tuple[NDArray[np.float32], Features]:
        parts = [self.look(pixels[i : i + size]) for i in range(0, len(pixels), size)]
        if len(parts) == 1:
            return parts[0]
        return np.concatenate([logits for logits, _ in parts]), {
            name: np.concatenate([features[name] for _, features in parts]) for name in parts[0][1]
        }


def is_out_of_memory(error: Exception) -> bool:
    """Whether this is how Python, torch or ONNX Runtime say that memory ran out."""
    said = str(error).lower()
    return isinstance(error, MemoryError) or any(words in said for words in _REFUSALS)


def halved(fit: int | None) -> tuple[str, ...]:
    """What a reader should know of that."""
    if fit is None:
        return ()
    return (f"memory ran out: pictures were shown {fit} at a time",)


def _give_back() -> None:
    torch = sys.modules.get("torch")
    if torch is not None and torch.cuda.is_initialized():
        torch.cuda.empty_cache()
