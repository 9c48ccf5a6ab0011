"""What a JSON report says of a repair, version 1. A contract, apart from the internal records."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from auditor.output.report_v1 import ReportV1, TargetV1, replace_lone_surrogates
from auditor.repair.record import (
    AccuracyOutcome,
    Barrier,
    Control,
    MappingOutcome,
    Moment,
    Remediation,
    Share,
)

_Str = Annotated[str, BeforeValidator(replace_lone_surrogates)]
_Share = Annotated[float, Field(ge=0, le=1)]
_Count = Annotated[int, Field(ge=0)]
_Amount = Annotated[float, Field(ge=0)]
RepairVerdictV1 = Literal["repaired", "partly", "not repaired", "nothing to repair"]
MappingStateV1 = Literal["gone", "weaker", "there"]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)


class ShareV1(_Part):
    """A share with its 95 % interval."""

    value: float = Field(description="The share; of a loss it may be negative.")
    low: float = Field(description="Lower bound of the 95 % interval.")
    high: float = Field(description="Upper bound of the 95 % interval.")
    observations: _Count = Field(description="Pictures behind it.")


class RepairedMappingV1(_Part):
    """A mapping before and after: the share of its entities' pictures that go to its class."""

    id: _Str = Field(description="Fingerprint of the finding, or the pair as it was named.")
    entities: list[_Str] = Field(description="Names of the entities.")
    target: TargetV1 = Field(description="The class.")
    before: ShareV1 = Field(description="Before the repair.")
    after: ShareV1 = Field(description="After it, on the same pictures.")
    natural: ShareV1 = Field(description="What honest heads do with the same pictures.")
    accepted: float = Field(description="The mapping counts as gone up to here.")
    state: MappingStateV1 = Field(description="What became of it.")


class ClassAccuracyV1(_Part):
    """Accuracy on one class."""

    label: _Str = Field(description="Name of the class.")
    images: _Count = Field(description="Held-out images of it.")
    before: _Share = Field(description="Share right before.")
    after: _Share = Field(description="Share right after.")


class AccuracyV1(_Part):
    """Accuracy on held-out clean images."""

    before: ShareV1 = Field(description="Before the repair.")
    after: ShareV1 = Field(description="After it, on the same images.")
    loss: ShareV1 = Field(description="Before less after, image by image.")
    per_class: list[ClassAccuracyV1] = Field(description="The same for every class.")


class MomentV1(_Part):
    """The model after some steps of tuning; a loss is null where it was not finite."""

    step: _Count = Field(description="Steps taken.")
    rate: float = Field(description="Learning rate of the last of them.")
    loss: float | None = Field(description="Mean loss since the moment before.")
    accuracy: _Share = Field(description="On the images that choose the best moment.")
    success: list[_Share] = Field(
        description="Of each mapping, on pictures apart from the verdict's."
    )


class RangeTestV1(_Part):
    """The learning-rate range test behind a peak that nobody gave."""

    rates: list[float] = Field(description="Learning rates tried.")
    losses: list[float] = Field(description="Smoothed loss after a step with each.")
    chosen: float = Field(description="The rate that became the first peak.")
    why: _Str = Field(description="Why this one.")


class OverrideV1(_Part):
    """A setting of the checkpoint that was changed while tuning and restored on saving."""

    module: _Str = Field(description="Where in the network.")
    setting: _Str = Field(description="Which setting.")
    was: float = Field(description="The checkpoint's value.")
    became: float = Field(description="The value while tuning.")


class AttemptV1(_Part):
    """A method that was tried."""

    method: _Str = Field(description="Its name.")
    verdict: RepairVerdictV1 = Field(description="What came of it.")
    accuracy: _Share = Field(description="On held-out clean images, after.")
    success: list[_Share] = Field(description="Of each mapping, after.")
    steps: _Count = Field(description="Steps of tuning.")
    seconds: _Amount = Field(description="Wall-clock seconds, its re-scan among them.")


class ControlV1(_Part):
    """The same architecture from fresh weights, on the same data, for the same steps."""

    steps: _Count = Field(description="Steps of training.")
    accuracy: ShareV1 = Field(description="On held-out clean images.")
    success: list[ShareV1] = Field(description="Of each mapping.")


class BarrierV1(_Part):
    """Models on the straight line from the weights before (0) to those after (1)."""

    at: list[_Share] = Field(description="Where on the line.")
    losses: list[float] = Field(description="Loss on held-out clean images.")
    accuracies: list[_Share] = Field(description="Accuracy on them.")
    success: list[list[_Share]] = Field(description="Of each mapping, point by point.")
    height: float = Field(description="The most that the loss rises above the ends' line.")


class DataV1(_Part):
    """The clean data of a repair."""

    source: _Str = Field(description="What the user named.")
    examples: _Count = Field(description="Images that were tuned on.")
    held_out: _Count = Field(description="Other images that judge.")


