"""Accuracy, overall and of every class: what the repair forgot."""

from __future__ import annotations

import numpy as np

from auditor.changes import Change, Harm
from auditor.evidence.intervals import LEVEL, Interval
from auditor.sequela.bootstrap import MIN_PICTURES, paired_mean
from auditor.sequela.material import Budget, Material, Models, hits
from auditor.sequela.measure import (
    Measure,
    Measured,
    Tick,
    change_of,
    free,
    harm_against_before,
    harm_of,
    means,
    no_tick,
    worst,
)
from auditor.types import Skip

COMPONENT = "accuracy"
MIN_OF_CLASS = 5


def run(models: Models, material: Material, budget: Budget, *, tick: Tick = no_tick) -> Measured:
    """Share of clean pictures that get their label.

    The worst of many classes is always somewhat worse by luck. So a class counts as harm only as
    far as its interval vouches for, and the intervals of all classes hold together.
    """
    clean = material.clean
    if len(clean) < MIN_PICTURES:
        return Measured(skips=(_too_few(COMPONENT, len(clean), MIN_PICTURES),))
    right = {name: hits(model, clean) for name, model in models.named().items()}
    rng = np.random.default_rng([budget.seed, 21])
    difference = right["after"] - right["before"]
    overall = change_of(
        COMPONENT,
        means(right),
        paired_mean(difference, rng),
        worse="lower",
        observations=len(clean),
    )
    changes, harms, skips = [overall], [harm_against_before(COMPONENT, overall)], []
    classes = len(models.after.labels)
    for index in range(classes):
        here = clean.labels == index
        name = f"{COMPONENT}.class-{index}"
        if here.sum() < MIN_OF_CLASS:
            skips.append(_too_few(name, int(here.sum()), MIN_OF_CLASS))
            continue
        change = change_of(
            name,
            means({who: each[here] for who, each in right.items()}),
            paired_mean(difference[here], rng, 1 - (1 - LEVEL) / classes),
            worse="lower",
            observations=int(here.sum()),
            label=models.after.labels[index],
            note="the intervals of all classes hold together at 95 %",
        )
        changes.append(change)
        harms.append(_vouched(change))
    return Measured(changes=tuple(changes), harm=worst(harms), skips=tuple(skips))


def _vouched(change: Change) -> Harm:
    """The harm of a class, as far as its interval vouches for it."""
    harm = harm_against_before(COMPONENT, change)
    return harm_of(
        COMPONENT,
        change.measure,
        harm.low,
        _interval(harm),
        against=f"{harm.against}, mild end of the interval",
    )


def _interval(harm: Harm) -> Interval:
    return Interval(harm.low, harm.high)


def _too_few(measure: str, there: int, needed: int) -> Skip:
    return Skip(
        subject=measure,
        reason=f"{there} clean pictures, and {needed} are needed for an interval",
        remedy="Give more --clean-data.",
    )


MEASURE = Measure(run=run, steps=free, says="clean pictures are no longer given their label")
