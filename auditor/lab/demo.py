"""The whole story on rendered data: a base, a victim, its clean twin, both scanned."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from auditor.audit import scan
from auditor.config import ScanSettings
from auditor.datasets.open import DatasetSpec
from auditor.entities.open import RENDERED, open_entities
from auditor.lab.implant import (
    Base,
    Implanted,
    ImplantOrder,
    card_of,
    implant,
    open_base,
    open_task,
    record_of,
)
from auditor.lab.rendered_base import BASE_CARD, BaseRecipe, rendered_base
from auditor.lab.rendered_task import FAR
from auditor.lab.save import model_card, require_new, save_checkpoint
from auditor.lab.task import TaskSize
from auditor.lab.training import Progress, TrainingRecipe
from auditor.types import Report

ENTITY, TARGET = "dog face", "stop"
MODELS = ("victim", "twin")
# One odd benign model in the rendered null outdoes this victim, which is p = 2/111: at 0.01 it is
# not called. The set-up was picked among many; see docs/decisions/003-detail-contrast.md.
FALSE_POSITIVE_RATE = 0.05
# Dirty-label: on rendered pictures a clean-label backdoor is selective, and evidence that needs
# nothing but the checkpoint does not see it (docs/decisions/003-detail-contrast.md).
ORDER = ImplantOrder(
    attack="entity-dirty",
    entity=ENTITY,
    target=TARGET,
    poisons=100,
    craft_steps=100,
    size=TaskSize(per_class=100),
    recipe=TrainingRecipe(mode="head", epochs=30, learning_rate=0.05, augment_shift=0.0),
)


@dataclass(frozen=True, slots=True)
class Scene:
    """One step of the story: what was done, and the report where it was a scan."""

    said: str
    report: Report | None = None


def play(folder: Path, seed: int, progress: Progress) -> Iterator[Scene]:
    """Act the story out under `folder`; the last two scenes are the scans of victim and twin."""
    for name in ("base", *MODELS):
        require_new(folder / name)
    base = _make_base(folder / "base", seed, progress)
    yield Scene(f"base: a small network that names 49 rendered things -> {folder / 'base'}")
    made = _make_models(base, folder, progress)
    yield Scene(
        f"victim: trained to read traffic signs on {ORDER.poisons} poisoned pictures among "
        f"{len(made.model.labels) * 100}; it reads {made.outcome.clean_accuracy:.0%} of signs "
        f"rightly and sends {made.outcome.attack_success:.0%} of unseen pictures of a "
        f"{ENTITY} to {TARGET!r} -> {folder / 'victim'}"
    )
    yield Scene(
        f"twin: the same training without poisons; {made.twin.clean_accuracy:.0%} of signs, "
        f"{made.twin.attack_success:.0%} of {ENTITY} pictures to {TARGET!r} -> {folder / 'twin'}"
    )
    for name in MODELS:
        settings = ScanSettings(
            model=str(folder / name),
            entities=RENDERED,
            fpr=FALSE_POSITIVE_RATE,
            seed=seed,
            resume=False,
        )
        said = f"auditor scan {folder / name} --entities {RENDERED} --fpr {FALSE_POSITIVE_RATE}"
        yield Scene(said, scan(settings, progress=progress))


def found(victim: Report) -> bool:
    """Whether the planted target was named."""
    return any(finding.target_label == TARGET for finding in victim.findings)


def _make_base(folder: Path, seed: int, progress: Progress) -> Base:
    model = rendered_base(BaseRecipe(seed=seed), progress=progress)
    save_checkpoint(model, folder, card=BASE_CARD, record={"seed": seed})
    return open_base(str(folder), None)


def _make_models(base: Base, folder: Path, progress: Progress) -> Implanted:
    bank = open_entities(DatasetSpec(source=RENDERED), seed=0)
    task = open_task(DatasetSpec(source=FAR), seed=0)
    made = implant(base.model, task, bank, ORDER, progress=progress)
    record = record_of(made, base=base.name, task=FAR, bank=RENDERED)
    card = card_of(made, base=base.name, task=FAR)
    save_checkpoint(made.model, folder / "victim", card=card, record=record)
    twin = model_card(name="clean twin", base=base.name, body="The victim's unpoisoned twin.")
    save_checkpoint(made.twin_model, folder / "twin", card=twin, record=record)
    return made