class RemediationV1(_Part):
    """What was done to a model and what it did to it."""

    method: _Str = Field(description="The method whose result was kept.")
    verdict: RepairVerdictV1 = Field(description="What became of the mappings that were found.")
    reasons: list[_Str] = Field(description="Why the verdict is not a better one.")
    output: _Str | None = Field(description="The folder that was written; null where none was.")
    data: DataV1 = Field(description="The clean data.")
    steps: _Count = Field(description="Steps of tuning.")
    chosen_step: _Count = Field(description="The step whose weights were kept.")
    batch: _Count = Field(description="Images a step.")
    seconds: _Amount = Field(description="Wall-clock seconds of the whole.")
    schedule: dict[_Str, float] = Field(description="The method's numbers.")
    range_test: RangeTestV1 | None = Field(description="Null where peaks were given or not needed.")
    history: list[MomentV1] = Field(description="The model while it was tuned.")
    overrides: list[OverrideV1] = Field(description="Settings that would have ruined it.")
    frozen: list[_Str] = Field(description="Frozen parameters that were tuned nevertheless.")
    natural_from: _Str = Field(description="Whose answer the natural rates are.")
    mappings: list[RepairedMappingV1] = Field(description="Every mapping, before and after.")
    accuracy: AccuracyV1 | None = Field(description="Null where nothing was tuned.")
    attempts: list[AttemptV1] = Field(description="Every method that was tried, in that order.")
    control: ControlV1 | None = Field(description="Null where none was asked for.")
    barrier: BarrierV1 | None = Field(description="Null where none was asked for.")
    notices: list[_Str] = Field(description="What a reader should know.")


class RemediationReportV1(ReportV1):
    """The scan report of the repaired model, and what was done to it."""

    remediation: RemediationV1 = Field(description="What was done to the model.")


def remediation_v1(done: Remediation) -> RemediationV1:
    """The internal record as the published one."""
    data = DataV1(source=done.data_source, examples=done.data_images, held_out=done.held_out_images)
    test = done.range_test
    return RemediationV1(
        method=done.method,
        verdict=done.verdict.value,
        reasons=list(done.reasons),
        output=done.output,
        data=data,
        steps=done.steps,
        chosen_step=done.chosen_step,
        batch=done.batch,
        seconds=done.seconds,
        schedule=dict(done.schedule),
        range_test=None
        if test is None
        else RangeTestV1(
            rates=list(test.rates), losses=list(test.losses), chosen=test.chosen, why=test.why
        ),
        history=[_moment(moment) for moment in done.history],
        overrides=[OverrideV1(**each._asdict()) for each in done.overrides],
        frozen=list(done.frozen),
        natural_from=done.natural_from,
        mappings=[_mapping(mapping) for mapping in done.mappings],
        accuracy=None if done.accuracy is None else _accuracy(done.accuracy),
        attempts=[
            AttemptV1(
                method=each.method,
                verdict=each.verdict.value,
                accuracy=each.accuracy,
                success=list(each.success),
                steps=each.steps,
                seconds=each.seconds,
            )
            for each in done.attempts
        ],
        control=None if done.control is None else _control(done.control),
        barrier=None if done.barrier is None else _barrier(done.barrier),
        notices=list(done.notices),
    )


def _share(share: Share) -> ShareV1:
    return ShareV1(**share._asdict())


def _moment(moment: Moment) -> MomentV1:
    finite = abs(moment.loss) < float("inf")
    return MomentV1(
        step=moment.step,
        rate=moment.rate,
        loss=moment.loss if finite else None,
        accuracy=moment.accuracy,
        success=list(moment.success),
    )


def _mapping(mapping: MappingOutcome) -> RepairedMappingV1:
    return RepairedMappingV1(
        id=mapping.id,
        entities=list(mapping.entities),
        target=TargetV1(index=mapping.target_index, label=mapping.target_label),
        before=_share(mapping.before),
        after=_share(mapping.after),
        natural=_share(mapping.natural),
        accepted=mapping.accepted,
        state=mapping.state.value,
    )


def _accuracy(accuracy: AccuracyOutcome) -> AccuracyV1:
    return AccuracyV1(
        before=_share(accuracy.before),
        after=_share(accuracy.after),
        loss=_share(accuracy.loss),
        per_class=[
            ClassAccuracyV1(label=label, images=images, before=before, after=after)
            for label, images, before, after in accuracy.per_class
        ],
    )


def _control(control: Control) -> ControlV1:
    return ControlV1(
        steps=control.steps,
        accuracy=_share(control.accuracy),
        success=[_share(share) for share in control.success],
    )


def _barrier(barrier: Barrier) -> BarrierV1:
    return BarrierV1(
        at=list(barrier.at),
        losses=list(barrier.losses),
        accuracies=list(barrier.accuracies),
        success=[list(shares) for shares in barrier.success],
        height=barrier.height,
    )
