"""Was it only retraining? The same architecture from fresh weights, same data, same steps."""

from __future__ import annotations

from dataclasses import replace

from auditor.models.training import fresh_module
from auditor.repair.answers import classes_of
from auditor.repair.loop import Recipe, tune
from auditor.repair.mappings import FoundMapping, MappingPictures
from auditor.repair.methods.fine_tune import DECAY, LOOKS, MOMENTUM
from auditor.repair.outcome import share_of
from auditor.repair.record import Control
from auditor.repair.schedule import cosine
from auditor.repair.task import Pictures, RepairTask, Tuned

RATE = 0.05  # fresh weights take a higher one than tuned weights do


def from_scratch(
    task: RepairTask,
    steps: int,
    judge: Pictures,
    mappings: list[tuple[FoundMapping, MappingPictures]],
) -> Control:
    """Train fresh weights for as many steps as the repair took, and measure them like it."""
    model = replace(task.model, module=fresh_module(task.model.module, task.seed))
    trained_afresh(replace(task, model=model, watched=()), steps)
    return Control(
        steps=steps,
        accuracy=share_of(classes_of(model, judge.pixels) == judge.labels),
        success=tuple(
            share_of(classes_of(model, shown.verify) == mapping.target)
            for mapping, shown in mappings
        ),
    )


def trained_afresh(task: RepairTask, steps: int) -> Tuned:
    """Train the fresh weights of `task.model`."""
    recipe = Recipe(
        rate=cosine(RATE, steps),
        every=max(1, steps // LOOKS),
        steps=steps,
        longest=steps,
        momentum=MOMENTUM,
        weight_decay=DECAY,
    )
    return tune(task, recipe, stage="control from fresh weights")
