"""Plain fine-tuning on clean data: the method that all others are measured against.

Learning rate, momentum and weight decay are those of BackdoorBench (Wu et al., NeurIPS 2022),
whose 100 epochs are cut to the steps that all methods get here. A low learning rate exerts no
force on what clean images never show, so it often leaves the backdoor where it was.
"""

from __future__ import annotations

from auditor.repair.loop import Recipe, tune
from auditor.repair.schedule import cosine
from auditor.repair.task import RepairTask, Tuned

RATE, MOMENTUM, DECAY = 0.01, 0.9, 5e-4
LOOKS = 10  # at the model, over the run


def fine_tune(task: RepairTask) -> Tuned:
    """Tune the whole model with a learning rate that falls along a cosine."""
    recipe = Recipe(
        rate=cosine(RATE, task.steps),
        every=max(1, task.steps // LOOKS),
        steps=task.steps,
        longest=task.steps,
        momentum=MOMENTUM,
        weight_decay=DECAY,
    )
    return tune(task, recipe, stage="fine-tuning")
