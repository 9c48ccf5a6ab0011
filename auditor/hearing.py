"""What a model says when asked by plan, gathered beside its references."""

from __future__ import annotations

from dataclasses import replace

from auditor.checkpoints.classifier import architecture_of
from auditor.config import ScanSettings
from auditor.evidence.legitimate import Job, held_by_base
from auditor.evidence.null import StoredNull
from auditor.evidence.table import Pair, ProbeTable, table_of
from auditor.models.classifier import Classifier
from auditor.perturbing import Deeper, PerturbedAnswers, ask_perturbed, never_reached
from auditor.probes.plan import ProbePlan
from auditor.probes.reach import Reach
from auditor.probes.run import Probed
from auditor.probes.views import DEGRADED
from auditor.references.base import taken_for
from auditor.references.build import BASE_FEATURES, Reference, References
from auditor.references.open import Material
from auditor.sequence import Ask, Heard, Inquiry, hear
from auditor.types import Checkpoint
from auditor.watch import Progress


def heard_from(
    answers: Ask,
    checkpoint: Checkpoint,
    classifier: Classifier,
    job: Job,
    plan: ProbePlan,
    material: Material,
    settings: ScanSettings,
    null: StoredNull | None,
    reach: Reach,
    progress: Progress,
) -> Heard:
    """Follow the plan; what needs no probe is in the table from the first stage on."""

    def tabled(probed: Probed) -> tuple[ProbeTable, References]:
        table, references = _table(probed, plan, material, job, classifier.labels, settings)
        return replace(table, reach=reach.margins), references

    deeper = Deeper(settings.depth, null, settings.seed, settings.max_probes, progress)

    def perturbed(probed: Probed, table: ProbeTable, references: References) -> PerturbedAnswers:
        return ask_perturbed(
            classifier, job.bank, plan, probed, table, references, material, deeper
        )

    inquiry = Inquiry(
        plan=plan,
        how=settings.plan,
        most=settings.max_probes,
        false_positive_rate=settings.fpr,
        classes=len(classifier.labels),
        architecture=architecture_of(checkpoint.config),
        null=null,
    )
    heard = hear(inquiry, answers, tabled, perturbed)
    if heard.perturbed.told:
        return heard
    return replace(heard, perturbed=never_reached(deeper, heard.complete))


def _table(
    probed: Probed,
    plan: ProbePlan,
    material: Material,
    job: Job,
    labels: tuple[str, ...],
    settings: ScanSettings,
) -> tuple[ProbeTable, References]:
    """What the model answered beside what its references would; the job does not count."""
    table, references = table_of(
        probed,
        plan.views,
        material.references,
        entities=len(job.bank.entities),
        held=job.held,
        own=job.own,
    )
    known = _known_to_base(probed, plan, material, references, labels, settings)
    return table.holding(known), references


def _known_to_base(
    probed: Probed,
    plan: ProbePlan,
    material: Material,
    references: References,
    labels: tuple[str, ...],
    settings: ScanSettings,
) -> frozenset[Pair]:
    """What the base does already is nothing that was planted after it.

    Only a base that the user named may excuse anything: a card may name one that was poisoned too.
    """
    if settings.base is None or material.base is None or Reference.DRIFT not in references.judges:
        return frozenset()
    sharp = probed.predictions.view != list(plan.views).index(DEGRADED)
    taken = taken_for(material.base, probed.features[BASE_FEATURES][sharp])
    return held_by_base(taken, probed.predictions.entity[sharp], material.base.labels, labels)
