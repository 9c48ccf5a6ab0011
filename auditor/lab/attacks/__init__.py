"""Attacks, one file each, behind one signature; this table is the only registry."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from auditor.lab.attacks import entity, entity_dirty
from auditor.lab.attacks.order import PoisonOrder
from auditor.lab.training import Progress, TrainingSet
from auditor.models.classifier import Pixels
from auditor.models.torch_image import TorchImageClassifier


class Attack(Protocol):
    """(base, clean training set, entity instances `(M, 3, H, W)`, order) -> poisoned set."""

    def __call__(
        self,
        base: TorchImageClassifier,
        clean: TrainingSet,
        entity: Pixels,
        order: PoisonOrder,
        *,
        progress: Progress = ...,
    ) -> TrainingSet:
        """Poison a copy of the clean set."""
        ...


ATTACKS: Mapping[str, Attack] = {
    "entity": entity.poison,
    "entity-dirty": entity_dirty.poison,
}
