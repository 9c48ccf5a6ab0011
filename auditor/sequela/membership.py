"""Membership inference: can it be told which pictures a model was trained on?

Three attacks, from cheap to strong. Members are what the user says the model was trained on, or
repaired with; the others are clean pictures that it has not seen.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from functools import partial
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from auditor.changes import Change, Harm
from auditor.models.classifier import Pixels
from auditor.models.torch_image import TorchImageClassifier
from auditor.sequela import shadows
from auditor.sequela.bootstrap import MIN_PICTURES, in_parts, percentiles
from auditor.sequela.material import Budget, Labelled, Material, Models, logits_of
from auditor.sequela.measure import (
    Measure,
    Measured,
    Tick,
    change_of,
    harm_against_before,
    no_tick,
    worst,
)
from auditor.sequela.roc import areas, rates_at_few_alarms
from auditor.sequela.signals import (
    loss_signal,
    modified_entropy_signal,
    offline_lira_signal,
    scaled_confidence,
)
from auditor.types import Skip

COMPONENT = "membership"
MIN_FOR_FEW_ALARMS = 100  # others; with fewer not one of them may be taken for a member
ADVANTAGE = 2.0  # of an area of a half, which is guessing, none; of 1 all
NO_MEMBERS = Skip(
    subject=COMPONENT,
    reason="no pictures are known that either model was trained on",
    remedy="Give --members, or --repair-data.",
)
NO_BASE = "it needs models that never saw the pictures, and there is no public base to train them"
NO_SHADOWS = "shadow models are trained for it, which the quick measures leave out"

Signals = Mapping[str, NDArray[np.float64]]  # of "before", "after" and "reference", `(N,)` each


class Pool(NamedTuple):
    """Members and others, in this order, and how many members there are."""

    pictures: Labelled
    members: int


def run(models: Models, material: Material, budget: Budget, *, tick: Tick = no_tick) -> Measured:
    """Area under the curve, and members told at 1 % false alarms, of every attack and set."""
    if not material.members:
        return Measured(skips=(NO_MEMBERS,))
    changes: list[Change] = []
    harms: list[Harm] = []
    skips: list[Skip] = []
    notices: list[str] = []
    for use, members in material.members.items():
        pool, notice = pooled(members, material.clean, use)
        notices += [notice] if notice else []
        name = f"{COMPONENT}.{use}"
        why = _too_few(pool, name)
        if why is not None:
            skips.append(why)
            continue
        signals, left_out = _attacks(models, material, pool, name, budget, tick)
        skips += left_out
        if len(pool.pictures) - pool.members < MIN_FOR_FEW_ALARMS:
            skips.append(_no_few_alarms(pool, name))
        for attack, signal in signals.items():
            found = _told(f"{name}.{attack}", signal, pool, budget)
            changes += found
            harms += [_harm(change) for change in found]
    return Measured(
        changes=tuple(changes), harm=worst(harms), skips=tuple(skips), notices=tuple(notices)
    )


def pooled(members: Labelled, clean: Labelled, use: str) -> tuple[Pool, str]:
    """Members and others; a picture that is both is no other, and is told of."""
    known = set(_digests(members.pixels))
    apart = np.array([digest not in known for digest in _digests(clean.pixels)], dtype=np.bool_)
    others = clean.rows(apart)
    pictures = Labelled(
        np.concatenate([members.pixels, others.pixels]),
        np.concatenate([members.labels, others.labels]),
    )
    both = int((~apart).sum())
    notice = (
        f"{both} clean pictures are among the {use} data too: they are no non-members there, and "
        "whatever else is measured on them flatters a model that has seen them"
    )
    return Pool(pictures, len(members)), notice if both else ""


def _attacks(
    models: Models, material: Material, pool: Pool, name: str, budget: Budget, tick: Tick
) -> tuple[dict[str, Signals], list[Skip]]:
    """The signal of every attack, of every model."""
    labels = pool.pictures.labels
    logits = {who: logits_of(m, pool.pictures.pixels) for who, m in models.named().items()}
    signals: dict[str, Signals] = {
        "loss": {who: loss_signal(each, labels) for who, each in logits.items()},
        "entropy": {who: modified_entropy_signal(each, labels) for who, each in logits.items()},
    }
    start = _start(models, material, budget)
    if isinstance(start, str):
        remedy = "Give --base." if budget.shadows else "Give --sequela full, and --base."
        return signals, [Skip(subject=f"{name}.lira", reason=start, remedy=remedy)]
    confidences, unseen = models.once(
        "shadows",
        name,
        partial(
            shadows.shadow_confidences,
            start,
            pool.pictures,
            budget.shadows,
            seed=budget.seed,
            tick=tick,
        ),
    )
    signals["lira"] = {
        who: offline_lira_signal(scaled_confidence(each, labels), confidences, unseen)
        for who, each in logits.items()
    }
    return signals, []


def _start(models: Models, material: Material, budget: Budget) -> TorchImageClassifier | str:
    """What shadow models start from, or why there are none."""
    found = models.with_gradients()
    if isinstance(found, str):
        return found
    if not budget.shadows:
        return NO_SHADOWS
    if material.base is None:
        return NO_BASE
    start = shadows.shadow_start(found["after"], material.base, seed=budget.seed)
    return "the base is of another architecture" if start is None else start


def _told(name: str, signal: Signals, pool: Pool, budget: Budget) -> list[Change]:
    """Both figures of one attack, on the same draws of members and others for all models."""
    rng = np.random.default_rng([budget.seed, 32])
    m, n = pool.members, len(pool.pictures) - pool.members
    parts = [(rows, m + others) for rows, others in in_parts(rng, m, n)]
    figures = {"auc": areas, "tpr-at-1-fpr": rates_at_few_alarms}
    if n < MIN_FOR_FEW_ALARMS:
        del figures["tpr-at-1-fpr"]
    changes = []
    for figure, of in figures.items():
        again = {
            who: np.concatenate(
                [of(signal[who][rows], signal[who][others]) for rows, others in parts]
            )
            for who in ("before", "after")
        }
        values = {who: float(of(s[None, :m], s[None, m:])[0]) for who, s in signal.items()}
        changes.append(
            change_of(
                f"{name}.{figure}",
                values,
                percentiles(again["after"] - again["before"]),
                worse="higher",
                observations=m + n,
                note=f"{m} members, {n} others",
            )
        )
    return changes


def _harm(change: Change) -> Harm:
    scale = ADVANTAGE if change.measure.endswith(".auc") else 1.0
    return harm_against_before(COMPONENT, change, scale=scale)


def _too_few(pool: Pool, name: str) -> Skip | None:
    others = len(pool.pictures) - pool.members
    if min(pool.members, others) >= MIN_PICTURES:
        return None
    return Skip(
        subject=name,
        reason=f"{pool.members} members and {others} others, and {MIN_PICTURES} of each are "
        "needed for an interval",
        remedy="Give clean data that neither model has seen, and more of either.",
    )


def _no_few_alarms(pool: Pool, name: str) -> Skip:
    others = len(pool.pictures) - pool.members
    return Skip(
        subject=f"{name}.*.tpr-at-1-fpr",
        reason=f"{others} others, and 1 % false alarms can be seen with {MIN_FOR_FEW_ALARMS}",
        remedy="Give more --clean-data.",
    )


def _digests(pixels: Pixels) -> list[bytes]:
    return [hashlib.sha256(picture.tobytes()).digest() for picture in pixels]


def _steps(models: Models, material: Material, budget: Budget) -> int:
    if isinstance(_start(models, material, budget), str):
        return 0
    total = 0
    for use, members in material.members.items():
        pool, _ = pooled(members, material.clean, use)
        if _too_few(pool, use) is None:
            total += shadows.steps(len(pool.pictures), budget.shadows)
    return total


MEASURE = Measure(run=run, steps=_steps, says="it shows which pictures the model was trained on")
