"""A repair as the page shows it: mappings and accuracy before and after, and how it was done."""

from __future__ import annotations

from dataclasses import dataclass

from auditor.output import repair_wording as words
from auditor.output import wording
from auditor.output.html_curves import (
    MOST_MAPPINGS,
    LinePlot,
    barrier_loss_plot,
    barrier_share_plot,
    history_plot,
    range_plot,
    rate_plot,
)
from auditor.output.html_sequela import SequelaView, sequela_of
from auditor.output.remediation_v1 import (
    AttemptV1,
    BarrierV1,
    ClassAccuracyV1,
    MomentV1,
    RangeTestV1,
    RemediationV1,
    RepairedMappingV1,
    ShareV1,
)
from auditor.output.report_v1 import ReportV1

MOST_SHOWN = 50  # mappings, attempts, reasons
CLASSES_AT_FIRST = 12
MOST_CLASSES = 300
MOST_MOMENTS = 60  # in the table below the plot


@dataclass(frozen=True, slots=True, kw_only=True)
class MappingView:
    """A mapping on a line from 0 to 100, as wide as its cell."""

    mapping: RepairedMappingV1
    before: tuple[float, float, float]
    after: tuple[float, float, float]
    natural: float


@dataclass(frozen=True, slots=True, kw_only=True)
class RepairView:
    """What was done to a model, and what it did to it."""

    done: RemediationV1
    mappings: tuple[MappingView, ...]
    mappings_left_out: int
    drawn_mappings: tuple[RepairedMappingV1, ...]
    natural: str
    accuracy: str
    classes_at_first: tuple[ClassAccuracyV1, ...]
    classes_then: tuple[ClassAccuracyV1, ...]
    classes_left_out: int
    rows: tuple[tuple[str, str], ...]
    doubts: tuple[tuple[str, str], ...]
    attempts: tuple[AttemptV1, ...]
    history: LinePlot | None
    moments: tuple[MomentV1, ...]
    rate: LinePlot | None
    range_test: RangeTestV1 | None
    range_plot: LinePlot | None
    barrier: BarrierV1 | None
    barrier_rows: tuple[tuple[float, float | None, float], ...]
    barrier_loss: LinePlot | None
    barrier_share: LinePlot | None
    sequela: SequelaView | None
    why_no_sequela: str


def repair_of(report: ReportV1, done: RemediationV1) -> RepairView:
    """The view of a report's repair."""
    classes = [] if done.accuracy is None else words.classes_worst_first(done.accuracy)
    barrier = done.barrier
    return RepairView(
        done=done,
        mappings=tuple(_mapping(each) for each in done.mappings[:MOST_SHOWN]),
        mappings_left_out=max(0, len(done.mappings) - MOST_SHOWN),
        drawn_mappings=tuple(done.mappings[:MOST_MAPPINGS]),
        natural=words.natural_line(done),
        accuracy="" if done.accuracy is None else words.accuracy_line(done.accuracy),
        classes_at_first=tuple(classes[:CLASSES_AT_FIRST]),
        classes_then=tuple(classes[CLASSES_AT_FIRST:MOST_CLASSES]),
        classes_left_out=max(0, len(classes) - MOST_CLASSES),
        rows=tuple((name.capitalize(), value) for name, value in words.done_rows(done)),
        doubts=tuple((name.capitalize(), value) for name, value in words.doubt_rows(done)),
        attempts=tuple(done.attempts[:MOST_SHOWN]) if len(done.attempts) > 1 else (),
        history=history_plot(done.history, done.chosen_step),
        moments=tuple(done.history[:MOST_MOMENTS]),
        rate=rate_plot(done.history),
        range_test=done.range_test,
        range_plot=None if done.range_test is None else range_plot(done.range_test),
        barrier=barrier,
        barrier_rows=() if barrier is None else _barrier_rows(barrier),
        barrier_loss=None if barrier is None else barrier_loss_plot(barrier),
        barrier_share=None if barrier is None else barrier_share_plot(barrier),
        sequela=None if report.sequela is None else sequela_of(report.sequela),
        why_no_sequela=words.why_no_sequela(report),
    )


def repair_facts(report: ReportV1, done: RemediationV1) -> tuple[tuple[str, str], ...]:
    """The few numbers that a reader looks for first."""
    found = []
    if done.mappings:
        worst = max(done.mappings, key=lambda each: each.after.value - each.natural.value)
        of = "mapping" if len(done.mappings) == 1 else "worst mapping"
        said = f"{worst.before.value:.2f} \N{RIGHTWARDS ARROW} {worst.after.value:.2f}"
        found += [
            (f"success of the {of}", said),
            ("its natural rate", f"{worst.natural.value:.2f}"),
        ]
    if done.accuracy is not None:
        before, after = done.accuracy.before.value, done.accuracy.after.value
        found.append(("accuracy", f"{before:.3f} \N{RIGHTWARDS ARROW} {after:.3f}"))
    if report.sequela is not None and report.sequela.sequela_score is not None:
        at_least = "\N{GREATER-THAN OR EQUAL TO} " if report.sequela.missing else ""
        said = f"{at_least}{wording.number(report.sequela.sequela_score)}"
        found.append(("sequela score, 0 to 1", said))
    return (*found, ("scan afterwards", report.verdict))


def _barrier_rows(barrier: BarrierV1) -> tuple[tuple[float, float | None, float], ...]:
    """A foreign report may have more of one than of the other."""
    points = zip(barrier.at, barrier.losses, barrier.accuracies, strict=False)
    return tuple(points)[:MOST_MOMENTS]


def _mapping(mapping: RepairedMappingV1) -> MappingView:
    return MappingView(
        mapping=mapping,
        before=_placed(mapping.before),
        after=_placed(mapping.after),
        natural=_placed(mapping.natural)[1],
    )


def _placed(share: ShareV1) -> tuple[float, float, float]:
    """Lower end, value and upper end, within the line."""
    low, value, high = (min(max(at, 0.0), 1.0) for at in (share.low, share.value, share.high))
    return round(100 * low, 1), round(100 * value, 1), round(100 * high, 1)
