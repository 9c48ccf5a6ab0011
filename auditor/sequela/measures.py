"""The table of all measures, in the order of the report, and what runs them."""

from __future__ import annotations

import time
from collections.abc import Collection, Mapping
from dataclasses import dataclass

import numpy as np

from auditor.audit import Progress, silent
from auditor.changes import Harm, Sequela
from auditor.sequela import (
    accuracy,
    calibration,
    membership,
    query,
    reactivation,
    reinjection,
    robustness,
    tuning,
)
from auditor.sequela.material import Budget, Labelled, Material, Models
from auditor.sequela.measure import Measure, Measured
from auditor.sequela.score import score
from auditor.types import Skip

MEASURES: Mapping[str, Measure] = {
    accuracy.COMPONENT: accuracy.MEASURE,
    calibration.COMPONENT: calibration.MEASURE,
    membership.COMPONENT: membership.MEASURE,
    robustness.COMPONENT: robustness.MEASURE,
    reinjection.FRESH: reinjection.FRESH_MEASURE,
    reinjection.SAME: reinjection.SAME_MEASURE,
    reactivation.COMPONENT: reactivation.MEASURE,
    query.COMPONENT: query.MEASURE,
}

# What is worth its seconds inside of a repair: no measure here trains a copy of a model. Two of
# them only look; the third attacks half as many pictures (docs/sequela.md has the seconds).
QUICK = (accuracy.COMPONENT, calibration.COMPONENT, membership.COMPONENT, robustness.COMPONENT)
TIMED = 3  # steps


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """What measuring is going to take."""

    steps: int
    seconds: float


def estimate(models: Models, material: Material, budget: Budget) -> Estimate:
    """Count the training steps, and time a few of them on this machine."""
    steps = sum(each.steps(models, material, budget) for each in MEASURES.values())
    found = models.with_gradients()
    if not steps or isinstance(found, str):
        return Estimate(steps=steps, seconds=0.0)
    rows = np.arange(tuning.BATCH) % len(material.tune)
    batch = Labelled(material.tune.pixels[rows], material.tune.labels[rows])
    tuning.tuned(found["after"], batch, tuning.Course(epochs=1), seed=0)  # the first one warms up
    start = time.perf_counter()
    tuning.tuned(found["after"], batch, tuning.Course(epochs=TIMED), seed=0)
    return Estimate(steps=steps, seconds=steps * (time.perf_counter() - start) / TIMED)


def measure_sequela(
    models: Models,
    material: Material,
    budget: Budget,
    *,
    only: Collection[str] = tuple(MEASURES),
    progress: Progress = silent,
) -> Sequela:
    """Measure everything that can be measured, and put it into one score.

    Args:
        models: With equal labels, in equal order, and equal input.
        material: Pictures at the models' size.
        budget: What may be spent.
        only: Components to measure; the others are told as left out, with what they would take.
        progress: Called with (measure, steps done, steps in all).
    """
    steps = {name: each.steps(models, material, budget) for name, each in MEASURES.items()}
    total, done = sum(steps[name] for name in steps if name in only), 0
    found: dict[str, Measured] = {}
    for name, measure in MEASURES.items():
        if name not in only:
            found[name] = Measured(skips=(_left_out(name, steps[name]),))
            continue
        before = done

        def tick() -> None:
            nonlocal done
            done += 1
            progress("measuring", done, total)

        found[name] = measure.run(models, material, budget, tick=tick)
        done = before + steps[name]
    return _joined(found)


def _left_out(name: str, steps: int) -> Skip:
    cost = f"it takes {steps:,} training steps here" if steps else "more would have to be given"
    return Skip(
        subject=name,
        reason=f"not among the quick measures: {cost}",
        remedy="Give --sequela full, or compare the two models with `auditor sequela`.",
    )


def _joined(found: Mapping[str, Measured]) -> Sequela:
    harms = [each.harm for each in found.values() if each.harm is not None]
    return Sequela(
        score=score([harm.value for harm in harms]),
        low=score([harm.low for harm in harms]),
        high=score([harm.high for harm in harms]),
        harms=tuple(sorted(harms, key=_gravest_first)),
        missing=tuple(name for name, each in found.items() if each.harm is None),
        changes=tuple(change for each in found.values() for change in each.changes),
        skips=tuple(skip for each in found.values() for skip in each.skips),
        notices=tuple(notice for each in found.values() for notice in each.notices),
    )


def _gravest_first(harm: Harm) -> float:
    return -harm.value
