"""Calibration: how far what a model is sure of lies from how often it is right.

Expected calibration error over bins of equal mass. The estimate is too large where pictures are
few, by about as much for both models, so that the difference is of more use than either value.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from auditor.sequela.bootstrap import in_parts, percentiles
from auditor.sequela.material import Budget, Material, Models, probabilities
from auditor.sequela.measure import (
    Measure,
    Measured,
    Tick,
    change_of,
    free,
    harm_against_before,
    no_tick,
)
from auditor.types import Skip

COMPONENT = "calibration"
MOST_BINS = 15
PER_BIN = 10
MIN_BINS = 5


def run(models: Models, material: Material, budget: Budget, *, tick: Tick = no_tick) -> Measured:
    """Expected calibration error of the predicted class."""
    clean = material.clean
    bins = min(MOST_BINS, len(clean) // PER_BIN)
    if bins < MIN_BINS:
        return Measured(
            skips=(
                Skip(
                    subject=COMPONENT,
                    reason=f"{len(clean)} clean pictures, and {MIN_BINS * PER_BIN} are needed",
                    remedy="Give more --clean-data.",
                ),
            )
        )
    sure, right = {}, {}
    for name, model in models.named().items():
        shares = probabilities(model, clean.pixels)
        sure[name] = shares.max(axis=1).astype(np.float64)
        right[name] = (shares.argmax(axis=1) == clean.labels).astype(np.float64)
    parts = list(in_parts(np.random.default_rng([budget.seed, 22]), len(clean)))
    again = {
        name: np.concatenate(
            [calibration_errors(sure[name][rows], right[name][rows], bins) for (rows,) in parts]
        )
        for name in ("before", "after")
    }
    change = change_of(
        f"{COMPONENT}.ece",
        {n: float(calibration_errors(sure[n][None], right[n][None], bins)[0]) for n in sure},
        percentiles(again["after"] - again["before"]),
        worse="higher",
        observations=len(clean),
        note=f"{bins} bins of equal mass",
    )
    return Measured(changes=(change,), harm=harm_against_before(COMPONENT, change))


def calibration_errors(
    sure: NDArray[np.float64], right: NDArray[np.float64], bins: int
) -> NDArray[np.float64]:
    """Expected calibration error of B samples of N predictions each, `(B,)`.

    Args:
        sure: Probability of the predicted class, `(B, N)`.
        right: 1 where it was right, else 0, `(B, N)`.
        bins: Number of bins; N predictions are spread evenly over them, surest last.
    """
    order = np.argsort(sure, axis=1, kind="stable")
    gaps = np.take_along_axis(sure - right, order, axis=1)
    edges = [part[0] for part in np.array_split(np.arange(gaps.shape[1]), bins)]
    totals = np.abs(np.add.reduceat(gaps, edges, axis=1)).sum(axis=1)
    result: NDArray[np.float64] = totals / gaps.shape[1]
    return result


MEASURE = Measure(run=run, steps=free, says="the model is sure where it is wrong")
