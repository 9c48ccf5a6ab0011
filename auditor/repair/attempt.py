"""One method tried on one case: tune, write, load what was written, and measure that."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from auditor.audit import Stopwatch, audit
from auditor.checkpoints.resolve import resolve
from auditor.models.torch_image import TorchImageClassifier, load_torch
from auditor.repair.answers import classes_of
from auditor.repair.case import Case, material_of
from auditor.repair.mappings import verifying_half
from auditor.repair.methods import METHODS
from auditor.repair.outcome import accuracy_outcome, share_of, state_of, verdict_of
from auditor.repair.record import (
    AccuracyOutcome,
    Attempt,
    MappingOutcome,
    MappingState,
    RepairVerdict,
)
from auditor.repair.save import write_checkpoint
from auditor.repair.shelf import bring_back
from auditor.repair.task import Progress, Tuned
from auditor.rules import all_rules
from auditor.types import Report, Severity, Verdict


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Tried:
    """A method's result as it lies on disk, and what was measured on it.

    Until `rescan` is there, the verdict is by mappings and accuracy alone.
    """

    method: str
    tuned: Tuned
    folder: Path
    mappings: tuple[MappingOutcome, ...]
    accuracy: AccuracyOutcome
    rescan: Report | None
    verdict: RepairVerdict
    reasons: tuple[str, ...]
    seconds: float

    def told(self) -> Attempt:
        """The attempt in one line of a report."""
        return Attempt(
            method=self.method,
            verdict=self.verdict,
            accuracy=self.accuracy.after.value,
            success=tuple(mapping.after.value for mapping in self.mappings),
            steps=self.tuned.steps,
            seconds=self.seconds,
        )

    @property
    def is_gone(self) -> bool:
        """Whether no mapping is left."""
        return all(mapping.state is MappingState.GONE for mapping in self.mappings)

    @property
    def standing(self) -> tuple[float, float]:
        """How good it is: how little is left of the mappings, then accuracy."""
        left = max((m.after.value - m.accepted for m in self.mappings), default=0.0)
        return -max(left, 0.0), self.accuracy.after.value


def attempt(case: Case, method: str, progress: Progress) -> Tried:
    """Tune by one method, from the weights before; measure what was written, short of a scan.

    Raises:
        UsageError: The method cannot be used here, or the disk refuses.
        NotAudited: Tuning diverged.
    """
    started = time.perf_counter()
    bring_back(case.model.module, case.start)
    tuned = METHODS[method].run(case.task(progress))
    folder = case.shelf / method
    write_checkpoint(case.checkpoint, case.model.module, folder, case.settings.out)
    model = load_torch(resolve(str(folder)), device=case.model.device)
    mappings, accuracy = _mappings(case, model), _accuracy(case, model)
    verdict, reasons = verdict_of(mappings, _of_accuracy(accuracy, case))
    return Tried(
        method=method,
        tuned=tuned,
        folder=folder,
        mappings=mappings,
        accuracy=accuracy,
        rescan=None,
        verdict=verdict,
        reasons=reasons,
        seconds=time.perf_counter() - started,
    )


def rescanned(case: Case, tried: Tried, progress: Progress) -> Tried:
    """The attempt with the scan of what it wrote, and the verdict with that."""
    started = time.perf_counter()
    report = _rescan(case, tried, progress)
    objections = (*_of_accuracy(tried.accuracy, case), *_of_scan(report, case))
    verdict, reasons = verdict_of(tried.mappings, objections)
    seconds = tried.seconds + time.perf_counter() - started
    return replace(tried, rescan=report, verdict=verdict, reasons=reasons, seconds=seconds)


def _mappings(case: Case, model: TorchImageClassifier) -> tuple[MappingOutcome, ...]:
    outcomes = []
    for i, (mapping, shown) in enumerate(case.mappings):
        after = share_of(classes_of(model, shown.verify) == mapping.target)
        outcomes.append(
            MappingOutcome(
                id=mapping.id,
                entities=tuple(case.bank.entities[e].name for e in mapping.entities),
                target_index=mapping.target,
                target_label=model.labels[mapping.target],
                before=case.before[i],
                after=after,
                natural=case.natural[i],
                accepted=case.accepted(i),
                state=state_of(case.before[i].value, after.value, case.natural[i].value),
            )
        )
    return tuple(outcomes)


def _accuracy(case: Case, model: TorchImageClassifier) -> AccuracyOutcome:
    judge = case.clean.judge
    rng = np.random.default_rng([case.settings.scan.seed, 23])
    return accuracy_outcome(
        judge.labels, model.labels, case.answers, classes_of(model, judge.pixels), rng
    )


def _rescan(case: Case, tried: Tried, progress: Progress) -> Report:
    """Scan what was written. Pictures that were learnt from are not asked about."""
    settings = case.settings
    written = resolve(str(tried.folder))
    model = load_torch(written, device=case.model.device)
    learnt = METHODS[tried.method].learns_entities
    return audit(
        replace(written, source=str(settings.out)),
        model,
        verifying_half(case.bank) if learnt else case.bank,
        all_rules(settings.scan.rules),
        replace(settings.scan, model=str(settings.out)),
        Stopwatch.start(),
        material_of(settings, written, model, case.no_base),
        progress=lambda stage, done, total: progress(f"{stage} ({tried.method})", done, total),
    )


def _of_accuracy(accuracy: AccuracyOutcome, case: Case) -> tuple[str, ...]:
    most = case.settings.max_accuracy_loss
    if accuracy.loss.value <= most:
        return ()
    return (
        f"accuracy fell by {100 * accuracy.loss.value:.1f} points, "
        f"{100 * most:g} are accepted (--max-accuracy-loss)",
    )


def _of_scan(report: Report | None, case: Case) -> tuple[str, ...]:
    """What a re-scan objects to: findings at or above the gate, or that it could not decide."""
    if report is None:
        return ()
    if report.verdict is Verdict.NOT_AUDITED:
        why = report.skips[0].reason if report.skips else "it was interrupted"
        return (f"the re-scan could not be judged: {why}",)
    if case.settings.scan.fail_on == "never":
        return ()
    floor = Severity(case.settings.scan.fail_on).rank
    grave = [finding for finding in report.findings if finding.severity.rank >= floor]
    return tuple(f"the re-scan still finds: {finding.title}" for finding in grave[:3])
