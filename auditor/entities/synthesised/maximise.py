"""Pictures of labels out of a base: what it would rather see the more, changed so as to look it.

What only this base at this very position would name is an adversarial pattern and no entity. So
every step shows another crop, shift and mirror image, of a picture with half the base's detail:
what survives that is named right by other networks too (`lab bench --what synthesis` measures it).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from auditor.entities.synthesised.canvas import blank, paint
from auditor.entities.synthesised.recipe import Recipe
from auditor.models.classifier import Pixels
from auditor.models.torch_image import TorchImageClassifier

if TYPE_CHECKING:
    import torch

LAST_RATE = 0.05  # of the first


def maximise(
    base: TorchImageClassifier,
    labels: Sequence[int],
    recipe: Recipe,
    *,
    side: int,
    seeds: Sequence[Sequence[int]],
    away: NDArray[np.float32] | None = None,
) -> Pixels:
    """One instance of each of some labels.

    Args:
        base: What names them.
        labels: Positions in its head; they may repeat.
        recipe: How to search.
        side: At which the base is shown pictures.
        seeds: For each instance what decides where its search starts; the first decides the
            views too, which all share.
        away: Mean features of earlier instances, `(N, D)`, for the new ones to differ from.

    Returns:
        `(N, 3, S, S)`, S the size of the recipe.
    """
    import torch

    starts = [blank(1, recipe.size, recipe.start, _generator(seed)) for seed in seeds]
    spectrum = torch.cat(starts).to(base.device).requires_grad_()
    target = torch.as_tensor(list(labels), device=base.device)
    known = None if away is None else torch.from_numpy(away).to(base.device)
    generator = _generator([*seeds[0], 1])
    optimiser = torch.optim.Adam([spectrum], lr=recipe.rate)
    falling = torch.optim.lr_scheduler.CosineAnnealingLR(
        optimiser, recipe.steps, eta_min=LAST_RATE * recipe.rate
    )
    for _ in range(recipe.steps):
        picture = paint(spectrum, recipe.falloff)
        view = _glance(picture, side, recipe, generator)
        loss = _objection(base, view, target, known, recipe)
        (spectrum.grad,) = torch.autograd.grad(loss, [spectrum])  # of the base's weights none
        optimiser.step()
        falling.step()
    with torch.no_grad():
        done: Pixels = paint(spectrum, recipe.falloff).round().to(torch.uint8).cpu().numpy()
    return done


def _objection(
    base: TorchImageClassifier,
    pixels: torch.Tensor,
    target: torch.Tensor,
    known: torch.Tensor | None,
    recipe: Recipe,
) -> torch.Tensor:
    """How little the base sees its labels there, and how much it sees what it has seen before."""
    from torch.nn import functional as F

    if known is None:
        return F.cross_entropy(base.forward(pixels), target, reduction="sum")
    scores, features = base.forward_both(pixels)
    likeness = F.cosine_similarity(features, known, dim=1).sum()
    return F.cross_entropy(scores, target, reduction="sum") + recipe.apart * likeness


def _glance(
    picture: torch.Tensor, side: int, recipe: Recipe, generator: torch.Generator
) -> torch.Tensor:
    """Another look at the pictures: a crop, mirrored or not, shifted, at the base's size."""
    import torch
    from torch.nn import functional as F

    mirrored, closer = torch.rand(2, generator=generator).tolist()
    size = picture.shape[-1]
    part = round(size * (recipe.smallest + (1 - recipe.smallest) * closer))
    top, left = torch.randint(0, size - part + 1, (2,), generator=generator).tolist()
    reach = round(recipe.shift * side)
    down, right = torch.randint(0, 2 * reach + 1, (2,), generator=generator).tolist()
    view = picture[..., top : top + part, left : left + part]
    view = F.interpolate(view.flip(-1) if mirrored < 0.5 else view, (side, side), mode="bilinear")
    framed = F.pad(view, (reach,) * 4, mode="reflect") if reach else view
    return framed[..., down : down + side, right : right + side]


def _generator(seed: Sequence[int]) -> torch.Generator:
    import torch

    drawn = np.random.SeedSequence(list(seed)).generate_state(2, np.uint32)
    return torch.Generator().manual_seed(int(drawn[0]) << 32 | int(drawn[1]))
