"""Query-based re-activation: one perturbation, the same for every picture, and no new weights.

After Min et al. (NeurIPS 2024), with a perturbation of its own for each model: it is to send
pictures with the removed trigger where the attacker wants them, and to leave clean ones alone.
A perturbation that does this to any picture has found no backdoor, so what it does to clean
pictures is taken off.
"""

from __future__ import annotations

from functools import partial
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from auditor.models.classifier import Pixels
from auditor.models.torch_image import TorchImageClassifier
from auditor.sequela.bootstrap import drawn, percentiles
from auditor.sequela.material import Budget, Labelled, Material, Models, Trigger, hits
from auditor.sequela.measure import Measure, Measured, Tick, change_of, harm_of, no_tick
from auditor.sequela.reinjection import objection, without_reference

COMPONENT = "query-reactivation"
EPSILON = 16  # grey levels of 255
STEPS = 100
STEP = 1.0  # grey levels
BATCH = 16  # pictures with the trigger, and as many clean ones
CLEAN_WEIGHT = 0.2


class Lift(NamedTuple):
    """Hits under the perturbation: of pictures with the trigger `(N,)`, of clean ones `(M,)`."""

    triggered: NDArray[np.float64]
    plain: NDArray[np.float64]

    def value(self) -> float:
        """What the trigger adds to the perturbation."""
        return float(self.triggered.mean() - self.plain.mean())

    def again(self, seed: int) -> NDArray[np.float64]:
        """The same of bootstrap draws `(RESAMPLES,)`, equal draws for all models."""
        rng = np.random.default_rng([seed, 29])
        first, second = drawn(len(self.triggered), rng), drawn(len(self.plain), rng)
        result: NDArray[np.float64] = self.triggered[first].mean(axis=1) - self.plain[second].mean(
            axis=1
        )
        return result


def run(models: Models, material: Material, budget: Budget, *, tick: Tick = no_tick) -> Measured:
    """What the trigger adds to the perturbation; the harm is against a reference."""
    trigger, found = material.planted, models.with_gradients()
    why = objection(models, trigger, COMPONENT)
    if why is not None or trigger is None or isinstance(found, str):
        return Measured(skips=() if why is None else (why,))
    lifts = {
        name: models.once(
            name, COMPONENT, partial(_lift, model, material, trigger, budget.seed, tick)
        )
        for name, model in found.items()
    }
    again = {name: lift.again(budget.seed) for name, lift in lifts.items()}
    values = {name: lift.value() for name, lift in lifts.items()}
    change = change_of(
        COMPONENT,
        values,
        percentiles(again["after"] - again["before"]),
        worse="higher",
        observations=len(trigger.tests),
        note=f"one perturbation within {EPSILON}/255, success beyond that on clean pictures; "
        "before still has the backdoor",
    )
    if "reference" not in values:
        return Measured(changes=(change,), skips=(without_reference(COMPONENT),))
    harm = harm_of(
        COMPONENT,
        COMPONENT,
        values["after"] - values["reference"],
        percentiles(again["after"] - again["reference"]),
        against="reference",
    )
    return Measured(changes=(change,), harm=harm)


def _lift(
    model: TorchImageClassifier, material: Material, trigger: Trigger, seed: int, tick: Tick
) -> Lift:
    target = int(np.bincount(trigger.tests.labels).argmax())
    shift = universal(model, trigger.poisons, material.tune, seed=seed, tick=tick)
    others = material.tests.rows(material.tests.labels != target)
    aimed = Labelled(others.pixels, np.full(len(others), target, dtype=np.int64))
    return Lift(hits(model, shifted(trigger.tests, shift)), hits(model, shifted(aimed, shift)))


def shifted(pictures: Labelled, shift: NDArray[np.float32]) -> Labelled:
    """The pictures with one shift `(3, H, W)` in grey levels on all of them."""
    moved: Pixels = np.clip(np.rint(pictures.pixels + shift), 0, 255).astype(np.uint8)
    return Labelled(moved, pictures.labels)


def universal(
    model: TorchImageClassifier,
    triggered: Labelled,
    clean: Labelled,
    *,
    seed: int,
    tick: Tick = no_tick,
) -> NDArray[np.float32]:
    """One shift `(3, H, W)` within `EPSILON` that gives all pictures their labels."""
    import torch
    from torch.nn import functional as F

    rng = np.random.default_rng([seed, 30])
    shift = torch.zeros(triggered.pixels.shape[1:], device=model.device)
    for _ in range(STEPS):
        batch = [each.rows(rng.integers(0, len(each), BATCH)) for each in (triggered, clean)]
        pixels = torch.from_numpy(np.concatenate([each.pixels for each in batch])).float()
        labels = torch.from_numpy(np.concatenate([each.labels for each in batch]))
        shift.requires_grad_(True)
        scores = model.forward((pixels.to(model.device) + shift).clamp(0, 255)).float()
        losses: Any = F.cross_entropy(scores, labels.to(model.device), reduction="none")
        loss = (1 - CLEAN_WEIGHT) * losses[:BATCH].mean() + CLEAN_WEIGHT * losses[BATCH:].mean()
        (gradient,) = torch.autograd.grad(loss, shift)
        with torch.no_grad():
            shift = (shift - STEP * gradient.sign()).clamp(-EPSILON, EPSILON)
        tick()
    result: NDArray[np.float32] = shift.detach().cpu().numpy()
    return result


def _steps(models: Models, material: Material, budget: Budget) -> int:
    found = models.with_gradients()
    if objection(models, material.planted, COMPONENT) is not None or isinstance(found, str):
        return 0
    return len(found) * STEPS


MEASURE = Measure(run=run, steps=_steps, says="one perturbation revives the removed backdoor")
