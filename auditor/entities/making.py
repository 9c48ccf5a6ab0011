"""What instances can be made with, where nobody has photographs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

Progress = Callable[[str, int, int], None]
STANDARD_INSTANCES = 7


def silent(stage: str, done: int, total: int) -> None:
    """Progress that nobody watches."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Making:
    """What a source that makes its instances may use.

    Attributes:
        base: The checkpoint that the model was fine-tuned from; None where nobody knows.
        device: Where pictures are made: auto, cpu or cuda[:N].
        instances: How many of each entity are wanted; a source file may say another number.
        progress: Called with (stage, done, total) while pictures are made.
    """

    base: str | None = None
    device: str = "auto"
    instances: int = STANDARD_INSTANCES
    progress: Progress = silent
