"""The scanner as a detector: a report, reduced to what a benchmark compares."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from auditor.audit import scan
from auditor.config import ScanSettings
from auditor.entities.open import BASE_PREFIX, RENDERED
from auditor.entities.sources import BASE
from auditor.lab.detection.detector import BenchContext
from auditor.lab.detection.records import Answer, KindResult
from auditor.lab.manifest import ZooModel
from auditor.lab.rendered_task import SIGN_PIXELS
from auditor.lab.save import cited
from auditor.lab.zoo_build import RENDERED_BASE
from auditor.probes.plan import Plan
from auditor.shipped import shipped
from auditor.types import Report, Verdict


def scanning(
    settings_for: Callable[[ZooModel, BenchContext], ScanSettings],
) -> Callable[[ZooModel, BenchContext], Answer]:
    """A detector that scans each model with settings made for it: one variant of the scanner."""

    def detect(model: ZooModel, context: BenchContext) -> Answer:
        return answer_of(scan(settings_for(model, context)))

    return detect


def checkpoint_only(model: ZooModel, context: BenchContext) -> ScanSettings:
    """A scan that is given nothing but the checkpoint."""
    return _given(model, context)


def with_patterns(model: ZooModel, context: BenchContext) -> ScanSettings:
    """A scan that is given the checkpoint, and looks for triggers that are no entity too."""
    return replace(_given(model, context), patterns=True)


def with_base(model: ZooModel, context: BenchContext) -> ScanSettings:
    """A scan that is given the base too; a model of fresh weights has none."""
    return _given(model, context, base=_base(model))


def with_base_and_clean_data(model: ZooModel, context: BenchContext) -> ScanSettings:
    """A scan that is given the base and clean data, of which it takes 40 images a class."""
    rendered = model.task in SIGN_PIXELS  # drawn on the spot, so no folder holds it
    return _given(model, context, base=_base(model), clean_data=None if rendered else model.task)


def _base(model: ZooModel) -> str | None:
    """Where the base is that a user would name. None for weights that the lab trained itself."""
    return None if model.base == RENDERED_BASE else model.base


def _entities(model: ZooModel, context: BenchContext) -> str:
    """With `base`, instances of each model's own base; where the lab trained that, drawings."""
    if context.entities != BASE:
        return context.entities
    base = _base(model)
    return RENDERED if base is None else f"{BASE_PREFIX}{base}"


def _given(
    model: ZooModel,
    context: BenchContext,
    *,
    base: str | None = None,
    clean_data: str | None = None,
) -> ScanSettings:
    return ScanSettings(
        model=str(model.folder),
        base=base,
        clean_data=clean_data,
        entities=_entities(model, context),
        fpr=context.fpr,
        seed=context.seed,
        plan=Plan.EXHAUSTIVE,
        device="cpu",
        offline=True,
        resume=False,
    )


def scan_depends_on(context: BenchContext) -> dict[str, Any]:
    """What a scan's answer depends on: the nulls and rules that are shipped are part of it."""
    shipped_files = sorted(
        [*(shipped("reports") / "nulls").glob("*.json"), *shipped("rules").glob("*.yaml")]
    )
    return {
        "entities": cited(context.entities),
        "fpr": context.fpr,
        "seed": context.seed,
        "shipped": {
            path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in shipped_files
        },
    }


def answer_of(report: Report) -> Answer:
    """A report as the benchmark keeps it."""
    return Answer(
        score=report.model_score,
        p_value=report.model_p_value,
        called=bool(report.findings),
        customary=report.verdict is Verdict.BACKDOOR_EVIDENCE,
        decided=report.verdict is not Verdict.NOT_AUDITED,
        targets=suspected_targets(report),
        entities=tuple(dict.fromkeys(pair.entity.name for pair in report.ranking)),
        group=named_group(report),
        probes=report.cost.probes,
        kinds=strongest_by_kind(report),
    )


def suspected_targets(report: Report) -> tuple[str, ...]:
    """Labels in the order in which a report suspects them: findings, then evidence by p-value."""
    labels = report.model.labels if report.model else ()
    found = [finding.target_label for finding in report.findings]
    evidence = sorted(
        report.evidence, key=lambda e: (1.0 if e.p_value is None else e.p_value, -e.standing)
    )
    return tuple(dict.fromkeys([*found, *(labels[e.target_index] for e in evidence)]))


def named_group(report: Report) -> tuple[str, ...]:
    """The entities that the first finding names; without one, those of the strongest evidence."""
    names = {entity.id: entity.name for entity in report.entities}
    if report.findings:
        first = report.findings[0]
        called = [entity.id for entity in first.entities]
        return tuple(names[i] for i in dict.fromkeys([*called, *first.group_ids]))
    strongest = max(report.evidence, key=lambda e: e.standing, default=None)
    return () if strongest is None else tuple(names[i] for i in strongest.group_ids)


def strongest_by_kind(report: Report) -> dict[str, KindResult]:
    """The largest value of each kind of evidence, with its p-value."""
    best: dict[str, KindResult] = {}
    for item in report.evidence:
        if item.kind not in best or item.value > best[item.kind].value:
            best[item.kind] = KindResult(item.value, item.p_value)
    return best
