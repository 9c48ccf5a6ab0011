"""What a search for instances costs, in operations: known before, and the same on every machine."""

from __future__ import annotations

from auditor.entities.synthesised.recipe import Budget, Recipe
from auditor.models.torch_image import TorchImageClassifier

BACKWARD = 2  # passes back cost about twice one forward


def operations(base: TorchImageClassifier, side: int, recipe: Recipe, budget: Budget) -> float:
    """Multiplications and additions to make the pictures of a budget.

    Args:
        base: The public checkpoint.
        side: At which it is shown pictures, in pixels.
        recipe: How they are searched for.
        budget: How many.
    """
    import torch
    from torch.utils.flop_counter import FlopCounterMode

    with FlopCounterMode(display=False) as counter, torch.no_grad():
        base.forward(torch.zeros((1, 3, side, side), device=base.device))
    return float(counter.get_total_flops()) * (1 + BACKWARD) * recipe.steps * budget.pictures
