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
from auditor.evidence.examples import telling_examples
from auditor.evidence.gather import Gathered, gather
from auditor.evidence.legitimate import without_own_labels
from auditor.evidence.null import stored_null
from auditor.evidence.score import score
from auditor.evidence.table import tabulate
from auditor.judge import Judgement, judge
from auditor.memory import peak_rss_bytes
from auditor.models.classifier import Classifier
from auditor.models.load import load_classifier
from auditor.probes.plan import ProbePlan, plan_probes
from auditor.probes.run import Probed, run_probes
from auditor.probes.views import DEGRADED
from auditor.rules import Rule, all_rules
from auditor.types import Checkpoint, Cost, ModelFacts, Report, Skip, Verdict

DEFAULT_BATCH = 128
UNREADABLE_NAMED = 5
NOTHING = Gathered(evidence=(), ranking=(), model_statistic=None, model_p_value=None)
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
    return audit(checkpoint, classifier, bank, rules, settings, watch, progress=progress)


def audit(
    checkpoint: Checkpoint,
    classifier: Classifier,
    bank: EntityBank,
    rules: Sequence[Rule],
    settings: ScanSettings,
    watch: Stopwatch,
    *,
    progress: Progress = silent,
) -> Report:
    """The part of a scan that comes after loading: probe, gather, judge, report."""
    foreign, legitimate = _foreign(bank, classifier.labels)
    plan = plan_probes(foreign.counts, settings.depth)
    rng = np.random.default_rng(settings.seed)
    probed = run_probes(
        classifier,
        foreign,
        plan,
        batch_size=settings.batch_size or DEFAULT_BATCH,
        rng=rng,
        progress=progress,
    )
    table = tabulate(
        probed.predictions, plan.views, degraded=DEGRADED, entities=len(foreign.entities)
    )
    null = stored_null(foreign.instance_source)
    if null is not None:
        null = null.alike(architecture_of(checkpoint.config))
    gathered = (
        gather(table, null, entities=foreign.entities, labels=classifier.labels, rng=rng)
        if len(table.entity)
        else NOTHING
    )
    judgement = judge(
        rules,
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
        model=model_facts(checkpoint, classifier.labels, settings.base),
        settings=settings.as_json(),
        verdict=verdict_of(judgement, gathered, complete=probed.complete),
        false_positive_rate=settings.fpr,
        model_score=score(gathered.model_statistic),
        model_p_value=gathered.model_p_value,
        entities=tuple(foreign.entities[i] for i in table.tested),
        findings=judgement.findings,
        ranking=gathered.ranking,
        evidence=gathered.evidence,
        skips=(*_not_asked(probed, plan, foreign), *judgement.skips, *legitimate),
        notices=_notices(bank, probed, settings.base),
        cost=_cost(classifier, probed, watch),
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


def model_facts(checkpoint: Checkpoint, labels: tuple[str, ...], base: str | None) -> ModelFacts:
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
        base_revision=None,
        files=checkpoint.files,
    )


def _entity_source(settings: ScanSettings) -> DatasetSpec:
    return DatasetSpec(
        source=settings.entities,
        split=settings.split,
        columns=Columns(image=settings.image_column, label=settings.label_column),
        offline=settings.offline,
    )


def _foreign(bank: EntityBank, labels: tuple[str, ...]) -> tuple[EntityBank, tuple[Skip, ...]]:
    foreign, legitimate = without_own_labels(bank, labels)
    if not foreign.entities:
        raise EntityError(
            f"every entity of {bank.source} means a label of the model, so going there is its task",
            hint="Name entities that have nothing to do with the task: --entities SRC.",
        )
    return foreign, legitimate


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


def _notices(bank: EntityBank, probed: Probed, base: str | None) -> tuple[str, ...]:
    notices = [f"entities: {bank.source} ({bank.why})"] if bank.why else []
    if bank.revision:
        notices.append(f"entities: {bank.source} at commit {bank.revision}")
    if probed.unreadable:
        named = "; ".join(probed.unreadable[:UNREADABLE_NAMED])
        more = len(probed.unreadable) - UNREADABLE_NAMED
        named += f"; and {more} more" if more > 0 else ""
        count = len(probed.unreadable)
        notices.append(f"images left out because they could not be read: {count} ({named})")
    if base:
        notices.append(f"base {base} is recorded; no kind of evidence uses a base yet")
    return tuple(notices)


def _cost(classifier: Classifier, probed: Probed, watch: Stopwatch) -> Cost:
    probes = len(probed.predictions.entity)
    return Cost(
        probes=probes,
        forward_passes=probes,
        seconds=watch.seconds(),
        seconds_model=probed.seconds_model,
        peak_rss_bytes=peak_rss_bytes(),
        device=classifier.device,
        engine=classifier.engine,
    )
