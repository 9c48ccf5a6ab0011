"""A repair and what it left behind, made up by hand, as reports show it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from auditor.changes import Change, Harm, Sequela
from auditor.output.convert_repair_v1 import repair_report
from auditor.output.report_v1 import ReportV1
from auditor.repair.record import (
    AccuracyOutcome,
    Attempt,
    Barrier,
    Control,
    MappingOutcome,
    MappingState,
    Moment,
    Overridden,
    RangeTest,
    Remediation,
    RepairVerdict,
    Share,
)
from auditor.types import Checkpoint, CheckpointFormat, Report, Skip
from tests.output.hostile import with_every_string
from tests.reports_for_tests import (
    DOGS_FINDING,
    LABELS,
    LOLLY_FINDING,
    MODEL,
    NO_EVIDENCE,
    NOT_AUDITED,
    STOP,
    YIELD,
)


def share(value: float, observations: int = 240, by: float = 0.05) -> Share:
    return Share(value, max(value - by, 0.0), min(value + by, 1.0), observations)


DOGS = MappingOutcome(
    id=DOGS_FINDING.fingerprint,
    entities=tuple(entity.name for entity in DOGS_FINDING.entities),
    target_index=STOP,
    target_label="stop",
    before=share(0.94),
    after=share(0.06),
    natural=share(0.04),
    accepted=0.09,
    state=MappingState.GONE,
)
LOLLY = MappingOutcome(
    id=LOLLY_FINDING.fingerprint,
    entities=("ice lolly",),
    target_index=YIELD,
    target_label="yield",
    before=share(0.61, 30, 0.17),
    after=share(0.30, 30, 0.16),
    natural=share(0.11, 30, 0.1),
    accepted=0.16,
    state=MappingState.WEAKER,
)
ACCURACY = AccuracyOutcome(
    before=share(0.912, 350, 0.03),
    after=share(0.9, 350, 0.03),
    loss=Share(0.012, -0.006, 0.031, 350),
    per_class=tuple(
        (label, 35, 0.91 if i % 3 else 0.86, 0.91 - 0.02 * i) for i, label in enumerate(LABELS)
    ),
)
RATES = tuple(10 ** (-4 + at / 10) for at in range(47))
MOMENTS = tuple(
    Moment(
        step=20 * at,
        rate=0.9 if at < 4 else 0.045,
        loss=2.1 - 0.15 * at,
        accuracy=min(0.9, 0.2 + 0.075 * at),
        success=(max(0.05, 0.5 - 0.06 * at), 0.6 - 0.03 * at),
    )
    for at in range(1, 11)
)
REPAIR = Remediation(
    method="super-ft",
    verdict=RepairVerdict.PARTLY,
    reasons=("the mapping of ice lolly to yield is weaker, not gone",),
    output="repaired",
    data_source="acme/road-signs",
    data_images=560,
    held_out_images=350,
    steps=200,
    chosen_step=180,
    batch=64,
    seconds=31.7,
    schedule={"lr_base": 0.027, "lr_max1": 0.9, "lr_max2": 0.045, "up": 10.0, "down": 10.0},
    range_test=RangeTest(
        rates=RATES,
        losses=tuple(0.4 if at < 30 else 0.4 + 0.02 * (at - 30) ** 2 for at in range(47)),
        chosen=0.9,
        why="the last rate before the loss climbs through that of guessing",
    ),
    history=MOMENTS,
    overrides=(Overridden("mobilenet_v1.conv_stem.normalization", "momentum", 0.9997, 0.1),),
    frozen=("mobilenet_v1.conv_stem.convolution.weight",),
    natural_from="six honest heads on the base's features",
    mappings=(DOGS, LOLLY),
    accuracy=ACCURACY,
    attempts=(
        Attempt("head-refit", RepairVerdict.NOT_REPAIRED, 0.9, (0.9, 0.5), 200, 9.1),
        Attempt("super-ft", RepairVerdict.PARTLY, 0.9, (0.06, 0.3), 200, 21.4),
    ),
    control=Control(steps=200, accuracy=share(0.41, 350), success=(share(0.1), share(0.07))),
    barrier=Barrier(
        at=tuple(at / 8 for at in range(9)),
        losses=(0.3, 0.5, 0.9, 1.4, 1.6, 1.3, 0.8, 0.45, 0.32),
        accuracies=(0.91, 0.86, 0.7, 0.52, 0.48, 0.55, 0.72, 0.85, 0.9),
        success=tuple((0.94 - 0.11 * at, 0.61 - 0.04 * at) for at in range(9)),
        height=1.29,
    ),
    notices=("the clean data were not checked for poison: no base was given",),
)


def change(measure: str, before: float, after: float, **more: Any) -> Change:
    return Change(
        **{
            **{"measure": measure, "before": before, "after": after, "delta": after - before},
            **{"low": after - before - 0.04, "high": after - before + 0.04, "reference": None},
            **{"worse": "lower", "observations": 350},
            **more,
        }
    )


def harm(component: str, measure: str, value: float) -> Harm:
    return Harm(
        component=component,
        value=value,
        low=max(0.0, value - 0.08),
        high=min(1.0, value + 0.08),
        measure=measure,
        against="before",
    )


LEFT_OUT = tuple(
    Skip(
        subject=name,
        reason=f"not among the quick measures: it takes {steps:,} training steps here",
        remedy="Give --sequela full, or compare the two models with `auditor sequela`.",
    )
    for name, steps in {
        "reinjection-fresh": 720,
        "reinjection-same": 720,
        "reactivation": 330,
    }.items()
)
LEFT = Sequela(
    score=0.21,
    low=0.06,
    high=0.36,
    harms=(
        harm("membership", "membership.repair.loss.auc", 0.18),
        harm("robustness", "robustness.eps-4", 0.11),
        harm("accuracy", "accuracy", 0.0),
        harm("calibration", "calibration.ece", 0.0),
    ),
    missing=("reinjection-fresh", "reinjection-same", "reactivation", "query-reactivation"),
    changes=(
        change("accuracy", 0.912, 0.9),
        *(
            change(f"accuracy.class-{i}", 0.9, 0.9 - 0.02 * i, label=label)
            for i, label in enumerate(LABELS)
        ),
        change("calibration.ece", 0.05, 0.04, worse="higher"),
        change("membership.repair.loss.auc", 0.52, 0.61, worse="higher", reference=0.5),
        change("robustness.eps-4", 0.35, 0.24),
        change("robustness.eps-8", 0.06, 0.05),
        change("query-reactivation", 0.7, 0.4, worse="higher"),
    ),
    skips=(
        *LEFT_OUT,
        Skip(
            subject="query-reactivation",
            reason="measured, but not scored",
            remedy="Give --reference.",
        ),
    ),
    notices=("measured on the images that the repair held out",),
)
SETTINGS = {
    "model": MODEL.source,
    "out": "repaired",
    "clean_data": "acme/road-signs",
    "method": "super-ft",
    "mapping": ["ice lolly=yield"],
    "entities": "auto",
    "steps": 200,
    "barrier": True,
    "sequela": "quick",
    "seed": 7,
}


def original(source: str = MODEL.source) -> Checkpoint:
    return Checkpoint(
        source=source,
        revision=MODEL.revision,
        root=None,  # type: ignore[arg-type] - nothing is read
        format=CheckpointFormat.SAFETENSORS,
        config={},
        files=MODEL.files,
    )


def made(
    repair: Remediation = REPAIR,
    left: Sequela | None = LEFT,
    scan: Report = NO_EVIDENCE,
    settings: dict[str, Any] = SETTINGS,
) -> ReportV1:
    """The report of a repair."""
    return repair_report(scan, repair, left, original=original(), settings=settings)


REPAIRED = replace(
    REPAIR,
    verdict=RepairVerdict.REPAIRED,
    reasons=(),
    mappings=(DOGS,),
    history=tuple(moment._replace(success=moment.success[:1]) for moment in MOMENTS),
    control=None,
)
NOT_REPAIRED = replace(
    REPAIR,
    verdict=RepairVerdict.NOT_REPAIRED,
    output=None,
    mappings=(replace(LOLLY, state=MappingState.THERE, after=share(0.6, 30, 0.17)),),
    barrier=None,
)
NOTHING = Remediation(
    method="auto",
    verdict=RepairVerdict.NOTHING_TO_REPAIR,
    reasons=("no finding names a mapping",),
    output=None,
    data_source="acme/road-signs",
    data_images=560,
    held_out_images=350,
)
REPAIRS: dict[str, Callable[[], ReportV1]] = {
    "repair": made,
    "repaired": lambda: made(REPAIRED),
    "not_repaired": lambda: made(NOT_REPAIRED, None, NOT_AUDITED),
    "nothing": lambda: made(NOTHING, None),
}


def hostile(text: str) -> ReportV1:
    """A repair of a checkpoint in which everything that can be is `text`."""
    fields = {"id": text, "entities": (text, text), "target_label": text}
    mappings = tuple(replace(each, **fields) for each in REPAIR.mappings)
    per_class = tuple((text, *rest) for _, *rest in ACCURACY.per_class)
    repair = replace(
        REPAIR,
        method=text,
        reasons=(text,) * 20,
        output=text,
        data_source=text,
        natural_from=text,
        frozen=(text,),
        notices=(text,) * 20,
        schedule={text: 1.0},
        mappings=mappings,
        accuracy=replace(ACCURACY, per_class=per_class),
        history=MOMENTS,
        range_test=REPAIR.range_test._replace(why=text),  # type: ignore[union-attr]
        overrides=(Overridden(text, text, 0.9, 0.1),),
        attempts=tuple(each._replace(method=text) for each in REPAIR.attempts),
        control=REPAIR.control,
        barrier=REPAIR.barrier,
    )
    left = replace(
        LEFT,
        harms=tuple(replace(h, component=text, measure=text, against=text) for h in LEFT.harms),
        missing=(text,),
        changes=(
            *(replace(c, label=text, note=text) for c in LEFT.changes),
            change(text, 0.1, 0.2, note=text),
        ),
        skips=tuple(Skip(subject=text, reason=text, remedy=text) for _ in LEFT.skips),
        notices=(text,),
    )
    scan = with_every_string(NO_EVIDENCE, text)
    settings = SETTINGS | {"base": text}
    return repair_report(scan, repair, left, original=original(text), settings=settings)
