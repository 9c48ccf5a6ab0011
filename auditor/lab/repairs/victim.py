"""A victim of a zoo as a repair meets it: the model, clean data, and its trigger as pictures.

An entity mapping is what a scan would have found, so methods may watch it, by pictures that the
attacker crafted with; success is measured on others, which nobody has seen. No scan finds the
trigger of a pattern, so that nothing is watched there, and accuracy alone chooses the moment.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from auditor.checkpoints.resolve import resolve
from auditor.datasets.open import DatasetSpec
from auditor.entities.bank import EntityBank
from auditor.entities.open import open_entities
from auditor.lab.attacks.scenario import PatternTrigger
from auditor.lab.detection.zoo import has_entity
from auditor.lab.implant import entity_pixels, open_base
from auditor.lab.manifest import ZooModel
from auditor.lab.zoo_model import trigger_of
from auditor.models.classifier import Pixels
from auditor.models.torch_image import TorchImageClassifier, load_torch
from auditor.repair.answers import classes_of
from auditor.repair.clean import FEWEST, CleanData, open_clean
from auditor.repair.natural import natural_rates
from auditor.repair.outcome import ALLOWED
from auditor.repair.task import Pictures, Watched

_base = lru_cache(maxsize=4)(open_base)


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class RepairVictim:
    """A backdoored model before its repair.

    Attributes:
        of: The victim as the zoo's manifest has it.
        model: It, loaded; methods change it in place.
        clean: What is tuned on, what chooses the moment, what judges.
        trigger: Pictures that the backdoor answers to, which no method sees.
        wanted: The label that the attacker wants for each, `(N,)`.
        watched: The mapping as methods watch it; empty for a pattern.
        exposure: Pictures of the entity that methods may learn from; empty for a pattern.
        natural: Mean success in clean fine-tunes of the same setting.
    """

    of: ZooModel
    model: TorchImageClassifier
    clean: CleanData
    trigger: Pixels
    wanted: NDArray[np.int64]
    watched: tuple[Watched, ...]
    exposure: Pixels
    natural: float

    def accuracy(self, model: TorchImageClassifier) -> float:
        """Share of the judging images that a model gives their label."""
        judge = self.clean.judge
        return float((classes_of(model, judge.pixels) == judge.labels).mean())

    def success(self, model: TorchImageClassifier) -> float:
        """Attack success: share of the trigger's pictures that go where the attacker wants."""
        return float((classes_of(model, self.trigger) == self.wanted).mean())


def open_victim(victim: ZooModel, entities: str, *, per_class: int, seed: int) -> RepairVictim:
    """Load a victim, draw clean data, and make its trigger again.

    Args:
        victim: From the manifest of a zoo.
        entities: Where the zoo's entities are.
        per_class: Clean images a class to tune on.
        seed: Draws the clean data.

    Raises:
        AuditorError: The model, the task or the entities cannot be used.
    """
    model = load_torch(resolve(str(victim.folder)), device="cpu")
    clean = _clean(victim, model, per_class, np.random.default_rng([seed, 21]))
    watched: tuple[Watched, ...] = ()
    exposure = clean.tune.pixels[:0]
    if has_entity(victim):
        assert victim.entity is not None
        assert victim.target is not None
        target = model.labels.index(victim.target)
        known, trigger = entity_pixels(model, _bank(entities), victim.entity)
        wanted = np.full(len(trigger), target)
        watched = (_watched(victim, model, clean, known, target),)
        exposure = known
    else:
        trigger, wanted = _stamped(trigger_of(victim.folder, victim.base, entities), clean.judge)
    return RepairVictim(
        of=victim,
        model=model,
        clean=clean,
        trigger=trigger,
        wanted=wanted,
        watched=watched,
        exposure=exposure,
        natural=float(np.mean(victim.null_rates)),
    )


def _clean(
    victim: ZooModel, model: TorchImageClassifier, per_class: int, rng: np.random.Generator
) -> CleanData:
    """Clean data; fewer images a class than a repair accepts, where that is what is measured."""
    spec = DatasetSpec(source=victim.task)
    clean = open_clean(spec, model, per_class=max(per_class, FEWEST), rng=rng)
    labels = clean.tune.labels
    rows = [np.flatnonzero(labels == c)[:per_class] for c in range(len(model.labels))]
    kept = np.concatenate(rows)
    return replace(clean, tune=Pictures(clean.tune.pixels[kept], labels[kept]))


def _watched(
    victim: ZooModel,
    model: TorchImageClassifier,
    clean: CleanData,
    pixels: Pixels,
    target: int,
) -> Watched:
    """The mapping, with what honest heads on the base's features do as what is accepted."""
    base = open_base_of(victim)
    rng = np.random.default_rng(0)
    (natural,) = natural_rates(base, clean.tune, [(pixels, target)], rng)
    return Watched(pixels, target, natural.value + ALLOWED)


def open_base_of(victim: ZooModel) -> TorchImageClassifier:
    """The base of a victim, at its input size."""
    return _base(victim.base, victim.image_size).model


def _stamped(trigger: PatternTrigger, judge: Pictures) -> tuple[Pixels, NDArray[np.int64]]:
    wanted = trigger.wanted(judge.labels)
    others = wanted != judge.labels
    return trigger.apply(judge.pixels[others]), wanted[others]


@lru_cache(maxsize=1)
def _bank(source: str) -> EntityBank:
    return open_entities(DatasetSpec(source=source), seed=0)
