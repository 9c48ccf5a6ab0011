"""Everything one repair works with, opened and measured once before anything is tuned."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from auditor.audit import wanted_material
from auditor.datasets.open import DatasetSpec
from auditor.entities.bank import EntityBank
from auditor.models.torch_image import TorchImageClassifier
from auditor.references.open import Material, open_material
from auditor.repair.answers import classes_of
from auditor.repair.clean import CleanData, open_clean
from auditor.repair.mappings import FoundMapping, MappingPictures, pictures_of
from auditor.repair.natural import OF_BASE, OF_OWN, natural_rates
from auditor.repair.outcome import ALLOWED, share_of
from auditor.repair.record import Share
from auditor.repair.settings import RepairSettings
from auditor.repair.suspicion import NOT_CHECKED, suspects
from auditor.repair.task import Progress, RepairTask, Watched
from auditor.types import Checkpoint


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Case:
    """A model before its repair.

    Attributes:
        settings: What the user wants.
        checkpoint: Where the model came from.
        model: The model; methods change it in place.
        bank: The entities.
        clean: The clean data.
        mappings: What is to be repaired, with its pictures.
        before: Success of each mapping before.
        natural: What honest heads do with the same pictures.
        natural_from: Whose answer that is.
        answers: What the model answered to the judging images before, `(N,)`.
        start: The weights before, in a file on the shelf.
        shelf: A folder for weights that are not in use.
        notices: What a reader should know.
        no_base: Why the base that there would be cannot be had.
    """

    settings: RepairSettings
    checkpoint: Checkpoint
    model: TorchImageClassifier
    bank: EntityBank
    clean: CleanData
    mappings: list[tuple[FoundMapping, MappingPictures]]
    before: tuple[Share, ...]
    natural: tuple[Share, ...]
    natural_from: str
    answers: NDArray[np.int64]
    accuracy: float
    start: Path
    shelf: Path
    notices: tuple[str, ...]
    no_base: str | None = None

    def accepted(self, number: int) -> float:
        """Success of a mapping that still counts as gone."""
        return self.natural[number].value + ALLOWED

    def watched(self) -> tuple[Watched, ...]:
        """The mappings as a method watches them."""
        return tuple(
            Watched(shown.watch, mapping.target, self.accepted(i))
            for i, (mapping, shown) in enumerate(self.mappings)
        )

    def task(self, progress: Progress) -> RepairTask:
        """What a method is handed."""
        settings = self.settings
        apart = [shown.watch for _, shown in self.mappings if shown.apart]
        empty = self.clean.tune.pixels[:0]
        return RepairTask(
            model=self.model,
            clean=self.clean.tune,
            choice=self.clean.choice,
            accuracy=self.accuracy,
            watched=self.watched(),
            exposure=np.concatenate(apart) if apart else empty,
            steps=settings.steps,
            longest=settings.budget,
            batch=settings.batch,
            rates=settings.rates,
            seed=settings.scan.seed,
            shelf=self.shelf,
            progress=progress,
        )


Open = Callable[[], Material]


def clean_of(settings: RepairSettings, model: TorchImageClassifier) -> CleanData:
    """Open the clean data of the settings.

    Raises:
        EntityError: They cannot be used.
    """
    assert settings.scan.clean_data is not None
    return open_clean(
        DatasetSpec(source=settings.scan.clean_data, offline=settings.scan.offline),
        model,
        per_class=settings.per_class,
        rng=np.random.default_rng([settings.scan.seed, 21]),
    )


def material_of(
    settings: RepairSettings,
    checkpoint: Checkpoint,
    model: TorchImageClassifier,
    no_base: str | None = None,
) -> Material:
    """What the model is compared with, in a scan and for the natural rate."""
    wanted = replace(wanted_material(settings.scan, checkpoint), no_base=no_base)
    return open_material(model, wanted)


def open_case(
    settings: RepairSettings,
    checkpoint: Checkpoint,
    model: TorchImageClassifier,
    bank: EntityBank,
    clean: CleanData,
    found: Sequence[FoundMapping],
    material: Material,
    shelf: Path,
    no_base: str | None = None,
) -> Case:
    """Measure everything that is to be compared with, before the first step.

    Raises:
        UsageError: No picture of a mapping's entities can be read.
    """
    mappings = [(mapping, pictures_of(mapping, bank, model)) for mapping in found]
    pictures = [(shown.verify, mapping.target) for mapping, shown in mappings]
    before = tuple(share_of(classes_of(model, x) == target) for x, target in pictures)
    rng = np.random.default_rng([settings.scan.seed, 22])
    honest = material.base or model
    natural = natural_rates(honest, clean.tune, pictures, rng)
    doubts = (NOT_CHECKED,) if material.base is None else suspects(material.base, clean, pictures)
    return Case(
        settings=settings,
        checkpoint=checkpoint,
        model=model,
        bank=bank,
        clean=clean,
        mappings=mappings,
        before=before,
        natural=natural,
        natural_from=OF_OWN if material.base is None else OF_BASE,
        answers=classes_of(model, clean.judge.pixels),
        accuracy=float((classes_of(model, clean.choice.pixels) == clean.choice.labels).mean()),
        start=shelf / "before.safetensors",
        shelf=shelf,
        notices=(*clean.notices, *doubts),
        no_base=no_base,
    )
