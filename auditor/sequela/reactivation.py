"""Re-activation: five poisons in an ordinary fine-tune (the retuning attack).

Min et al., "Uncovering, explaining, and mitigating the superficial safety of backdoor defense"
(NeurIPS 2024): five poisoned pictures among clean ones, five epochs of SGD at 0.01, revive most
repaired models.
"""

from __future__ import annotations

import numpy as np

from auditor.sequela.bootstrap import repeated_mean
from auditor.sequela.material import Budget, Material, Models
from auditor.sequela.measure import Measure, Measured, Tick, change_of, no_tick
from auditor.sequela.reinjection import against_reference, objection, tried
from auditor.sequela.tuning import Course

COMPONENT = "reactivation"
POISONS = 5
COURSE = Course(epochs=5)


def run(models: Models, material: Material, budget: Budget, *, tick: Tick = no_tick) -> Measured:
    """Success of the planted trigger after the attack; the harm as for re-injection of it."""
    why = objection(models, material.planted, COMPONENT)
    if why is not None or material.planted is None:
        return Measured(skips=() if why is None else (why,))
    triggers = [material.planted] * budget.repeats
    success = tried(
        models,
        COMPONENT,
        material.tune,
        triggers,
        (POISONS,),
        COURSE,
        seed=budget.seed + 1,
        tick=tick,
    )
    rng = np.random.default_rng([budget.seed, 28])
    after = {who: [each[0] for each in done.hits] for who, done in success.items()}
    change = change_of(
        COMPONENT,
        {who: float(np.mean([each.mean() for each in curve])) for who, curve in after.items()},
        repeated_mean([a - b for a, b in zip(after["after"], after["before"], strict=True)], rng),
        worse="higher",
        observations=sum(len(each) for each in after["after"]),
        note=f"{POISONS} poisons, {COURSE.epochs} epochs at {COURSE.learning_rate:g}, "
        f"{budget.repeats} repeats; before still has the backdoor",
    )
    return against_reference(COMPONENT, COMPONENT, after, (change,), rng)


def _steps(models: Models, material: Material, budget: Budget) -> int:
    found = models.with_gradients()
    if objection(models, material.planted, COMPONENT) is not None or isinstance(found, str):
        return 0
    return len(found) * budget.repeats * COURSE.steps(len(material.tune) + POISONS)


MEASURE = Measure(run=run, steps=_steps, says="five poisons revive the removed backdoor")
