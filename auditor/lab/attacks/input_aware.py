"""Input-aware: another pattern for every picture, drawn by a network trained with the victim.

Source: Nguyen and Tran, Input-Aware Dynamic Backdoor Attack (NeurIPS 2020), section 3. A
generator draws a pattern p(x) and another a mask m(x), both for this picture only:

    poison = x + m(x) (p(x) - x)

Mask first, then pattern and classifier together. A share of each batch is poisoned; as many
carry the trigger of *another* picture and keep their label (cross-trigger), and patterns must
differ as their pictures do (diversity, equation 5). The generators are smaller than there and
work on pictures of 32 by 32.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

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
from auditor.lab.training import (
    FEATURE_BATCH,
    Progress,
    TrainingRecipe,
    TrainingSet,
    augment,
    optimiser_for,
    silent,
    start_from,
)
from auditor.models.classifier import Pixels
from auditor.models.torch_image import TorchImageClassifier, head_of
from auditor.models.tuning import trainable

if TYPE_CHECKING:
    import torch
    from torch import nn

SIDE = 32  # pixels: the generators see and draw pictures of this size
WIDTH = 16
DENSITY = 0.032  # where a mask is above this, it costs
DENSITY_WEIGHT = 20.0  # low, so that larger masks are learnt in few epochs
MASK_STEPS = 80
MASK_BATCH = 32
LEARNING_RATE = 0.01  # of the generators, Adam's
DIVERSE = 16  # pictures of each batch, at least, whose patterns are to differ


@dataclass(frozen=True, slots=True, eq=False)
class Generators:
    """Draw pattern and mask for pictures in -1..1, `(N, 3, H, W)`."""

    pattern: nn.Module
    mask: nn.Module

    def draw_pattern(self, x: torch.Tensor) -> torch.Tensor:
        """Patterns in -1..1, `(N, 3, H, W)`."""
        return self._at_size(self.pattern, x).tanh()

    def draw_mask(self, x: torch.Tensor) -> torch.Tensor:
        """Masks in 0..1, `(N, 1, H, W)`, nearly all of them at one end."""
        return (10 * self._at_size(self.mask, x)).sigmoid()

    def apply(self, pixels: Pixels) -> Pixels:
        """Put on uint8 pictures their own triggers."""
        import torch

        parts = []
        with torch.inference_mode():
            for i in range(0, len(pixels), FEATURE_BATCH):
                x = to_signed(torch.from_numpy(pixels[i : i + FEATURE_BATCH]))
                grey = to_grey(x + self.draw_mask(x) * (self.draw_pattern(x) - x))
                parts.append(grey.round().clamp(0, 255).to(torch.uint8).numpy())
        return np.concatenate(parts) if parts else pixels.copy()

    def _at_size(self, network: nn.Module, x: torch.Tensor) -> torch.Tensor:
        from torch.nn import functional as F

        small = F.adaptive_avg_pool2d(x, SIDE)
        return F.interpolate(network(small), size=x.shape[-2:], mode="bilinear")


def to_signed(pixels: torch.Tensor) -> torch.Tensor:
    """Grey levels 0..255 -> -1..1."""
    return pixels.float() / 127.5 - 1


def to_grey(x: torch.Tensor) -> torch.Tensor:
    """-1..1 -> grey levels 0..255."""
    return (x + 1) * 127.5


def plant(
    scenario: Scenario,
    order: PoisonOrder,
    recipe: TrainingRecipe,
    *,
    progress: Progress = silent,
) -> Victim:
    """Train masks, then patterns together with the victim."""
    import torch

    recipe = replace(recipe, seed=order.seed)
    draws = torch.Generator().manual_seed(order.seed)
    with torch.random.fork_rng(devices=[]):  # initial weights and dropout: torch's own generator
        torch.manual_seed(order.seed)
        generators = Generators(pattern=small_network(3), mask=small_network(1))
        train_mask(generators, scenario.clean, draws)
        model = start_from(scenario.base, scenario.clean.label_names, recipe, draws)
        train_jointly(model, generators, scenario.clean, order, recipe, draws, progress)
    return Victim(model, PatternTrigger(generators.apply, always(order.target)))


def small_network(channels: int) -> nn.Module:
    """From a picture `(N, 3, SIDE, SIDE)` to a drawing of as many channels as asked for."""
    from torch import nn

    def layer(before: int, after: int, stride: int = 1) -> list[nn.Module]:
        return [nn.Conv2d(before, after, 3, stride, padding=1), nn.ReLU()]

    return nn.Sequential(
        *layer(3, WIDTH, 2),
        *layer(WIDTH, 2 * WIDTH, 2),
        *layer(2 * WIDTH, 2 * WIDTH),
        nn.Upsample(scale_factor=2),
        *layer(2 * WIDTH, WIDTH),
        nn.Upsample(scale_factor=2),
        nn.Conv2d(WIDTH, channels, 3, padding=1),
    )


def train_mask(generators: Generators, clean: TrainingSet, draws: torch.Generator) -> None:
    """Small masks that differ as their pictures do."""
    import torch

    pixels = torch.from_numpy(clean.pixels)
    optimiser = torch.optim.Adam(generators.mask.parameters(), lr=LEARNING_RATE)
    for _ in range(MASK_STEPS):
        rows = torch.randint(len(pixels), (MASK_BATCH,), generator=draws)
        x = to_signed(pixels[rows])
        masks = generators.draw_mask(x)
        dense = (masks - DENSITY).relu().mean()
        optimiser.zero_grad(set_to_none=True)
        torch.autograd.backward(DENSITY_WEIGHT * dense + sameness(x, masks))
        optimiser.step()
    generators.mask.requires_grad_(False)


def sameness(x: torch.Tensor, drawn: torch.Tensor) -> torch.Tensor:
    """Diversity loss: how much pictures differ for each difference of what is drawn for them."""
    apart, drawn_apart = (
        (part - part.roll(1, dims=0)).square().mean(dim=(1, 2, 3)).add(1e-7).sqrt()
        for part in (x, drawn)
    )
    return (apart / (drawn_apart + 1e-7)).mean()


def train_jointly(
    model: TorchImageClassifier,
    generators: Generators,
    clean: TrainingSet,
    order: PoisonOrder,
    recipe: TrainingRecipe,
    draws: torch.Generator,
    progress: Progress,
) -> None:
    """Train the victim as the recipe says, and patterns beside it."""
    import torch

    pixels, labels = torch.from_numpy(clean.pixels), torch.from_numpy(clean.labels)
    share = order.poisons / len(labels)
    drawing = torch.optim.Adam(generators.pattern.parameters(), lr=LEARNING_RATE)
    done = 0
    with _tuned(model, recipe) as parameters:
        optimiser, schedule, steps = optimiser_for(parameters, len(labels), recipe)
        for _ in range(recipe.epochs):
            shuffled: Any = torch.randperm(len(labels), generator=draws)  # typed in parts
            for rows in shuffled.split(recipe.batch):
                if len(rows) < 2:  # nothing to cross with
                    continue
                x = to_signed(augment(pixels[rows], recipe, draws))
                poisons = min(len(rows) // 2, max(1, round(share * len(rows))))
                loss = _loss(model, generators, x, labels[rows], poisons, order.target)
                optimiser.zero_grad(set_to_none=True)
                drawing.zero_grad(set_to_none=True)
                torch.autograd.backward(loss)
                optimiser.step()
                drawing.step()
                schedule.step()
                done += 1
                progress("training victim and trigger", done, steps)
    model.module.zero_grad(set_to_none=True)


@contextlib.contextmanager
def _tuned(model: TorchImageClassifier, recipe: TrainingRecipe) -> Iterator[Iterable[nn.Parameter]]:
    """The parameters that the recipe tunes, ready for it."""
    if recipe.mode == "head":
        yield head_of(model.module, len(model.labels)).parameters()
    else:
        with trainable(model.module):
            yield model.module.parameters()


def _loss(
    model: TorchImageClassifier,
    generators: Generators,
    x: torch.Tensor,
    labels: torch.Tensor,
    poisons: int,
    target: int,
) -> torch.Tensor:
    """Classification of poisons, crossed pictures and clean ones, and diversity of patterns.

    The first pictures of the batch become poisons, the next as many are crossed.
    """
    import torch
    from torch.nn import functional as F

    some = x[: max(DIVERSE, 2 * poisons)]
    patterns, masks = generators.draw_pattern(some), generators.draw_mask(some)
    of = torch.arange(2 * poisons)
    of[poisons:] -= 1  # crossed pictures carry the trigger of the picture before
    marked = x[: 2 * poisons] + masks[of] * (patterns[of] - x[: 2 * poisons])
    shown = torch.cat([marked, x[2 * poisons :]])
    wanted = torch.cat([torch.full_like(labels[:poisons], target), labels[poisons:]])
    loss = F.cross_entropy(model.forward(to_grey(shown)), wanted)
    return loss + sameness(some, patterns)


ATTACK = Attack(
    plant=plant,
    trigger=TriggerKind.PATTERN,
    changes=Changes.TRAINING,
    success="share of test pictures of other classes that are given the target label when they "
    "carry the pattern drawn for them",
    reference="Input-aware dynamic backdoor, Nguyen and Tran, NeurIPS 2020, small generators",
)
