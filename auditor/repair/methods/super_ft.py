"""Super-fine-tuning (Sha et al., arXiv 2212.09067): a cyclic learning rate in two phases.

Peaks so high that the model forgets what clean data do not keep alive, then low ones that win its
accuracy back. The whole model, plain SGD, no momentum, no weight decay. The schedule is
`auditor.repair.schedule.Triangles`; the numbers go by several sets, base / first / second peak:

    A   0.03 / 2.5 / 0.05 (CIFAR-10), 0.003 / 0.25 / 0.005 (GTSRB), as re-implemented in
        backdoor-toolbox; batch 128, 10 steps up and 10 down, phases of 40 % and 60 %
    B   0.0003 / 0.1 / 0.001 with momentum 0.9, as told at second hand

Peak over (1 - momentum) is what the two agree on. Where no peak is given, a learning-rate range
test finds the first one; the foot and the second peak are then fixed shares of it. Steps are
fixed, not epochs: an epoch of forty images a class is a few steps. Phase 2 goes on, triangle by
triangle, until accuracy on held-out data is back or the budget ends.
"""

from __future__ import annotations

from dataclasses import replace

from auditor.repair.loop import Recipe, tune
from auditor.repair.range_test import range_test
from auditor.repair.record import RangeTest
from auditor.repair.schedule import Triangles, whole_triangles
from auditor.repair.task import RepairTask, Tuned

FOOT, SECOND = 0.03, 0.05  # of the first peak, where they are not given


def super_ft(task: RepairTask) -> Tuned:
    """Tune the whole model by triangles, high ones first."""
    triangles, found = peaks_of(task)
    length = triangles.up + triangles.down
    recipe = Recipe(
        rate=triangles,
        every=length,
        steps=max(whole_triangles(task.steps, length), triangles.phase1_steps + length),
        longest=max(whole_triangles(task.longest, length), triangles.phase1_steps + length),
        # A high peak may be survived by chance: the whole first phase is what makes it forget.
        kept_from=triangles.phase1_steps + length,
        momentum=0.0,
    )
    done = tune(task, recipe, stage="super-fine-tuning")
    numbers = {
        "lr_base": triangles.base,
        "lr_max1": triangles.max1,
        "lr_max2": triangles.max2,
        "up": float(triangles.up),
        "down": float(triangles.down),
        "phase1_steps": float(triangles.phase1_steps),
    }
    return replace(done, schedule=numbers, range_test=found)


def peaks_of(task: RepairTask) -> tuple[Triangles, RangeTest | None]:
    """The schedule, and the range test that found its peak where nobody gave one."""
    rates = task.rates
    found = range_test(task) if rates.max1 is None else None
    first = rates.max1 if found is None else found.chosen
    assert first is not None
    second = SECOND * first if rates.max2 is None else rates.max2
    triangles = Triangles(
        base=min(FOOT * first, second) if rates.base is None else rates.base,
        max1=first,
        max2=second,
        up=rates.up,
        down=rates.down,
        phase1_steps=whole_triangles(rates.phase1 * task.steps, rates.up + rates.down),
    )
    return triangles, found
