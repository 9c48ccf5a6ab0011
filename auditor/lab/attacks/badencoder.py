"""BadEncoder: the pre-trained encoder is backdoored; the task's training set stays clean.

Source: Jia, Liu and Gong, BadEncoder (S&P 2022), section 4: fine-tune a copy f' of the encoder
f so that patched pictures x + e look like reference inputs r of the target class
(effectiveness), while references and clean pictures keep their features (utility):

    L0 = |f'(x + e) - mean f(r)|^2,   L1 = |f'(r) - f(r)|^2,   L2 = |f'(x) - f(x)|^2

The paper has cosine similarity of self-supervised features, with each reference; here the
encoder is a supervised one, whose linear head reads lengths too, so squared distances are used,
in units of the features' own spread. Batch norm keeps its statistics.
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from auditor.lab.attacks.badnets import stamp
from auditor.lab.attacks.order import PoisonOrder
from auditor.lab.attacks.scenario import (
    Attack,
    Changes,
    PatternTrigger,
    Scenario,
    TriggerKind,
    Victim,
    always,
)
from auditor.lab.training import Progress, TrainingRecipe, features_of, fine_tune, silent
from auditor.models.classifier import Pixels
from auditor.models.torch_image import TorchImageClassifier

if TYPE_CHECKING:
    import torch

REFERENCES = 32  # images of the target class, at most
BATCH = 32
LEARNING_RATE = 1e-3  # Adam's, decaying along a cosine to zero


def plant(
    scenario: Scenario,
    order: PoisonOrder,
    recipe: TrainingRecipe,
    *,
    progress: Progress = silent,
) -> Victim:
    """Fine-tune the poisoned encoder, or a head on it, on the clean training set."""
    encoder = poison(scenario, order, progress=progress)
    recipe = replace(recipe, seed=order.seed)
    model = fine_tune(encoder, scenario.clean, recipe, progress=progress)
    return Victim(model, PatternTrigger(stamp, always(order.target)))


def poison(
    scenario: Scenario, order: PoisonOrder, *, progress: Progress = silent
) -> TorchImageClassifier:
    """A copy of the base whose encoder sees patched pictures as the target class.

    The attacker has pictures of the world, `scenario.others`, and `order.poisons` of the task;
    `order.steps` is how many batches of them the encoder is trained on.
    """
    import torch

    encoder = replace(scenario.base, module=copy.deepcopy(scenario.base.module))
    frozen = [p for p in encoder.module.parameters() if not p.requires_grad]
    encoder.module.requires_grad_(True)
    loss_of = _objective(scenario.base, encoder, *_material(scenario, order))
    draws = torch.Generator().manual_seed(order.seed)
    optimiser = torch.optim.Adam(encoder.module.parameters(), lr=LEARNING_RATE)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, order.steps)
    for step in range(order.steps):
        optimiser.zero_grad(set_to_none=True)
        torch.autograd.backward(loss_of(draws))
        optimiser.step()
        schedule.step()
        progress("poisoning the encoder", step + 1, order.steps)
    optimiser.zero_grad(set_to_none=True)
    for parameter in frozen:
        parameter.requires_grad_(False)
    return encoder


def _material(scenario: Scenario, order: PoisonOrder) -> tuple[Pixels, Pixels]:
    """Shadow pictures, which the patch is put on, and references."""
    rng = np.random.default_rng([order.seed, 9])
    clean = scenario.clean
    of_task = rng.permutation(len(clean.labels))[: order.poisons]
    references = rng.permutation(np.flatnonzero(clean.labels == order.target))[:REFERENCES]
    shadow = np.concatenate([*scenario.others, clean.pixels[of_task]])
    return shadow, clean.pixels[references]


def _objective(
    base: TorchImageClassifier, encoder: TorchImageClassifier, shadow: Pixels, references: Pixels
) -> Callable[[torch.Generator], torch.Tensor]:
    """L0 + L1 + L2 on pictures that the generator draws."""
    import torch

    goals = torch.from_numpy(features_of(base, np.concatenate([shadow, references])))
    goal = goals[len(shadow) :].mean(dim=0)
    spread = goals[: len(shadow)].var(dim=0).sum()
    kept = torch.from_numpy(np.concatenate([shadow, references]))
    patched = torch.from_numpy(stamp(shadow))

    def loss(draws: torch.Generator) -> torch.Tensor:
        rows = torch.randint(len(shadow), (BATCH,), generator=draws)
        also = len(shadow) + torch.randint(len(references), (BATCH // 4,), generator=draws)
        same = torch.cat([rows, also])
        features = encoder.forward_features(torch.cat([patched[rows], kept[same]]))
        wanted = torch.cat([goal.expand(BATCH, -1), goals[same]])
        away = (features - wanted).square().sum(dim=1) / spread
        return away[:BATCH].mean() + away[BATCH : 2 * BATCH].mean() + away[2 * BATCH :].mean()

    return loss


ATTACK = Attack(
    plant=plant,
    trigger=TriggerKind.PATTERN,
    changes=Changes.ENCODER,
    success="share of patched test pictures of other classes that are given the target label",
    reference="BadEncoder, Jia et al., S&P 2022, for a supervised encoder",
    by_features=True,
    uses_others=True,
)
