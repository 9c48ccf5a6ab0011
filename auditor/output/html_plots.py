"""Where the marks of a plot stand. The templates draw them; no text of a report is in here."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from auditor.output.report_v1 import CalibrationV1, EvidenceV1

WIDTH, MARGIN = 400.0, 14.0
DOTS_HEIGHT = 120.0
BINS = 46
MOST_DOTS = 1500
_CEILINGS = (0.1, 0.2, 0.5, 1.0)
_BEYOND_REASON = 1e9  # a foreign report may hold any number; an axis that long shows nothing


@dataclass(frozen=True, slots=True)
class Tick:
    """A number on an axis."""

    x: float
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class IntervalPlot:
    """A value with its interval above what it is compared with, on one axis."""

    low: float
    high: float
    value: float
    baseline: float | None
    ticks: tuple[Tick, ...]


@dataclass(frozen=True, slots=True)
class Dot:
    """One benign model."""

    x: float
    y: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """Where the model at hand stands in one kind of evidence; `left` if its name goes there."""

    kind: str
    standing: float
    x: float
    y: float
    left: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class CalibrationPlot:
    """Benign models as stacked dots above an axis, the model at hand below it.

    `called` is the x beyond which a finding is called; None where no value would be.
    """

    dots: tuple[Dot, ...]
    radius: float
    axis: float
    ticks: tuple[Tick, ...]
    marks: tuple[Mark, ...]
    called: float | None
    height: float


@dataclass(frozen=True, slots=True)
class _Axis:
    start: float
    end: float

    def __call__(self, value: float) -> float:
        share = (value - self.start) / (self.end - self.start)
        return round(MARGIN + min(max(share, 0.0), 1.0) * (WIDTH - 2 * MARGIN), 1)

    def ticks(self, count: int = 5) -> tuple[Tick, ...]:
        step = round_step((self.end - self.start) / count)
        first, last = math.ceil(self.start / step - 1e-9), math.floor(self.end / step + 1e-9)
        return tuple(Tick(self(i * step), f"{i * step:.10g}") for i in range(first, last + 1))


def interval_plot(evidence: EvidenceV1) -> IntervalPlot | None:
    """The effect on an axis from 0, or below it where it goes there; None without a value."""
    value, low, high = evidence.value, evidence.low, evidence.high
    if value is None or low is None or high is None:
        return None
    drawn = [value, low, high, *([] if evidence.baseline is None else [evidence.baseline])]
    if max(map(abs, drawn)) > _BEYOND_REASON:
        return None
    top = next((one for one in _CEILINGS if max(drawn) <= one), max(drawn))
    axis = _Axis(min(0.0, *drawn), top)
    return IntervalPlot(
        low=axis(low),
        high=axis(high),
        value=axis(value),
        baseline=None if evidence.baseline is None else axis(evidence.baseline),
        ticks=axis.ticks(),
    )


def calibration_plot(
    calibration: CalibrationV1, false_positive_rate: float
) -> CalibrationPlot | None:
    """Dots and marks on one axis; None where there is nothing to draw."""
    standings = {name: at for name, at in calibration.standings.items() if at is not None}
    benign = sorted(calibration.benign)
    if not benign or not standings:
        return None
    drawn = [benign[0], benign[-1], *standings.values()]
    if max(map(abs, drawn)) > _BEYOND_REASON:
        return None
    room = max(max(drawn) - min(drawn), 1.0) * 0.03
    axis = _Axis(min(drawn) - room, max(drawn) + room)
    dots, radius = _dots(benign, axis)
    edge = called_beyond(benign, false_positive_rate)
    ranked = sorted(standings.items(), key=lambda item: -item[1])
    bottom = DOTS_HEIGHT + 40
    return CalibrationPlot(
        dots=dots,
        radius=radius,
        axis=DOTS_HEIGHT,
        ticks=axis.ticks(),
        marks=tuple(
            Mark(
                kind=kind,
                standing=at,
                x=axis(at),
                y=bottom + 18 * row,
                left=axis(at) > WIDTH / 2,
            )
            for row, (kind, at) in enumerate(ranked)
        ),
        called=None if edge is None else axis(edge),
        height=bottom + 18 * len(ranked),
    )


def called_beyond(benign: Sequence[float], false_positive_rate: float) -> float | None:
    """What a statistic must exceed for a p-value at or below the rate; None if nothing can."""
    allowed = math.floor(false_positive_rate * (len(benign) + 1) + 1e-9)
    return sorted(benign)[-allowed] if 1 <= allowed <= len(benign) else None


def _dots(benign: Sequence[float], axis: _Axis) -> tuple[tuple[Dot, ...], float]:
    """Each model above its own bin of the axis, one on the other."""
    shown = benign[:: math.ceil(len(benign) / MOST_DOTS)]
    width = (WIDTH - 2 * MARGIN) / BINS
    bins = [int((axis(value) - MARGIN) / width) for value in shown]
    step = min(width, (DOTS_HEIGHT - 8) / max(Counter(bins).values()))
    height: Counter[int] = Counter()
    dots = []
    for place in bins:
        height[place] += 1
        x = MARGIN + (place + 0.5) * width
        dots.append(Dot(round(x, 1), round(DOTS_HEIGHT - 1 - (height[place] - 0.5) * step, 1)))
    return tuple(dots), round(min(width, max(step, 3.0)) * 0.42, 1)


def round_step(step: float) -> float:
    """The nearest of 1, 2 and 5 times a power of ten that is no smaller."""
    power = 10.0 ** math.floor(math.log10(step))
    return next(factor * power for factor in (1, 2, 5, 10) if factor * power >= step * (1 - 1e-9))
