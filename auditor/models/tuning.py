"""What in a checkpoint's settings would ruin it when it is trained, and how to put it back.

Real configs hold values that only make sense in another framework: MobileNet's dropout of
0.999 and a batch-norm momentum of 0.9997 (the other framework's convention) destroy such a
checkpoint in a few steps of ordinary training.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import nn

MAX_DROPOUT = 0.5
MAX_BATCH_NORM_MOMENTUM = 0.5
BATCH_NORM_MOMENTUM = 0.1  # torch's default


@dataclass(frozen=True, slots=True, kw_only=True)
class Override:
    """One setting that was changed while tuning."""

    module: str
    setting: str
    was: float
    became: float


@contextlib.contextmanager
def trainable(module: nn.Module) -> Iterator[tuple[Override, ...]]:
    """Training mode with ruinous settings overridden; on leaving, evaluation mode and as before.

    Yields what was overridden, for the report.
    """
    overrides = tuple(_overrides(module))
    modules = dict(module.named_modules())
    frozen = [p for p in module.parameters() if not p.requires_grad]
    for change in overrides:
        setattr(modules[change.module], change.setting, change.became)
    for parameter in frozen:
        parameter.requires_grad_(True)
    module.train()
    try:
        yield overrides
    finally:
        module.eval()
        for parameter in frozen:
            parameter.requires_grad_(False)
        for change in overrides:
            setattr(modules[change.module], change.setting, change.was)


def _overrides(module: nn.Module) -> Iterator[Override]:
    from torch import nn
    from torch.nn.modules.batchnorm import _BatchNorm

    for name, part in module.named_modules():
        if isinstance(part, nn.Dropout) and part.p > MAX_DROPOUT:
            yield Override(module=name, setting="p", was=part.p, became=0.0)
        if isinstance(part, _BatchNorm) and (part.momentum or 0.0) > MAX_BATCH_NORM_MOMENTUM:
            yield Override(
                module=name,
                setting="momentum",
                was=float(part.momentum or 0.0),
                became=BATCH_NORM_MOMENTUM,
            )
