"""Shadow models: what models are like that were trained on other pictures of the same task.

Offline LiRA needs models that never saw a picture. They are fine-tunes of the public base that
the models come from, each on a random half of all pictures in question: every picture is then
unseen by about half of them. Without the base there is no honest start: the models at hand may
have seen the pictures.
"""

from __future__ import annotations

import copy
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from auditor.models.torch_image import TorchImageClassifier, head_of
from auditor.sequela.material import Labelled, logits_of
from auditor.sequela.measure import Tick, no_tick
from auditor.sequela.signals import scaled_confidence
from auditor.sequela.tuning import Course, tuned

COURSE = Course(epochs=5)
HEAD_SPREAD = 0.01  # of fresh weights


def shadow_confidences(
    start: TorchImageClassifier, pool: Labelled, count: int, *, seed: int, tick: Tick = no_tick
) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Scaled confidence of `count` shadow models, and which picture each did not see: `(K, N)`.

    Shadows come in pairs that see the two halves of one split, so that no picture is seen by all.
    """
    rng = np.random.default_rng([seed, 31])
    rows, unseen = [], []
    for number in range(count):
        if number % 2 == 0:
            order = rng.permutation(len(pool))
        half = order[: len(pool) // 2] if number % 2 == 0 else order[len(pool) // 2 :]
        shadow = tuned(
            start, pool.rows(np.sort(half)), COURSE, seed=1000 * seed + number, tick=tick
        )
        rows.append(scaled_confidence(logits_of(shadow, pool.pixels), pool.labels))
        unseen.append(~np.isin(np.arange(len(pool)), half))
    return np.stack(rows), np.stack(unseen)


def steps(pool: int, count: int) -> int:
    """Training steps of `count` shadow models."""
    return sum(COURSE.steps(pool // 2 if n % 2 == 0 else pool - pool // 2) for n in range(count))


def shadow_start(
    like: TorchImageClassifier, base: TorchImageClassifier, *, seed: int
) -> TorchImageClassifier | None:
    """The base under a fresh head for the labels of `like`; None where it does not fit."""
    import torch

    module = copy.deepcopy(like.module)
    head = head_of(module, len(like.labels))
    own = module.state_dict()
    of_head = {id(head.weight), id(head.bias)}
    names = {name for name, tensor in module.named_parameters() if id(tensor) in of_head}
    state: dict[str, Any] = base.module.state_dict()
    needed = own.keys() - names
    if any(name not in state or state[name].shape != own[name].shape for name in needed):
        return None
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for name in needed:
            own[name].copy_(state[name])
        head.weight.copy_(HEAD_SPREAD * torch.randn(head.weight.shape, generator=generator))
        if head.bias is not None:
            head.bias.zero_()
    return replace(like, module=module)
