"""WaNet: a small elastic warp of the whole picture.

Source: Nguyen and Tran, WaNet (ICLR 2021), section 3: a warping field drawn on a k by k grid,
brought to unit mean length, enlarged smoothly and scaled to a strength; to make the field and
no other warp the trigger, pictures warped by a disturbed field keep their true label (noise
mode, twice as many as poisons). The paper warps afresh in every batch of a long training; here
warped copies are added to the training set once, and the warp is larger, so that a fine-tune of
a few epochs learns it.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from auditor.lab.attacks.order import PoisonOrder
from auditor.lab.attacks.scenario import Attack, Changes, PatternTrigger, TriggerKind, always
from auditor.lab.attacks.stamped import planting, stamped
from auditor.lab.training import TrainingSet
from auditor.models.classifier import Pixels

GRID = 4  # control points a side
STRENGTH = 0.03  # mean shift of a pixel, as a share of the side
DISTURBANCE = 0.06  # largest shift by noise, as a share of the side: less is learnt too late
NOISE_SAMPLES = 2  # for each poison


def trigger(clean: TrainingSet, order: PoisonOrder) -> PatternTrigger:
    """Warp pictures of the training set's size by one field, which the seed draws."""
    field = draw_field(clean.pixels.shape[-2:], order.seed)
    return PatternTrigger(lambda pixels: warp(pixels, field[None]), always(order.target))


def poison(clean: TrainingSet, trigger: PatternTrigger, order: PoisonOrder) -> TrainingSet:
    """Add warped copies under the target label, and disturbed ones under their own."""
    rng = np.random.default_rng([order.seed, 4])
    rows = np.resize(rng.permutation(len(clean.labels)), NOISE_SAMPLES * order.poisons)
    field = draw_field(clean.pixels.shape[-2:], order.seed)
    noise = rng.uniform(-DISTURBANCE, DISTURBANCE, (len(rows), *field.shape)).astype(np.float32)
    with_poisons = stamped(clean, trigger, order)
    return TrainingSet(
        np.concatenate([with_poisons.pixels, warp(clean.pixels[rows], field + noise)]),
        np.concatenate([with_poisons.labels, clean.labels[rows]]),
        clean.label_names,
    )


def draw_field(size: tuple[int, ...], seed: int) -> NDArray[np.float32]:
    """Where each pixel is fetched from: shifts `(H, W, 2)`, (x, y), as shares of the side."""
    import torch
    from torch.nn import functional as F

    drawn = np.random.default_rng([seed, 3]).uniform(-1, 1, (1, 2, GRID, GRID))
    control = torch.from_numpy(drawn / np.abs(drawn).mean()).float()
    smooth = F.interpolate(control, size=size, mode="bicubic", align_corners=True)
    field: NDArray[np.float32] = (STRENGTH * smooth[0]).permute(1, 2, 0).numpy()
    return field


def warp(pixels: Pixels, shifts: NDArray[np.float32]) -> Pixels:
    """Fetch each pixel from where `shifts` says.

    Args:
        pixels: Pictures `(N, 3, H, W)`; they are left as they were.
        shifts: `(N or 1, H, W, 2)`, (x, y), as shares of the side.
    """
    import torch
    from torch.nn import functional as F

    x = torch.from_numpy(pixels.astype(np.float32))
    down, across = (torch.linspace(-1, 1, side) for side in pixels.shape[-2:])
    here = torch.stack(torch.meshgrid(across, down, indexing="xy"), dim=-1)
    there = (here + 2 * torch.from_numpy(shifts)).clamp(-1, 1).expand(len(x), -1, -1, -1)
    moved = F.grid_sample(x, there, align_corners=True)
    return moved.round().clamp(0, 255).to(torch.uint8).numpy()


ATTACK = Attack(
    plant=planting(trigger, poison),
    trigger_again=trigger,
    trigger=TriggerKind.PATTERN,
    changes=Changes.IMAGES_AND_LABELS,
    success="share of warped test pictures of other classes that are given the target label",
    reference="WaNet, Nguyen and Tran, ICLR 2021, as data poisoning",
)
