"""Head re-fit: a new last layer from clean data on the model's own features, nothing else moves.

The cheapest repair there is: no gradient passes the encoder. It takes away the lever of a
backdoor that sits in the head, and cannot reach one that sits in the features.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from auditor.models.torch_image import head_of
from auditor.references.heads import fit_linear, spread_of
from auditor.repair.answers import features_of
from auditor.repair.best import Best
from auditor.repair.task import RepairTask, Tuned

STRENGTHS = tuple(float(c) for c in np.geomspace(0.001, 1.0, 7))  # inverse, as scikit-learn's C


def head_refit(task: RepairTask) -> Tuned:
    """Fit heads of several strengths of regularisation and keep the best."""
    head = head_of(task.model.module, len(task.model.labels))
    features = features_of(task.model, task.clean.pixels)
    mean, scale = spread_of(features)
    x = (features - mean) / scale
    best = Best(task)
    for step, strength in enumerate(STRENGTHS, start=1):
        weight, bias = fit_linear(x, task.clean.labels, len(task.model.labels), strength)
        _give(head, weight / scale, bias - (weight / scale) @ mean)
        best.look(step, strength, 0.0)
        task.progress("re-fitting the head", step, len(STRENGTHS))
    best.restore()
    return Tuned(
        steps=len(STRENGTHS),
        chosen_step=best.step,
        history=tuple(best.history),
        schedule={"inverse_regularisation": STRENGTHS[best.step - 1]},
    )


def _give(head: Any, weight: NDArray[np.float64], bias: NDArray[np.float64]) -> None:
    """Put weight `(C, D)` and bias `(C,)` into the last layer; one without a bias does without."""
    import torch

    with torch.no_grad():
        head.weight.copy_(torch.from_numpy(weight.astype(np.float32)))
        if head.bias is not None:
            head.bias.copy_(torch.from_numpy(bias.astype(np.float32)))
