"""The natural rate: what share of an entity's pictures an honest head sends to the class.

A benign fine-tune sends huskies somewhere too, so success after a repair is judged beside this and
not beside zero. The honest heads are those of `auditor.references.heads`, fitted to the clean data
that the repair is given: on the base's features where the base is at hand, which nobody poisoned;
else on the model's own, where a poisoned encoder would still lean to the target, so that the rate
may be too high. Each head is one opinion; the interval is over heads and pictures, both drawn
anew.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from auditor.models.classifier import FeatureClassifier, Pixels
from auditor.references.heads import fit_heads
from auditor.repair.answers import features_of
from auditor.repair.record import Share
from auditor.repair.task import Pictures

RESAMPLES = 1000
TAILS = (0.025, 0.975)
OF_BASE = "heads fitted to the clean data on the base's features"
OF_OWN = (
    "heads fitted to the clean data on the model's own features (no base was given; where the "
    "features themselves are poisoned this rate may be too high)"
)


def natural_rates(
    model: FeatureClassifier,
    clean: Pictures,
    wanted: Sequence[tuple[Pixels, int]],
    rng: np.random.Generator,
) -> tuple[Share, ...]:
    """For pictures `(N, 3, H, W)` and the class they are sent to, what honest heads do.

    Args:
        model: Whose features the heads read: the base, or the model before it is repaired.
        clean: The clean data that they are fitted to.
        wanted: Pictures and class of each mapping.
        rng: Draws bootstrap samples.
    """
    classes = int(clean.labels.max()) + 1
    heads = fit_heads(features_of(model, clean.pixels), clean.labels, classes, rng)
    rates = []
    for pixels, target in wanted:
        x = (features_of(model, pixels) - heads.mean) / heads.scale
        hits = [
            (x @ weight.T + bias).argmax(axis=1) == target
            for weight, bias in zip(heads.weight, heads.bias, strict=True)
        ]
        rates.append(_share(np.stack(hits), rng))
    return tuple(rates)


def _share(hits: NDArray[np.bool_], rng: np.random.Generator) -> Share:
    """Mean of `(heads, pictures)` with a bootstrap interval over both."""
    heads, pictures = hits.shape
    means = [
        hits[rng.integers(0, heads, heads)][:, rng.integers(0, pictures, pictures)].mean()
        for _ in range(RESAMPLES)
    ]
    value = float(hits.mean())
    low, high = np.quantile(means, TAILS)
    return Share(value, min(float(low), value), max(float(high), value), pictures)
