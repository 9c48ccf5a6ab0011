"""Resolve, load, probe, gather evidence, judge, report: the whole product on one page.

Not named scan.py: once imported, the module would take the place of the function
`auditor.scan`.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np

from auditor import __version__
from auditor.checkpoints.classifier import architecture_of
from auditor.checkpoints.resolve import resolve
from auditor.config import ScanSettings
from auditor.datasets.open import DatasetSpec
from auditor.datasets.parquet import Columns
from auditor.entities.bank import EntityBank
from auditor.entities.open import open_entities
from auditor.errors import EntityError
from auditor.evidence.allowed import allowed_pairs
from auditor.evidence.examples import telling_examples
from auditor.evidence.gather import Gathered, gather
from auditor.evidence.kinds import KINDS
from auditor.evidence.legitimate import Job, the_job
from auditor.evidence.neighbours import with_neighbours
from auditor.evidence.null import stored_null
from auditor.evidence.score import score
from auditor.evidence.table import ProbeTable, looks_of, table_of
from auditor.judge import Judgement, judge
from auditor.memory import peak_rss_bytes
from auditor.models.classifier import Classifier
from auditor.models.load import load_classifier
from auditor.probes.plan import ProbePlan, plan_probes
from auditor.probes.run import Probed, run_probes
from auditor.references.build import Reference, References, look_with
from auditor.references.open import Material, Wanted, open_material
from auditor.rules import Rule, all_rules
from auditor.types import Checkpoint, Cost, ModelFacts, Report, Skip, Verdict

DEFAULT_BATCH = 128
UNREADABLE_NAMED = 5
NO_MATERIAL = Material()
# What the user can give, and what each reference is made of.
GIVEN = {"--base": "the base", "--clean-data": "clean data"}
NEEDS = {
    Reference.DRIFT: ("--base",),
    Reference.BASE: ("--base", "--clean-data"),
    Reference.OWN: ("--clean-data",),
}
Progress = Callable[[str, int, int], None]


def silent(stage: str, done: int, total: int) -> None:
    """Progress that nobody watches."""


def scan(settings: ScanSettings, *, progress: Progress = silent) -> Report:
    """Audit one model.

    Raises:
        NotAudited: It cannot be loaded, or there is nothing to probe with (exit code 3).
        UsageError: A setting or a rule file is wrong (exit code 2).
    """
    watch = Stopwatch.start()
    rules = all_rules(settings.rules)
    checkpoint = resolve(settings.model, offline=settings.offline)
    classifier = load_classifier(checkpoint, engine=settings.engine, device=settings.device)
    bank = open_entities(_entity_source(settings), seed=settings.seed)
    allowed_pairs(settings.allow, bank.entities, classifier.labels)  # a typo is told at once
    material = open_material(classifier, _wanted(settings, checkpoint))
    return audit(checkpoint, classifier, bank, rules, settings, watch, material, progress=progress)


def audit(
    checkpoint: Checkpoint,
    classifier: Classifier,
    bank: EntityBank,
    rules: Sequence[Rule],
    settings: ScanSettings,
    watch: Stopwatch,
    material: Material = NO_MATERIAL,
    *,
    progress: Progress = silent,
) -> Report:
    """The part of a scan that comes after loading: probe, gather, judge, report."""
    job = _job(bank, classifier.labels, settings)
    foreign = job.bank
    plan = plan_probes(foreign.counts, settings.depth)
    rng = np.random.default_rng(settings.seed)
    probed = run_probes(
        classifier,
        foreign,
        plan,
        batch_size=settings.batch_size or DEFAULT_BATCH,
        rng=rng,
        progress=progress,
        look=look_with(material.model, material.base) if material.model is not None else None,
    )
    table, references = table_of(
        probed, plan.views, material.references, entities=len(foreign.entities), held=job.held
    )
    gathered = _gathered(table, references, probed, plan, foreign, checkpoint, classifier, rng)
    spoke, silent_rules = rules_that_speak(rules, gathered, references, settings)
    judgement = judge(
        spoke,
        gathered.evidence,
        false_positive_rate=settings.fpr,
        labels=classifier.labels,
        entities=foreign.entities,
        examples=telling_examples(probed, foreign.entities, plan.views),
    )
    return Report(
        tool_version=__version__,
        started=watch.started,
        finished=now(),
        model=model_facts(checkpoint, classifier.labels, settings.base, material.base_revision),
        settings=settings.as_json(),
        verdict=verdict_of(judgement, gathered, complete=probed.complete),
        false_positive_rate=settings.fpr,
        model_score=score(gathered.model_statistic),
        model_p_value=gathered.model_p_value,
        entities=tuple(foreign.entities[i] for i in table.tested),
        findings=with_neighbours(
            judgement.findings, probed, foreign.entities, plan.views, references.clean
        ),
        ranking=gathered.ranking,
        evidence=gathered.evidence,
        skips=(*_not_asked(probed, plan, foreign), *judgement.skips, *silent_rules, *job.skips),
        notices=(*_notices(bank, probed), *job.notices, *references.notices),
        cost=_cost(classifier, probed, material, watch),
    )


@dataclass(frozen=True, slots=True)
class Stopwatch:
    """When a scan started, for the report and for its cost."""

    started: str
    origin_seconds: float

    @classmethod
    def start(cls) -> Stopwatch:
        """Start counting."""
        return cls(started=now(), origin_seconds=time.perf_counter())

    def seconds(self) -> float:
        """Seconds since the start."""
        return time.perf_counter() - self.origin_seconds


def now() -> str:
    """The time in UTC, ISO 8601, to the second."""
    return datetime.now(UTC).isoformat(timespec="seconds")


def _gathered(
    table: ProbeTable,
    references: References,
    probed: Probed,
    plan: ProbePlan,
    bank: EntityBank,
    checkpoint: Checkpoint,
    classifier: Classifier,
    rng: np.random.Generator,
) -> Gathered:
    if not len(table.entity):
        return Gathered(evidence=(), ranking=(), model_statistic=None, model_p_value=None)
    return gather(
        table,
        stored_null(bank.instance_source),
        entities=bank.entities,
        labels=classifier.labels,
        rng=rng,
        clean_per_class=references.clean_per_class,
        architecture=architecture_of(checkpoint.config),
        looks=looks_of(probed, plan.views, table.tested),
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


def _entity_source(settings: ScanSettings) -> DatasetSpec:
    return DatasetSpec(
        source=settings.entities,
        split=settings.split,
        columns=Columns(image=settings.image_column, label=settings.label_column),
        offline=settings.offline,
    )


def _wanted(settings: ScanSettings, checkpoint: Checkpoint) -> Wanted:
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
        offline=settings.offline,
        seed=settings.seed,
    )


def rules_that_speak(
    rules: Sequence[Rule], gathered: Gathered, references: References, settings: ScanSettings
) -> tuple[tuple[Rule, ...], tuple[Skip, ...]]:
    """The rules whose kind of evidence there is material for; for the others, what would help.

    A kind that needs a base or clean data leaves nothing undecided where there are none: the
    verdict rests on the kinds that spoke, and the report lists those that could not.
    """
    there = {evidence.kind for evidence in gathered.evidence}
    if not there:  # nothing was measured at all, which no material would have changed
        return tuple(rules), ()
    quiet = {
        rule.id: _silence(rule.id, reference, references, settings)
        for rule in rules
        if rule.evidence not in there and rule.evidence in KINDS
        if (reference := KINDS[rule.evidence].reference) is not None
    }
    return tuple(rule for rule in rules if rule.id not in quiet), tuple(quiet.values())


def _silence(
    rule: str, reference: Reference, references: References, settings: ScanSettings
) -> Skip:
    usable = {"--base": Reference.DRIFT, "--clean-data": Reference.OWN}
    needs = NEEDS[reference]
    lacking = [option for option in needs if usable[option] not in references.judges]
    if not lacking:
        return Skip(subject=rule, reason="too few benign models were measured with this evidence")
    named = {"--base": settings.base, "--clean-data": settings.clean_data}
    to_give = [option for option in lacking if named[option] is None]
    remedy = f"Give {' and '.join(to_give)}." if to_give else ""
    if len(to_give) < len(lacking):
        remedy = f"{remedy} The notices say why what was given is not used.".strip()
    return Skip(
        subject=rule,
        reason=f"needs {' and '.join(GIVEN[option] for option in needs)}",
        remedy=remedy,
    )


def _job(bank: EntityBank, labels: tuple[str, ...], settings: ScanSettings) -> Job:
    job = the_job(bank, labels, allowed_pairs(settings.allow, bank.entities, labels))
    if not job.bank.entities:
        raise EntityError(
            f"every entity of {bank.source} means a label of the model, so going there is its task",
            hint="Name entities that have nothing to do with the task: --entities SRC.",
        )
    return job


def _not_asked(probed: Probed, plan: ProbePlan, bank: EntityBank) -> tuple[Skip, ...]:
    if probed.complete:
        asked = set(probed.predictions.entity.tolist())
        return tuple(
            Skip(
                subject=entity.id,
                reason=f"no picture of {entity.name!r} could be read",
                remedy="Repair its pictures, or add others.",
            )
            for i, entity in enumerate(bank.entities)
            if i not in asked
        )
    done = len(probed.predictions.entity)
    return (
        Skip(
            subject="scan",
            reason=f"interrupted after {done} of {plan.probes} probes",
            remedy="Run it again to the end; a partial scan gives no verdict.",
        ),
    )


def _notices(bank: EntityBank, probed: Probed) -> tuple[str, ...]:
    notices = [f"entities: {bank.source} ({bank.why})"] if bank.why else []
    if bank.revision:
        notices.append(f"entities: {bank.source} at commit {bank.revision}")
    if probed.unreadable:
        named = "; ".join(probed.unreadable[:UNREADABLE_NAMED])
        more = len(probed.unreadable) - UNREADABLE_NAMED
        named += f"; and {more} more" if more > 0 else ""
        count = len(probed.unreadable)
        notices.append(f"images left out because they could not be read: {count} ({named})")
    return tuple(notices)


def _cost(classifier: Classifier, probed: Probed, material: Material, watch: Stopwatch) -> Cost:
    probes = len(probed.predictions.entity)
    asked = 1 if material.base is None else 2
    return Cost(
        probes=probes,
        forward_passes=probes * asked + material.references.passes,
        seconds=watch.seconds(),
        seconds_model=probed.seconds_model,
        peak_rss_bytes=peak_rss_bytes(),
        device=classifier.device,
        engine=classifier.engine,
    )
