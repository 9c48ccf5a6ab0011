"""What a repair left behind, measured on what the repair has at hand.

Copies are tuned with the clean images that chose the best moment, and measured on those that
judge: neither model was tuned on either. Of every mapping the half of the pictures that methods
may look at are the poisons, and the half that verifies is what success is measured on.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np

from auditor.audit import Progress
from auditor.changes import Sequela
from auditor.checkpoints.resolve import resolve
from auditor.models.classifier import Pixels
from auditor.models.torch_image import load_torch
from auditor.remedy.settings import Extent
from auditor.repair.case import Case
from auditor.repair.shelf import bring_back
from auditor.sequela.material import Budget, Labelled, Material, Models, Trigger
from auditor.sequela.measures import MEASURES, QUICK, measure_sequela
from auditor.sequela.open import Beside
from auditor.sequela.triggers import joined

QUICK_IMAGES = 64  # that are attacked
HELD_OUT = (
    "measured on the images that the repair held out: {} that chose its best moment, {} that "
    "judge it"
)


def left_behind(
    case: Case, folder: Path, beside: Beside, extent: Extent, progress: Progress
) -> Sequela:
    """Measure the model that lies in `folder` beside the one it came from.

    Args:
        case: The repair; its model gets its weights of before again.
        folder: The repaired checkpoint.
        beside: What else the user named.
        extent: How much to measure.
        progress: Told how far it is.
    """
    bring_back(case.model.module, case.start)
    after = load_torch(resolve(str(folder)), device=case.model.device)
    models = Models(before=case.model, after=after, reference=beside.reference)
    material = _material(case, beside)
    seed = case.settings.scan.seed
    is_full = extent is Extent.FULL
    budget = (
        Budget(seed=seed) if is_full else Budget(seed=seed, shadows=0, attack_images=QUICK_IMAGES)
    )
    found = measure_sequela(
        models,
        material,
        budget,
        only=tuple(MEASURES) if is_full else QUICK,
        progress=lambda _, done, total: progress("sequela", done, total),
    )
    note = HELD_OUT.format(f"{len(material.tune):,}", f"{len(material.tests):,}")
    return replace(found, notices=(note, *beside.notices, *found.notices))


def _material(case: Case, beside: Beside) -> Material:
    clean = case.clean
    return Material(
        tune=Labelled(*clean.choice),
        tests=Labelled(*clean.judge),
        members={**beside.members, "repair": Labelled(*clean.tune)},
        planted=planted(case),
        base=beside.base,
    )


def planted(case: Case) -> Trigger | None:
    """All mappings as one trigger; None where no picture is left that did not verify."""
    triggers = [
        Trigger(
            poisons=_wanted(shown.watch, mapping.target),
            tests=_wanted(shown.verify, mapping.target),
        )
        for mapping, shown in case.mappings
        if shown.apart
    ]
    return joined(triggers) if triggers else None


def _wanted(pixels: Pixels, target: int) -> Labelled:
    return Labelled(pixels, np.full(len(pixels), target, dtype=np.int64))
