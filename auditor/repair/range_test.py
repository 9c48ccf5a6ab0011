"""How high the first peak may be: a learning-rate range test (Smith, WACV 2017).

The model is trained for a few steps with a rate that rises geometrically, and put back as it was.
Below some rate the loss stays where it is, or falls: such a rate makes a model forget nothing.
Far above it nothing comes back. Between the two the loss climbs through that of guessing, the
logarithm of the number of classes; the last rate below that is the peak. Only what comes after the
lowest loss counts: a head on a frozen encoder starts high, since its batch norms have never seen
a batch.
"""

from __future__ import annotations

import math

import numpy as np

from auditor.models.tuning import trainable
from auditor.repair.loop import Recipe, seeded, steps_of
from auditor.repair.record import RangeTest
from auditor.repair.shelf import bring_back, put_away
from auditor.repair.task import RepairTask

LOWEST, HIGHEST, STEPS = 0.01, 2.5, 40  # the highest peak that was published is 2.5
KEPT = 0.7  # of the smoothed loss at each step: a batch of 32 is noisy
ENOUGH = 2.0  # times the loss of guessing, or the first one if that is higher: the test ends


def range_test(task: RepairTask) -> RangeTest:
    """Find the first peak for this model and these data; the model is left as it was."""
    rates = [float(rate) for rate in np.geomspace(LOWEST, HIGHEST, STEPS)]
    start = task.shelf / "start.safetensors"
    put_away(task.model.module, start)
    recipe = Recipe(rate=rates.__getitem__, every=STEPS, steps=STEPS, longest=STEPS, momentum=0.0)
    guessing = math.log(len(task.model.labels))
    smooth: list[float] = []
    with trainable(task.model.module), seeded(task.seed):
        for loss in steps_of(task, recipe):
            smooth.append(loss if not smooth else KEPT * smooth[-1] + (1 - KEPT) * loss)
            task.progress("learning-rate range test", len(smooth), STEPS)
            if not smooth[-1] < ENOUGH * max(guessing, smooth[0]):  # also where it is no number
                break
    bring_back(task.model.module, start)
    start.unlink()
    return chosen_from(rates[: len(smooth)], smooth, guessing)


def chosen_from(rates: list[float], losses: list[float], guessing: float) -> RangeTest:
    """The rate before the one at which the smoothed loss, past its lowest, is that of guessing.

    Where it is never below that of guessing, it is the rate of the lowest loss.

    Args:
        rates: Learning rates, rising.
        losses: The smoothed loss after a step with each.
        guessing: The loss of guessing.
    """
    known = [(rate, loss) for rate, loss in zip(rates, losses, strict=True) if math.isfinite(loss)]
    lowest = min(range(len(known)), key=lambda i: known[i][1], default=0)
    over = [i for i, loss in enumerate(losses) if i > lowest and not loss < guessing]
    if not known or not known[lowest][1] < guessing:
        chosen, why = rates[lowest], "the loss is lowest there, though never below that of guessing"
    elif over:
        chosen, why = rates[over[0] - 1], "the loss climbs to that of guessing right above it"
    else:
        chosen, why = rates[-1], "the loss stays below that of guessing at every higher rate tried"
    return RangeTest(
        rates=tuple(rate for rate, _ in known),
        losses=tuple(loss for _, loss in known),
        chosen=chosen,
        why=f"{why} ({guessing:.2f})",
    )
