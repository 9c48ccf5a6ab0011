"""Ask what was planned: by a cache that remembers, with patience where memory runs out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from auditor.answers.asked import Asked, Shape
from auditor.answers.kept import KeptAnswers
from auditor.answers.place import cache_folder
from auditor.config import ScanSettings
from auditor.entities.bank import EntityBank
from auditor.models.classifier import Classifier, FeatureClassifier, Pixels
from auditor.models.patience import Look, Patience, halved
from auditor.probes.plan import ProbePlan
from auditor.probes.run import STAGE, Probed, run_probes
from auditor.references.build import (
    BASE_FEATURES,
    OWN_FEATURES,
    Seen,
    Show,
    in_batches,
    look_with,
)
from auditor.references.open import Material
from auditor.types import Checkpoint

DEFAULT_BATCH = 128
CLEAN = "clean"  # the folder of answers to clean data
Progress = Callable[[str, int, int], None]


def asker(
    checkpoint: Checkpoint,
    classifier: Classifier,
    bank: EntityBank,
    plan: ProbePlan,
    material: Material,
    settings: ScanSettings,
    rng: np.random.Generator,
    progress: Progress,
) -> Callable[[ProbePlan], Probed]:
    """How to ask for parts of a plan, one after the other.

    Progress is counted over all of them, of the most that may be asked.
    """
    done, most = 0, min(plan.probes, settings.max_probes or plan.probes)

    def asked(part: ProbePlan) -> Probed:
        nonlocal done
        before = done
        progress(STAGE, done, most)

        def counted(stage: str, of_part: int, _: int) -> None:
            nonlocal done
            done = before + of_part
            progress(stage, done, most)

        return ask(checkpoint, classifier, bank, part, material, settings, rng, counted)

    return asked


def ask(
    checkpoint: Checkpoint,
    classifier: Classifier,
    bank: EntityBank,
    plan: ProbePlan,
    material: Material,
    settings: ScanSettings,
    rng: np.random.Generator,
    progress: Progress,
) -> Probed:
    """Show the model, and its base where there is one, every planned probe.

    Raises:
        EntityError: Not one instance could be read.
        NotAudited: Memory has no room for a single picture.
        KeyboardInterrupt: It came before anything was answered.
    """
    patience = Patience(_look(classifier, material))
    known = material.base is None or material.base_digest is not None
    keep = cache_folder() if settings.resume and known else None
    with KeptAnswers(_asked(checkpoint, classifier, material, settings), keep) as kept:
        probed = run_probes(
            classifier,
            bank,
            plan,
            batch_size=settings.batch_size or DEFAULT_BATCH,
            rng=rng,
            progress=progress,
            look=kept.look(patience),
        )
    notices = (*halved(kept.fit), *kept.notices())
    return replace(probed, remembered=kept.remembered, notices=notices)


def _look(classifier: Classifier, material: Material) -> Look:
    if material.model is not None:
        return look_with(material.model, material.base)
    return lambda pixels: (classifier.logits(pixels), {})


def _asked(
    checkpoint: Checkpoint, classifier: Classifier, material: Material, settings: ScanSettings
) -> Asked:
    shown = {OWN_FEATURES: material.model, BASE_FEATURES: material.base}
    widths = {name: model.head()[0].shape[1] for name, model in shown.items() if model is not None}
    return Asked(
        model_digest=checkpoint.digest,
        base_digest=None if material.base is None else material.base_digest,
        engine=classifier.engine,
        device=classifier.device,
        precision=settings.precision.value,
        shape=Shape(classes=len(classifier.labels), widths=widths),
    )


def keeping_clean(checkpoint: Checkpoint, classifier: Classifier, settings: ScanSettings) -> Show:
    """How clean data are shown, so that a scan which was cut off need not show them again.

    They are kept in a folder of their own: whether there are answers to probes is another question.
    """

    def show(
        model: FeatureClassifier, base: FeatureClassifier | None, digest: str | None, pixels: Pixels
    ) -> Seen:
        asked = Material(model=model, base=base, base_digest=digest)
        known = base is None or digest is not None
        keep = cache_folder() / CLEAN if settings.resume and known else None
        with KeptAnswers(_asked(checkpoint, classifier, asked, settings), keep) as kept:
            seen = in_batches(kept.look(Patience(look_with(model, base))), pixels)
        halves = (f"clean data: {notice}" for notice in halved(kept.fit))
        return replace(seen, remembered=kept.remembered, notices=(*halves, *kept.damages()))

    return show
