"""The internal report as the published one, field by field.

Every field is spelled out, so that renaming something in `auditor.types` shows up here and
never in a user's pipeline.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from enum import Enum
from typing import Any

from pydantic import JsonValue

from auditor.output.parts_v1 import SkipV1, TargetV1, ToolV1, replace_lone_surrogates
from auditor.output.report_v1 import (
    SCHEMA_VERSION,
    BaseV1,
    CalibrationV1,
    ConfidenceV1,
    CostV1,
    EffectV1,
    EntityV1,
    EvidenceV1,
    ExampleV1,
    FileFindingV1,
    FileV1,
    FindingV1,
    ModelV1,
    NeighbourV1,
    RankedPairV1,
    ReferenceAnswerV1,
    ReportV1,
    RoutingMapV1,
    RoutingRowV1,
    RungV1,
    SeverityV1,
    SuppressionV1,
    VerdictV1,
)
from auditor.types import (
    Calibration,
    Confidence,
    Cost,
    Entity,
    Evidence,
    Example,
    FileDigest,
    FileFinding,
    Finding,
    ModelFacts,
    Neighbour,
    RankedPair,
    ReferenceAnswer,
    Report,
    RoutingMap,
    Rung,
    Severity,
    Suppression,
    Verdict,
)

_VERDICTS: dict[Verdict, VerdictV1] = {
    Verdict.BACKDOOR_EVIDENCE: "backdoor-evidence",
    Verdict.NO_EVIDENCE: "no-evidence",
    Verdict.NOT_AUDITED: "not-audited",
}
_SEVERITIES: dict[Severity, SeverityV1] = {
    Severity.LOW: "low",
    Severity.MEDIUM: "medium",
    Severity.HIGH: "high",
    Severity.CRITICAL: "critical",
}
_CONFIDENCES: dict[Confidence, ConfidenceV1] = {
    Confidence.LOW: "low",
    Confidence.MEDIUM: "medium",
    Confidence.HIGH: "high",
}


def to_v1(report: Report | ReportV1) -> ReportV1:
    """The internal report as the published one; a published one is returned as it is.

    Raises:
        ValueError: The report breaks its own contract, such as a finding without evidence.
    """
    if isinstance(report, ReportV1):
        return report
    labels = report.model.labels if report.model else ()
    return ReportV1(
        schema_version=SCHEMA_VERSION,
        tool=ToolV1(name="auditor", version=report.tool_version),
        started=report.started,
        finished=report.finished,
        model=model_v1(report.model) if report.model else None,
        settings=plain_settings(report.settings),
        verdict=_VERDICTS[report.verdict],
        false_positive_rate=float(report.false_positive_rate),
        model_score=_probability(report.model_score),
        model_p_value=_probability(report.model_p_value),
        entities=[_entity(entity) for entity in report.entities],
        findings=[_finding(finding, labels) for finding in report.findings],
        ranking=[_ranked_pair(pair) for pair in report.ranking],
        evidence=[_evidence(evidence, labels) for evidence in report.evidence],
        skips=[
            SkipV1(subject=skip.subject, reason=skip.reason, remedy=skip.remedy)
            for skip in report.skips
        ],
        notices=list(report.notices),
        cost=_cost(report.cost),
        routing=_routing(report.routing, labels) if report.routing else None,
        calibration=_calibration(report.calibration) if report.calibration else None,
        listing=[_file(file) for file in report.listing],
        file_findings=[_file_finding(finding) for finding in report.file_findings],
    )


def model_v1(model: ModelFacts) -> ModelV1:
    """A model as reports name it."""
    base = None
    if model.base_source is not None:
        base = BaseV1(source=model.base_source, revision=model.base_revision)
    return ModelV1(
        source=model.source,
        revision=model.revision,
        digest=model.digest,
        format=model.format,
        architecture=model.architecture,
        task=model.task,
        labels=list(model.labels),
        base=base,
        files=[_file(file) for file in model.files],
    )


def _file(file: FileDigest) -> FileV1:
    return FileV1(path=file.path, size=int(file.size_bytes), sha256=file.sha256, kind=file.kind)


def _file_finding(finding: FileFinding) -> FileFindingV1:
    return FileFindingV1(
        fingerprint=finding.fingerprint,
        rule_id=finding.rule_id,
        severity=_SEVERITIES[finding.severity],
        confidence=_CONFIDENCES[finding.confidence],
        title=finding.title,
        summary=finding.summary,
        file=_file(finding.file),
        named=list(finding.named),
        suppressed=None if finding.suppressed is None else _suppression(finding.suppressed),
        in_baseline=finding.in_baseline,
    )


def _finding(finding: Finding, labels: Sequence[str]) -> FindingV1:
    if not finding.evidence:
        raise ValueError(f"finding {finding.fingerprint} has no evidence")
    return FindingV1(
        fingerprint=finding.fingerprint,
        rule_id=finding.rule_id,
        severity=_SEVERITIES[finding.severity],
        confidence=_CONFIDENCES[finding.confidence],
        p_value=_within_0_1(finding.p_value),
        q_value=_within_0_1(finding.q_value),
        title=finding.title,
        summary=finding.summary,
        entities=[_entity(entity) for entity in finding.entities],
        target=TargetV1(index=int(finding.target_index), label=finding.target_label),
        effect=_effect(finding.evidence[0]),
        evidence=[_evidence(evidence, labels) for evidence in finding.evidence],
        examples=[_example(example, labels) for example in finding.examples],
        suppressed=None if finding.suppressed is None else _suppression(finding.suppressed),
        in_baseline=finding.in_baseline,
        group=finding.group,
        group_entities=list(finding.group_ids),
        explanation=finding.explanation,
        ladder=[_rung(rung) for rung in finding.ladder],
    )


def _suppression(suppression: Suppression) -> SuppressionV1:
    return SuppressionV1(
        reason=suppression.reason,
        owner=suppression.owner,
        expires=suppression.expires.isoformat(),
    )


def _evidence(evidence: Evidence, labels: Sequence[str]) -> EvidenceV1:
    return EvidenceV1(
        kind=evidence.kind,
        statistic=evidence.statistic,
        entities=list(evidence.entity_ids),
        target=_target(evidence.target_index, labels),
        value=finite(evidence.value),
        low=finite(evidence.low),
        high=finite(evidence.high),
        baseline=finite(evidence.baseline),
        p_value=_probability(evidence.p_value),
        observations=int(evidence.observations),
        detail={key: _detail(evidence.detail[key]) for key in sorted(evidence.detail)},
        why_undecided=evidence.why_undecided,
    )


def _effect(evidence: Evidence) -> EffectV1:
    return EffectV1(
        statistic=evidence.statistic,
        value=finite(evidence.value),
        low=finite(evidence.low),
        high=finite(evidence.high),
        baseline=finite(evidence.baseline),
    )


def _example(example: Example, labels: Sequence[str]) -> ExampleV1:
    return ExampleV1(
        entity=example.entity_id,
        instance=example.instance,
        view=example.view,
        predicted=_target(example.predicted_index, labels),
        probability=_probability(example.probability),
        neighbours=[_neighbour(neighbour, labels) for neighbour in example.neighbours],
        references=[_reference(answer, labels) for answer in example.references],
        picture=example.picture,
    )


def _neighbour(neighbour: Neighbour, labels: Sequence[str]) -> NeighbourV1:
    return NeighbourV1(
        instance=neighbour.instance,
        label=_target(neighbour.label_index, labels),
        similarity=finite(neighbour.similarity),
        picture=neighbour.picture,
    )


def _reference(answer: ReferenceAnswer, labels: Sequence[str]) -> ReferenceAnswerV1:
    return ReferenceAnswerV1(
        reference=answer.reference,
        predicted=_target(answer.predicted_index, labels),
        probability=_probability(answer.probability),
        target_probability=_probability(answer.target_probability),
    )


def _rung(rung: Rung) -> RungV1:
    return RungV1(
        view=rung.view,
        probability=_probability(rung.probability),
        observations=int(rung.observations),
        references={name: _probability(rung.references[name]) for name in sorted(rung.references)},
    )


def _routing(routing: RoutingMap, labels: Sequence[str]) -> RoutingMapV1:
    return RoutingMapV1(
        classes=[_target(index, labels) for index in routing.classes],
        rows=[
            RoutingRowV1(
                entity=row.entity_id,
                probabilities=[_probability(value) for value in row.probabilities],
                references={
                    name: [_probability(value) for value in row.references[name]]
                    for name in sorted(row.references)
                },
                held=[int(index) for index in row.held],
            )
            for row in routing.rows
        ],
    )


def _calibration(calibration: Calibration) -> CalibrationV1:
    return CalibrationV1(
        null=calibration.null,
        benign=[float(value) for value in calibration.benign],
        standings={
            name: finite(calibration.standings[name]) for name in sorted(calibration.standings)
        },
    )


def _ranked_pair(pair: RankedPair) -> RankedPairV1:
    return RankedPairV1(
        entity=_entity(pair.entity),
        target=TargetV1(index=int(pair.target_index), label=pair.target_label),
        effect=finite(pair.effect),
        p_value=_probability(pair.p_value),
    )


def _cost(cost: Cost) -> CostV1:
    return CostV1(
        probes=int(cost.probes),
        forward_passes=int(cost.forward_passes),
        seconds=float(cost.seconds),
        seconds_model=float(cost.seconds_model),
        peak_rss_bytes=int(cost.peak_rss_bytes),
        device=cost.device,
        engine=cost.engine,
        remembered=int(cost.remembered),
        planned=None if cost.planned is None else int(cost.planned),
        decided_by=cost.decided_by,
    )


def _entity(entity: Entity) -> EntityV1:
    return EntityV1(id=entity.id, name=entity.name, kind=str(entity.source.value))


def _target(index: int, labels: Sequence[str]) -> TargetV1:
    return TargetV1(index=int(index), label=labels[index] if 0 <= index < len(labels) else None)


def finite(value: float | None) -> float | None:
    """A number that JSON can say, or none."""
    return float(value) if value is not None and math.isfinite(value) else None


def _within_0_1(value: float) -> float:
    # Rounding may leave a p-value a hair outside; not-a-number stays, and is refused.
    return min(max(float(value), 0.0), 1.0)


def _probability(value: float | None) -> float | None:
    number = finite(value)
    return None if number is None else _within_0_1(number)


def _detail(value: float | str) -> float | str | None:
    return value if isinstance(value, str) else finite(value)


def plain_settings(settings: Mapping[str, Any]) -> dict[str, JsonValue]:
    """Settings in the order of their names, as JSON has them."""
    return {str(key): _plain(settings[key]) for key in sorted(settings)}


def _plain(value: Any) -> JsonValue:
    """Settings come from many hands: whatever JSON has no word for becomes text."""
    if isinstance(value, Enum):
        return _plain(value.value)
    if value is None or isinstance(value, bool | int):
        return value
    if isinstance(value, float):
        return finite(value)
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in sorted(value.items(), key=str)}
    if isinstance(value, set | frozenset):
        return [_plain(item) for item in sorted(value, key=str)]
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return str(replace_lone_surrogates(str(value)))
