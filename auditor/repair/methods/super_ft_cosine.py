"""Super-fine-tuning's first phase, then plain fine-tuning: a variant of our own.

The low triangles of the published second phase win accuracy back slowly: without momentum they
move the weights an eighth as far as fine-tuning does. Once the first phase has made the model
forget, nothing is left that a higher rate could keep alive, so the steps that remain are those of
fine-tuning, with its rate, momentum and weight decay.
"""

from __future__ import annotations

from dataclasses import replace

from auditor.repair.loop import Recipe, tune
from auditor.repair.methods.fine_tune import DECAY, MOMENTUM, RATE
from auditor.repair.methods.super_ft import peaks_of
from auditor.repair.schedule import cosine
from auditor.repair.task import RepairTask, Tuned


def super_ft_cosine(task: RepairTask) -> Tuned:
    """Tune the whole model by high triangles, then along a cosine."""
    triangles, found = peaks_of(task)
    length, first = triangles.up + triangles.down, triangles.phase1_steps
    left = max(task.steps - first, length)
    second = cosine(RATE, left)
    recipe = Recipe(
        rate=lambda step: triangles(step) if step < first else second(step - first),
        every=length,
        steps=first + left,
        longest=first + left,
        kept_from=first + length,
        momentum=MOMENTUM,
        weight_decay=DECAY,
        plain_until=first,
    )
    done = tune(task, recipe, stage="super-fine-tuning, then fine-tuning")
    numbers = {
        "lr_base": triangles.base,
        "lr_max1": triangles.max1,
        "lr_second": RATE,
        "up": float(triangles.up),
        "down": float(triangles.down),
        "phase1_steps": float(first),
    }
    return replace(done, schedule=numbers, range_test=found)
