"""Resolve, load, probe, gather evidence, judge, report: the whole product on one page.

Not named scan.py: once imported, the module would take the place of the function
`auditor.scan`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from auditor import __version__
from auditor.asking import asker, keeping_clean
from auditor.checkpoints.classifier import architecture_of
from auditor.checkpoints.unchanged import require_unchanged
from auditor.config import ScanSettings
from auditor.datasets.open import DatasetSpec
from auditor.entities.bank import EntityBank
from auditor.entities.making import Making
from auditor.entities.open import open_entities
from auditor.errors import EntityError
from auditor.evidence.allowed import allowed_pairs
from auditor.evidence.examples import telling_examples
from auditor.evidence.gather import Gathered, gather, with_p_values
from auditor.evidence.honest import with_honest_answers
from auditor.evidence.legitimate import Job, base_notices, base_skips, the_job
from auditor.evidence.neighbours import with_neighbours
from auditor.evidence.null import stored_null
from auditor.evidence.pictures import with_pictures
from auditor.evidence.routing import routing_map
from auditor.evidence.score import score
from auditor.evidence.table import Pair, looks_of
from auditor.hearing import heard_from
from auditor.intake import take_in
from auditor.judge import Judgement, judge
from auditor.memory import peak_rss_bytes
from auditor.models.classifier import Classifier
from auditor.models.load import load_classifier
from auditor.probes.plan import INSTANCES, ProbePlan, plan_probes
from auditor.probes.reach import NOT_ASKED, Reach, Search, drive_classes
from auditor.probes.run import Probed
from auditor.references.build import References
from auditor.references.open import Material, Wanted, open_material
from auditor.remarks import not_asked, notices_of, picture_notices, plan_notices
from auditor.rules import Rule, all_rules
from auditor.sequence import Ask, Heard
from auditor.silence import rules_that_speak
from auditor.sources import entity_source
from auditor.types import Checkpoint, Cost, Finding, ModelFacts, Report, Skip, Verdict
from auditor.watch import Progress, Stopwatch, now, silent

__all__ = [
    "scan",
    "audit",
    "not_audited",
    "verdict_of",
    "model_facts",
    "wanted_material",
    "entity_source",
    "Progress",
    "Stopwatch",
    "now",
    "silent",
]

NO_MATERIAL = Material()
FOREIGN = "Name entities that have nothing to do with the task: --entities SRC."


def scan(
    settings: ScanSettings, *, no_base: str | None = None, progress: Progress = silent
) -> Report:
    """Audit one model, in this process.

    Args:
        settings: What to scan and how.
        no_base: Why the base that there would be cannot be had; it is not looked for.
        progress: Told how far a stage is.

    Raises:
        NotAudited: It cannot be loaded, or there is nothing to probe with (exit code 3).
        UsageError: A setting or a rule file is wrong (exit code 2).
    """
    watch = Stopwatch.start()
    rules = all_rules(settings.rules)
    checkpoint, intake = take_in(
        settings.model, rules, offline=settings.offline, trust=settings.trust
    )
    with intake.kept():
        classifier = load_classifier(
            checkpoint, engine=settings.engine, device=settings.device, precision=settings.precision
        )
        wanted = replace(wanted_material(settings, checkpoint), no_base=no_base)
        count, base = INSTANCES[settings.depth], wanted.base
        making = Making(base=base, device=settings.device, instances=count, progress=progress)
        bank = open_entities(entity_source(settings), seed=settings.seed, making=making)
        allowed_pairs(settings.allow, bank.entities, classifier.labels)  # a typo is told at once
        keeping = keeping_clean(checkpoint, classifier, settings)
        material = open_material(classifier, wanted, keeping)
        report = audit(
            checkpoint, classifier, bank, rules, settings, watch, material, progress=progress
        )
        require_unchanged(checkpoint)
    return intake.put_into(report)


def audit(
    checkpoint: Checkpoint,
    classifier: Classifier,
    bank: EntityBank,
    rules: Sequence[Rule],
    settings: ScanSettings,
    watch: Stopwatch,
    material: Material = NO_MATERIAL,
    *,
    answers: Ask | None = None,
    progress: Progress = silent,
) -> Report:
    """What comes after loading: ask (or take `answers` to it), gather, judge, report."""
    job = _job(bank, classifier.labels, settings)
    asked = job.bank
    plan = plan_probes(asked.counts, settings.depth)
    rng = np.random.default_rng(settings.seed)
    reach = _reach(material, settings)
    null = stored_null(asked.instance_source)
    ask = answers or asker(checkpoint, classifier, asked, plan, material, settings, rng, progress)
    heard = heard_from(
        ask, checkpoint, classifier, job, plan, material, settings, null, reach, progress
    )
    probed, table, references = heard.probed, heard.table, heard.references
    excused = table.all_held - job.all_held  # by the base
    gathered = _gathered(heard, plan, asked, checkpoint, classifier, rng)
    spoke, silent_rules = rules_that_speak(
        rules, gathered, table, references, settings, reach, heard.perturbed.missing
    )
    judgement = _judged(spoke, gathered, probed, asked, plan, classifier, settings)
    findings = _illustrated(judgement, probed, asked, plan, references, classifier, settings)
    return Report(
        tool_version=__version__,
        started=watch.started,
        finished=now(),
        model=model_facts(checkpoint, classifier.labels, settings.base, material.base_revision),
        settings=settings.as_json(),
        verdict=verdict_of(judgement, gathered, complete=heard.complete),
        false_positive_rate=settings.fpr,
        model_score=score(gathered.model_statistic),
        model_p_value=gathered.model_p_value,
        entities=tuple(asked.entities[i] for i in table.all_tested),
        findings=findings,
        ranking=gathered.ranking,
        evidence=gathered.evidence,
        skips=_skips(heard, plan, job, judgement, silent_rules, excused, classifier.labels),
        notices=(
            *notices_of(bank, probed, table),
            *(*heard.notices, *plan_notices(heard.stage, table, probed, plan)),
            *job.notices,
            *base_notices(excused, asked.entities, classifier.labels),
            *references.notices,
            *picture_notices(findings),
        ),
        cost=_cost(classifier, heard, plan, material, watch),
        routing=routing_map(table, asked.entities),
        calibration=gathered.calibration,
    )


def _skips(
    heard: Heard,
    plan: ProbePlan,
    job: Job,
    judgement: Judgement,
    silent_rules: tuple[Skip, ...],
    excused: frozenset[Pair],
    labels: tuple[str, ...],
) -> tuple[Skip, ...]:
    """All that was not asked, is undecided, or counts for nothing."""
    return (
        *not_asked(heard.probed, plan, job.bank),
        *heard.skips,
        *judgement.skips,
        *silent_rules,
        *job.skips,
        *base_skips(excused, job.bank.entities, labels),
    )


def _reach(material: Material, settings: ScanSettings) -> Reach:
    if not settings.patterns:
        return Reach(missing=dict.fromkeys(Search, NOT_ASKED))
    return drive_classes(material.model, settings.depth, np.random.default_rng([settings.seed, 13]))


def _gathered(
    heard: Heard,
    plan: ProbePlan,
    bank: EntityBank,
    checkpoint: Checkpoint,
    classifier: Classifier,
    rng: np.random.Generator,
) -> Gathered:
    table = heard.table
    if not len(table.all_tested):
        return Gathered(evidence=(), ranking=(), model_statistic=None, model_p_value=None)
    found = gather(
        table,
        heard.null,
        entities=bank.entities,
        labels=classifier.labels,
        rng=rng,
        clean_per_class=heard.references.clean_per_class,
        architecture=architecture_of(checkpoint.config),
        looks=looks_of(heard.probed, plan.views, table.tested),
    )
    return found if not heard.looks else with_p_values(found, heard.p_value)


def _judged(
    rules: Sequence[Rule],
    gathered: Gathered,
    probed: Probed,
    bank: EntityBank,
    plan: ProbePlan,
    classifier: Classifier,
    settings: ScanSettings,
) -> Judgement:
    return judge(
        rules,
        gathered.evidence,
        false_positive_rate=settings.fpr,
        labels=classifier.labels,
        entities=bank.entities,
        examples=telling_examples(probed, bank.entities, plan.views),
    )


def _illustrated(
    judgement: Judgement,
    probed: Probed,
    bank: EntityBank,
    plan: ProbePlan,
    references: References,
    classifier: Classifier,
    settings: ScanSettings,
) -> tuple[Finding, ...]:
    """The findings with all that lets a reader judge them by eye."""
    found = with_neighbours(judgement.findings, probed, bank.entities, plan.views, references.clean)
    found = with_honest_answers(found, probed, bank.entities, plan.views, references)
    return with_pictures(
        found, probed, bank, references.clean, classifier.pixels, settings.pictures
    )


def verdict_of(judgement: Judgement, gathered: Gathered, *, complete: bool) -> Verdict:
    """One of the three verdicts. What is incomplete or undecided is never "no evidence"."""
    if not complete or gathered.model_p_value is None:
        return Verdict.NOT_AUDITED
    if judgement.findings:
        return Verdict.BACKDOOR_EVIDENCE
    return Verdict.NOT_AUDITED if judgement.skips else Verdict.NO_EVIDENCE


def not_audited(reason: str, remedy: str, settings: ScanSettings, watch: Stopwatch) -> Report:
    """The report of a scan that could not be done: valid, and never a verdict."""
    return Report(
        tool_version=__version__,
        started=watch.started,
        finished=now(),
        model=None,
        settings=settings.as_json(),
        verdict=Verdict.NOT_AUDITED,
        false_positive_rate=settings.fpr,
        model_score=None,
        model_p_value=None,
        entities=(),
        findings=(),
        ranking=(),
        evidence=(),
        skips=(Skip(subject=settings.model, reason=reason, remedy=remedy),),
        notices=(),
        cost=Cost(
            probes=0,
            forward_passes=0,
            seconds=watch.seconds(),
            seconds_model=0.0,
            peak_rss_bytes=peak_rss_bytes(),
            device=settings.device,
            engine=settings.engine.value,
        ),
    )


def model_facts(
    checkpoint: Checkpoint,
    labels: tuple[str, ...],
    base: str | None,
    base_revision: str | None = None,
) -> ModelFacts:
    """What the report says of the model itself."""
    return ModelFacts(
        source=checkpoint.source,
        revision=checkpoint.revision,
        digest=checkpoint.digest,
        format=checkpoint.format.value,
        architecture=architecture_of(checkpoint.config),
        task="image-classification",
        labels=labels,
        base_source=base or checkpoint.declared_base,
        base_revision=base_revision,
        files=checkpoint.files,
    )


def wanted_material(settings: ScanSettings, checkpoint: Checkpoint) -> Wanted:
    """The material that the user gave. A model from the Hub brings the base that its card names.

    For a folder on disk nothing is fetched that nobody asked for.
    """
    declared = checkpoint.declared_base if checkpoint.revision is not None else None
    return Wanted(
        base=settings.base or declared,
        base_is_declared=settings.base is None,
        clean_data=(
            None
            if settings.clean_data is None
            else DatasetSpec(source=settings.clean_data, offline=settings.offline)
        ),
        device=settings.device,
        precision=settings.precision,
        offline=settings.offline,
        seed=settings.seed,
    )


def _job(bank: EntityBank, labels: tuple[str, ...], settings: ScanSettings) -> Job:
    job = the_job(bank, labels, allowed_pairs(settings.allow, bank.entities, labels))
    if not job.bank.entities:
        raise EntityError(
            f"no entity of {bank.source} is left to ask about: each means a label of the model, or "
            "may go anywhere",
            hint=FOREIGN,
        )
    return job


def _cost(
    classifier: Classifier, heard: Heard, plan: ProbePlan, material: Material, watch: Stopwatch
) -> Cost:
    probed = heard.probed
    probes = len(probed.predictions.entity)
    asked = 1 if material.base is None else 2
    shown = probes - probed.remembered
    return Cost(
        probes=probes,
        forward_passes=shown * asked + material.references.passes + heard.perturbed.passes,
        remembered=probed.remembered * asked + material.references.remembered,
        seconds=watch.seconds(),
        seconds_model=probed.seconds_model,
        peak_rss_bytes=peak_rss_bytes(),
        device=classifier.device,
        engine=classifier.engine,
        planned=plan.probes,
        decided_by=None if heard.stage is None else heard.stage.value,
    )
