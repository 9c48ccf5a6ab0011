"""What changed between two models as the published records, field by field."""

from __future__ import annotations

import json

from auditor.changes import Change, Harm, Sequela, SequelaReport
from auditor.output.comparison_v1 import COMPARISON_VERSION, ComparisonV1
from auditor.output.convert_v1 import finite, model_v1, plain_settings
from auditor.output.parts_v1 import SkipV1, ToolV1
from auditor.output.sequela_v1 import ChangeV1, HarmV1, SequelaV1


def sequela_v1(sequela: Sequela) -> SequelaV1:
    """The internal record as the published one."""
    return SequelaV1(
        sequela_score=sequela.score,
        low=sequela.low,
        high=sequela.high,
        harms=[_harm(harm) for harm in sequela.harms],
        missing=list(sequela.missing),
        measures={change.measure: _change(change) for change in sequela.changes},
        skips=[
            SkipV1(subject=skip.subject, reason=skip.reason, remedy=skip.remedy)
            for skip in sequela.skips
        ],
        notices=list(sequela.notices),
    )


def comparison_v1(report: SequelaReport) -> ComparisonV1:
    """The internal report of `auditor sequela` as the published one."""
    return ComparisonV1(
        schema_version=COMPARISON_VERSION,
        tool=ToolV1(name="auditor", version=report.tool_version),
        started=report.started,
        finished=report.finished,
        before=model_v1(report.before),
        after=model_v1(report.after),
        reference=None if report.reference is None else model_v1(report.reference),
        settings=plain_settings(report.settings),
        sequela=sequela_v1(report.sequela),
        seconds=report.seconds,
        peak_rss_bytes=report.peak_rss_bytes,
        device=report.device,
    )


def render_json(report: ComparisonV1) -> str:
    """The report as JSON: stable key order, ASCII, a newline at the end."""
    text = json.dumps(report.model_dump(mode="json"), indent=2, allow_nan=False)
    return text.replace("##", "#\\u0023") + "\n"  # "##[...]" is an order to some CI runners


def _change(change: Change) -> ChangeV1:
    return ChangeV1(
        before=finite(change.before),
        after=finite(change.after),
        delta=finite(change.delta),
        low=finite(change.low),
        high=finite(change.high),
        reference=finite(change.reference),
        worse=change.worse,
        observations=change.observations,
        label=change.label,
        note=change.note,
    )


def _harm(harm: Harm) -> HarmV1:
    return HarmV1(
        component=harm.component,
        value=harm.value,
        low=harm.low,
        high=harm.high,
        measure=harm.measure,
        against=harm.against,
    )
