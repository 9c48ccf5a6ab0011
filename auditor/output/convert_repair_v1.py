"""A repair and what it left behind as the published report, field by field."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from auditor.changes import Sequela
from auditor.output.convert_sequela_v1 import sequela_v1
from auditor.output.convert_v1 import finite, plain_settings, to_v1
from auditor.output.parts_v1 import TargetV1
from auditor.output.remediation_v1 import (
    AccuracyV1,
    AttemptV1,
    BarrierV1,
    ClassAccuracyV1,
    ControlV1,
    DataV1,
    MomentV1,
    OriginalV1,
    OverrideV1,
    RangeTestV1,
    RemediationV1,
    RepairedMappingV1,
    ShareV1,
)
from auditor.output.report_v1 import ReportV1
from auditor.repair.record import (
    AccuracyOutcome,
    Barrier,
    Control,
    MappingOutcome,
    Moment,
    Remediation,
    Share,
)
from auditor.types import Checkpoint, Report


def repair_report(
    scan: Report,
    done: Remediation,
    sequela: Sequela | None,
    *,
    original: Checkpoint,
    settings: Mapping[str, Any],
) -> ReportV1:
    """The one report of a repair: the scan of what was written, what was done, what it left.

    Args:
        scan: Of the repaired model; of the original where nothing was written.
        done: The repair.
        sequela: None where it was not measured.
        original: The model that was repaired.
        settings: All that is needed to repair it again.
    """
    parts = {
        "remediation": remediation_v1(done, original, settings),
        "sequela": None if sequela is None else sequela_v1(sequela),
    }
    return ReportV1(**{**dict(to_v1(scan)), **parts})


def no_repair_report(scan: Report, settings: Mapping[str, Any]) -> ReportV1:
    """The report of a repair that ended before there was anything to tell of it.

    Args:
        scan: Without a verdict, and with the reason.
        settings: All that is needed to try again; by them it is known for a repair's.
    """
    return to_v1(scan).model_copy(update={"settings": plain_settings(settings)})


def remediation_v1(
    done: Remediation, original: Checkpoint, settings: Mapping[str, Any]
) -> RemediationV1:
    """The internal record as the published one."""
    data = DataV1(source=done.data_source, examples=done.data_images, held_out=done.held_out_images)
    test = done.range_test
    return RemediationV1(
        model=OriginalV1(
            source=original.source, revision=original.revision, digest=original.digest
        ),
        settings=plain_settings(settings),
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
            rates=list(test.rates),
            losses=[finite(loss) for loss in test.losses],
            chosen=test.chosen,
            why=test.why,
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
    return MomentV1(
        step=moment.step,
        rate=moment.rate,
        loss=finite(moment.loss),
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
        losses=[finite(loss) for loss in barrier.losses],
        accuracies=list(barrier.accuracies),
        success=[list(shares) for shares in barrier.success],
        height=finite(barrier.height),
    )
