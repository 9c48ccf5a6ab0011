"""What `config.json` claims a model to be, held against its tensors before memory is spent on it.

The architecture is built on torch's meta device, where tensors have a shape and no content. Its
parts are counted while it is built: a number in a config may ask for a billion of them.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from auditor.checkpoints.wording import shown
from auditor.errors import UnsupportedModel

BELONG_TOGETHER = "Check that config.json and the weights belong together."
MOST_PARTS = 50_000  # modules; the largest classifiers have some thousands
MOST_REPEATED = 1_000  # layers, blocks and the like, where there are fewer tensors than that
SPARE = 4  # parameters for each tensor: some architectures split what is stored as one
_REPEATED = ("layer", "depth", "block", "stage")


@dataclass(frozen=True, slots=True, kw_only=True)
class Stored:
    """A tensor of the weights: its shape, and whether it holds real numbers."""

    shape: tuple[int, ...]
    real: bool

    @property
    def numbers(self) -> int:
        """How many numbers it has."""
        count = 1
        for side in self.shape:
            count *= side
        return count


def require_plausible(settings: Mapping[str, Any], tensors: int) -> None:
    """Refuse a config that repeats a part more often than there are tensors to fill it.

    Args:
        settings: The part of `config.json` that describes the model.
        tensors: How many tensors the weights hold.

    Raises:
        UnsupportedModel: It does.
    """
    most = max(MOST_REPEATED, tensors)
    for key, value in settings.items():
        if not any(word in key for word in _REPEATED):
            continue
        numbers = value if isinstance(value, list) else [value]
        if sum(number for number in numbers if type(number) is int) > most:
            raise UnsupportedModel(
                f"config.json claims {shown(key, 60)} = {shown(value, 60)}, the weights hold "
                f"{tensors:,} tensors",
                hint=BELONG_TOGETHER,
            )


def require_fit(stored: Mapping[str, Stored], architecture: Any, config: Any) -> None:
    """Build the architecture without memory, and compare it with what the weights hold.

    Args:
        stored: The tensors of the weights, by name.
        architecture: The model class.
        config: Its configuration.

    Raises:
        UnsupportedModel: It has more parameters than the weights, a tensor of another shape, or
            whole numbers where the weights ought to be real ones.
        Exception: Whatever the architecture raises on a configuration that makes no sense.
    """
    import torch

    with torch.device("meta"), _counted(SPARE * len(stored) + MOST_REPEATED):
        claimed = dict(architecture(config).named_parameters())
    needed = sum(parameter.numel() for parameter in claimed.values())
    there = sum(tensor.numbers for tensor in stored.values())
    if needed > there:
        raise UnsupportedModel(
            f"the architecture of config.json has {needed:,} parameters, "
            f"the weights hold {there:,}",
            hint=BELONG_TOGETHER,
        )
    for name in sorted(claimed.keys() & stored.keys()):
        want, have = tuple(claimed[name].shape), stored[name]
        if want != have.shape:
            raise UnsupportedModel(
                f"tensor {shown(name, 80)} has shape {have.shape}, by config.json it has {want}",
                hint=BELONG_TOGETHER,
            )
        if claimed[name].is_floating_point() and not have.real:
            raise UnsupportedModel(
                f"tensor {shown(name, 80)} holds no real numbers", hint=BELONG_TOGETHER
            )


@contextlib.contextmanager
def _counted(most_parameters: int) -> Iterator[None]:
    """Stop the building of a model that has too many parts."""
    from torch.nn.modules import module as registry

    counts = {"modules": 0, "parameters": 0}

    def count(what: str, most: int) -> Any:
        def one_more(*_: Any) -> None:
            counts[what] += 1
            if counts[what] > most:
                raise UnsupportedModel(
                    f"the architecture of config.json has more than {most:,} {what}, far more than "
                    "its weights",
                    hint=BELONG_TOGETHER,
                )

        return one_more

    hooks = (
        registry.register_module_module_registration_hook(count("modules", MOST_PARTS)),
        registry.register_module_parameter_registration_hook(count("parameters", most_parameters)),
    )
    try:
        yield
    finally:
        for hook in hooks:
            hook.remove()
