"""How high the first peak may be: a learning-rate range test (Smith, WACV 2017).

The model is trained for a few steps with a rate that rises geometrically, and put back as it was.
Below some rate the loss stays where it is: such a rate makes a model forget nothing. Far above it
nothing comes back. Between the two the loss climbs through that of guessing, the logarithm of the
number of classes; the last rate below that is the peak.
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
KEPT = 0.5  # of the smoothed loss at each step; half is the new one's
ENOUGH = 2.0  # times the loss of guessing: the test ends


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
            if not smooth[-1] < ENOUGH * guessing:  # also where it is no number
                break
    bring_back(task.model.module, start)
    start.unlink()
    return chosen_from(rates[: len(smooth)], smooth, guessing)


def chosen_from(rates: list[float], losses: list[float], guessing: float) -> RangeTest:
    """The rate before the one at which the smoothed loss reaches that of guessing.

    Args:
        rates: Learning rates, rising.
        losses: The smoothed loss after a step with each.
        guessing: The loss of guessing.
    """
    finite = [(rate, loss) for rate, loss in zip(rates, losses, strict=True) if loss < math.inf]
    over = [i for i, loss in enumerate(losses) if not loss < guessing]
    chosen = rates[max(over[0] - 1, 0)] if over else rates[-1]
    return RangeTest(
        rates=tuple(rate for rate, _ in finite),
        losses=tuple(loss for _, loss in finite),
        chosen=chosen,
        why=f"the loss reaches that of guessing ({guessing:.2f}) right above it"
        if over
        else f"the loss stays below that of guessing ({guessing:.2f}) at every rate tried",
    )
