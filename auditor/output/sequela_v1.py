"""What a report says of sequela, version 1; as in `report_v1`, this may not change.

`SequelaPartV1` is the part that a report of a repair has as well; `SequelaReportV1` is the whole
report of `auditor sequela`.
"""

from __future__ import annotations

import json
import math
from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, JsonValue

from auditor.changes import Change, Harm, Sequela, SequelaReport
from auditor.output.report_v1 import replace_lone_surrogates
from auditor.types import ModelFacts

SEQUELA_VERSION: Literal["1"] = "1"

_Str = Annotated[str, BeforeValidator(replace_lone_surrogates)]
_Share = Annotated[float, Field(ge=0, le=1)]
_Count = Annotated[int, Field(ge=0)]
_Amount = Annotated[float, Field(ge=0)]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)


class ChangeV1(_Part):
    """One measure of two models on the same pictures; a number is null where there is none."""

    before: float | None = Field(description="Of the model before the repair.")
    after: float | None = Field(description="Of the model after the repair.")
    delta: float | None = Field(description="After less before.")
    low: float | None = Field(description="Lower bound of the interval of delta (95 %).")
    high: float | None = Field(description="Upper bound of the interval of delta.")
    reference: float | None = Field(description="Of a model that was never poisoned, if given.")
    worse: Literal["higher", "lower"] = Field(description="Which direction is the bad one.")
    observations: _Count = Field(description="Pictures behind it.")
    label: _Str | None = Field(description="The label that it is about, if it is about one.")
    note: _Str = Field(description="How it was measured; may be empty.")


class HarmV1(_Part):
    """How much worse a component is; 0 is not worse at all."""

    component: _Str = Field(description="Name of the component.")
    value: _Share = Field(description="The harm that goes into the score.")
    low: _Share = Field(description="Harm at the mild end of the interval.")
    high: _Share = Field(description="Harm at the grave end of the interval.")
    measure: _Str = Field(description="The measure that it was read from.")
    against: _Str = Field(description="What the model after the repair was compared with.")


class SequelaSkipV1(_Part):
    """Something that could not be measured."""

    subject: _Str = Field(description="Measure, or component.")
    reason: _Str = Field(description="Why it could not be measured.")
    remedy: _Str = Field(description="What would help; may be empty.")


class SequelaPartV1(_Part):
    """What a repair changed in a model's other vulnerabilities."""

    sequela_score: _Share | None = Field(
        description="Worst harm, raised by the mean of the others; null if none was measured. "
        "It knows nothing of the components in sequela_missing."
    )
    sequela_score_low: _Share | None = Field(description="Score of the mild ends of all harms.")
    sequela_score_high: _Share | None = Field(description="Score of the grave ends of all harms.")
    sequela_harms: list[HarmV1] = Field(description="Components of the score, worst first.")
    sequela_missing: list[_Str] = Field(
        description="Components without a harm: the score does not know of them."
    )
    sequela: dict[_Str, ChangeV1] = Field(description="Every measure, by its name.")
    sequela_skips: list[SequelaSkipV1] = Field(description="What could not be measured, and why.")


class ComparedV1(_Part):
    """One of the models."""

    source: _Str = Field(description="What the user named.")
    revision: _Str | None = Field(description="Commit hash; null for a folder or a file.")
    digest: _Str = Field(description="SHA-256 over the file digests: names the exact weights.")
    format: _Str = Field(description="Format of the weight files.")
    architecture: _Str = Field(description="Architecture, as the checkpoint declares it.")


class SequelaReportV1(SequelaPartV1):
    """The report of `auditor sequela`."""

    schema_version: Literal["1"] = Field(description="Version of this contract.")
    tool: _Str = Field(description="Name and version of the program.")
    started: _Str = Field(description="ISO 8601, UTC.")
    finished: _Str = Field(description="ISO 8601, UTC.")
    before: ComparedV1 = Field(description="The model before the repair.")
    after: ComparedV1 = Field(description="The model after the repair.")
    reference: ComparedV1 | None = Field(description="A model never poisoned, if given.")
    labels: list[_Str] = Field(description="Class names of all of them, by index.")
    settings: dict[_Str, JsonValue] = Field(description="Everything needed to run it again.")
    notices: list[_Str] = Field(description="What a reader should know about this run.")
    seconds: _Amount = Field(description="Wall-clock seconds.")
    peak_rss_bytes: _Count = Field(description="Peak resident memory of the process.")
    device: _Str = Field(description="Device the models ran on.")


def part_v1(sequela: Sequela) -> SequelaPartV1:
    """The part that a report of a repair has as well."""
    return SequelaPartV1(
        sequela_score=sequela.score,
        sequela_score_low=sequela.low,
        sequela_score_high=sequela.high,
        sequela_harms=[_harm(harm) for harm in sequela.harms],
        sequela_missing=list(sequela.missing),
        sequela={change.measure: _change(change) for change in sequela.changes},
        sequela_skips=[
            SequelaSkipV1(subject=skip.subject, reason=skip.reason, remedy=skip.remedy)
            for skip in sequela.skips
        ],
    )


def report_v1(report: SequelaReport) -> SequelaReportV1:
    """The internal report as the published one."""
    part = part_v1(report.sequela)
    return SequelaReportV1(
        **{name: getattr(part, name) for name in SequelaPartV1.model_fields},
        schema_version=SEQUELA_VERSION,
        tool=f"auditor {report.tool_version}",
        started=report.started,
        finished=report.finished,
        before=_compared(report.before),
        after=_compared(report.after),
        reference=None if report.reference is None else _compared(report.reference),
        labels=list(report.before.labels),
        settings=dict(report.settings),
        notices=list(report.sequela.notices),
        seconds=report.seconds,
        peak_rss_bytes=report.peak_rss_bytes,
        device=report.device,
    )


def render_json(report: SequelaReportV1) -> str:
    """The report as JSON: stable key order, ASCII, a newline at the end."""
    text = json.dumps(report.model_dump(mode="json"), indent=2, allow_nan=False)
    return text.replace("##", "#\\u0023") + "\n"  # "##[...]" is an order to some CI runners


def _change(change: Change) -> ChangeV1:
    return ChangeV1(
        before=_finite(change.before),
        after=_finite(change.after),
        delta=_finite(change.delta),
        low=_finite(change.low),
        high=_finite(change.high),
        reference=_finite(change.reference),
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


def _compared(model: ModelFacts) -> ComparedV1:
    return ComparedV1(
        source=model.source,
        revision=model.revision,
        digest=model.digest,
        format=model.format,
        architecture=model.architecture,
    )


def _finite(value: float | None) -> float | None:
    return None if value is None or not math.isfinite(value) else float(value)
