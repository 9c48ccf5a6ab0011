"""The short fixed fine-tune that an attacker's pictures are put into."""

from __future__ import annotations

import copy
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from auditor.models.torch_image import TorchImageClassifier
from auditor.models.tuning import trainable
from auditor.sequela.material import Labelled
from auditor.sequela.measure import Tick, no_tick

BATCH = 32
MOMENTUM = 0.9
WEIGHT_DECAY = 5e-4


@dataclass(frozen=True, slots=True, kw_only=True)
class Course:
    """How long and how hard; plain SGD over the whole model, one rate throughout."""

    epochs: int
    learning_rate: float = 0.01

    def steps(self, pictures: int) -> int:
        """Steps for so many pictures; a last batch of a single one is left out."""
        return self.epochs * (pictures // BATCH + (pictures % BATCH >= 2))


def tuned(
    model: TorchImageClassifier,
    data: Labelled,
    course: Course,
    *,
    seed: int,
    tick: Tick = no_tick,
) -> TorchImageClassifier:
    """A tuned copy; `model` is left as it was. Deterministic on the CPU: the seed decides all."""
    import torch
    from torch.nn import functional as F

    made = replace(model, module=copy.deepcopy(model.module))
    generator = torch.Generator().manual_seed(seed)
    pixels, labels = torch.from_numpy(data.pixels), torch.from_numpy(data.labels)
    optimiser = torch.optim.SGD(
        made.module.parameters(),
        lr=course.learning_rate,
        momentum=MOMENTUM,
        weight_decay=WEIGHT_DECAY,
    )
    with trainable(made.module), torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)  # dropout draws from torch's own generator
        for _ in range(course.epochs):
            order: Any = torch.randperm(len(labels), generator=generator)  # typed in parts
            for rows in order.split(BATCH):
                if len(rows) < 2:  # batch norm cannot normalise a single image
                    continue
                scores = made.forward(pixels[rows].to(made.device))
                loss: Any = F.cross_entropy(scores.float(), labels[rows].to(made.device))
                optimiser.zero_grad(set_to_none=True)
                loss.backward()
                optimiser.step()
                tick()
    return made


def poisoned(clean: Labelled, poisons: Labelled, dose: int, *, seed: int) -> Labelled:
    """The clean pictures and `dose` poisons, each used once before one is used twice."""
    order = np.random.default_rng([seed, 3]).permutation(len(poisons))
    chosen = poisons.rows(np.resize(order, dose))
    return Labelled(
        np.concatenate([clean.pixels, chosen.pixels]),
        np.concatenate([clean.labels, chosen.labels]),
    )
