from __future__ import annotations

import copy
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from torch import nn

from auditor.checkpoints.resolve import resolve
from auditor.models.torch_image import load_torch
from auditor.models.tuning import Override, trainable

MOMENTUM = 0.9997  # the other framework's convention, as real MobileNets have it


class Small(nn.Module):
    def __init__(self, *, dropout: float = 0.999, momentum: float | None = MOMENTUM) -> None:
        super().__init__()
        self.convolution = nn.Conv2d(3, 4, 3)
        self.norm = nn.BatchNorm2d(4, momentum=momentum)
        self.dropout = nn.Dropout(dropout)
        self.head = nn.Linear(4, 2)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.head(self.dropout(self.norm(self.convolution(x)).mean((2, 3))))


def settings(module: Small) -> tuple[object, ...]:
    frozen = [name for name, p in module.named_parameters() if not p.requires_grad]
    return module.dropout.p, module.norm.momentum, module.training, frozen


@pytest.fixture
def small() -> Small:
    module = Small().eval()
    module.convolution.weight.requires_grad_(False)
    module.head.bias.requires_grad_(False)
    return module


def test_overridden_inside_and_restored_after(small: Small):
    before = settings(small)
    assert before == (0.999, MOMENTUM, False, ["convolution.weight", "head.bias"])
    with trainable(small) as overrides:
        assert settings(small) == (0.0, 0.1, True, [])
        assert overrides == (
            Override(module="norm", setting="momentum", was=MOMENTUM, became=0.1),
            Override(module="dropout", setting="p", was=0.999, became=0.0),
        )
    assert settings(small) == before


@pytest.mark.parametrize("error", [RuntimeError, KeyboardInterrupt])
def test_restored_when_the_body_raises(small: Small, error: type[BaseException]):
    before = settings(small)
    with pytest.raises(error), trainable(small):
        raise error
    assert settings(small) == before


def test_ordinary_settings_are_left_alone():
    module = Small(dropout=0.5, momentum=0.1).eval()
    with trainable(module) as overrides:
        assert overrides == ()
        assert (module.dropout.p, module.norm.momentum) == (0.5, 0.1)


def test_cumulative_average_is_left_alone():
    module = Small(dropout=0.1, momentum=None).eval()
    with trainable(module) as overrides:
        assert overrides == ()
        assert module.norm.momentum is None


def test_training_moves_frozen_parameters_too(small: Small):
    before = copy.deepcopy(small.state_dict())
    with trainable(small):
        optimiser = torch.optim.SGD(small.parameters(), lr=0.1)
        nn.functional.cross_entropy(small(torch.randn(8, 3, 6, 6)), torch.arange(8) % 2).backward()
        optimiser.step()
    for name in ("convolution.weight", "head.bias", "norm.running_mean"):
        assert not torch.equal(small.state_dict()[name], before[name]), name


def test_real_architecture(made: Callable[[str], Path]):
    module = load_torch(resolve(str(made("mobilenet_v1"))), device="cpu").module
    norms = [part for part in module.modules() if isinstance(part, nn.BatchNorm2d)]
    dropout = next(part for part in module.modules() if isinstance(part, nn.Dropout))
    assert dropout.p == 0.999
    assert {norm.momentum for norm in norms} == {MOMENTUM}
    with trainable(module) as overrides:
        assert dropout.p == 0.0
        assert {norm.momentum for norm in norms} == {0.1}
        assert len(overrides) == len(norms) + 1
    assert dropout.p == 0.999
    assert {norm.momentum for norm in norms} == {MOMENTUM}
    assert not any(part.training for part in module.modules())
