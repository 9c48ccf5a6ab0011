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

    Yields what was overridden, for the report. Frozen parameters are trained too.
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


def frozen_parameters(module: nn.Module) -> tuple[str, ...]:
    """Names of the parameters that the checkpoint does not want trained."""
    return tuple(name for name, p in module.named_parameters() if not p.requires_grad)


def _overrides(module: nn.Module) -> Iterator[Override]:
    from torch.nn.modules.batchnorm import _BatchNorm
    from torch.nn.modules.dropout import _DropoutNd

    for name, part in module.named_modules():
        if isinstance(part, _DropoutNd) and part.p > MAX_DROPOUT:
            yield Override(module=name, setting="p", was=part.p, became=0.0)
        # Without momentum the running statistics stay behind the weights; None averages them all.
        if isinstance(part, _BatchNorm) and part.momentum is not None:
            momentum = float(part.momentum)
            if not 0.0 < momentum <= MAX_BATCH_NORM_MOMENTUM:
                yield Override(
                    module=name, setting="momentum", was=momentum, became=BATCH_NORM_MOMENTUM
                )
