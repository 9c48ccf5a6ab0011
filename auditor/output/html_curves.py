"""Where the lines of a repair's plots run. The templates draw them; no text of a report is here."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from auditor.output.html_plots import Tick, round_step
from auditor.output.remediation_v1 import BarrierV1, MomentV1, RangeTestV1

LEFT, RIGHT = 44.0, 392.0
TOP, BOTTOM = 10.0, 130.0
MOST_POINTS = 400
MOST_MAPPINGS = 3  # lines of them in one plot
_BEYOND_REASON = 1e9  # a foreign report may hold any number; an axis that long shows nothing


@dataclass(frozen=True, slots=True)
class Level:
    """A number on the upright axis."""

    y: float
    text: str


@dataclass(frozen=True, slots=True)
class Curve:
    """One line: which of the styles it has, and its path."""

    style: str
    path: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LinePlot:
    """Lines over one axis; `mark` is the x of what was chosen, None where nothing was."""

    curves: tuple[Curve, ...]
    ticks: tuple[Tick, ...]
    levels: tuple[Level, ...]
    mark: float | None = None


@dataclass(frozen=True, slots=True)
class _Scale:
    start: float
    end: float
    first: float
    last: float

    def __call__(self, value: float) -> float:
        share = (value - self.start) / (self.end - self.start)
        return round(self.first + min(max(share, 0.0), 1.0) * (self.last - self.first), 1)


def history_plot(history: Sequence[MomentV1], chosen: int) -> LinePlot | None:
    """Accuracy and the success of the first mappings, over steps."""
    if not history:
        return None
    steps = [float(moment.step) for moment in history]
    lines = _shares([m.accuracy for m in history], [m.success for m in history])
    return _plot(steps, lines, (0.0, 1.0), mark=float(chosen))


def rate_plot(history: Sequence[MomentV1]) -> LinePlot | None:
    """The learning rate at the moments that were looked at."""
    rates = [moment.rate for moment in history]
    if not rates or max(rates) <= 0:
        return None
    return _plot([float(m.step) for m in history], [("rate", rates)], (0.0, max(rates)))


def range_plot(test: RangeTestV1) -> LinePlot | None:
    """The smoothed loss over the logarithm of the rate."""
    pairs = [
        (math.log10(rate), loss)
        for rate, loss in zip(test.rates, test.losses, strict=False)
        if rate > 0 and loss is not None
    ]
    if len(pairs) < 2 or test.chosen <= 0:
        return None
    losses = [loss for _, loss in pairs]
    plot = _plot(
        [at for at, _ in pairs], [("loss", losses)], _around(losses), mark=math.log10(test.chosen)
    )
    return None if plot is None else _in_powers(plot, pairs[0][0], pairs[-1][0])


def barrier_loss_plot(barrier: BarrierV1) -> LinePlot | None:
    """The loss between the weights before and after."""
    pairs = [(at, loss) for at, loss in _zip(barrier.at, barrier.losses) if loss is not None]
    losses = [loss for _, loss in pairs]
    if len(pairs) < 2:
        return None
    return _plot([at for at, _ in pairs], [("loss", losses)], (0.0, max(*losses, 0.01)))


def barrier_share_plot(barrier: BarrierV1) -> LinePlot | None:
    """Accuracy and the success of the first mappings between the weights before and after."""
    if len(barrier.at) < 2 or len(barrier.accuracies) != len(barrier.at):
        return None
    success = barrier.success if len(barrier.success) == len(barrier.at) else [[]]
    return _plot(list(barrier.at), _shares(barrier.accuracies, success), (0.0, 1.0))


def _shares(
    accuracies: Sequence[float], success: Sequence[Sequence[float]]
) -> list[tuple[str, Sequence[float]]]:
    """Lines of accuracy and of the first mappings, whose success is told point by point."""
    count = min(MOST_MAPPINGS, min(len(each) for each in success))
    mappings = [(f"success-{i}", [each[i] for each in success]) for i in range(count)]
    return [("accuracy", accuracies), *mappings]


def _zip(at: Sequence[float], losses: Sequence[float | None]) -> list[tuple[float, float | None]]:
    return list(zip(at, losses, strict=False))


def _around(values: Sequence[float]) -> tuple[float, float]:
    return min(0.0, *values), max(*values, 0.01)


def _plot(
    at: Sequence[float],
    lines: Sequence[tuple[str, Sequence[float]]],
    reach: tuple[float, float],
    mark: float | None = None,
) -> LinePlot | None:
    """Lines over a common axis; None where a number is out of all reason."""
    drawn = [*at, *reach, *(value for _, values in lines for value in values)]
    if len(at) < 2 or max(map(abs, drawn)) > _BEYOND_REASON or at[0] >= at[-1]:
        return None
    x, y = _Scale(at[0], at[-1], LEFT, RIGHT), _Scale(*reach, BOTTOM, TOP)
    every = math.ceil(len(at) / MOST_POINTS)
    kept = [*range(0, len(at) - 1, every), len(at) - 1]
    curves = (
        Curve(style, "M" + "L".join(f"{x(at[i])} {y(values[i])}" for i in kept))
        for style, values in lines
    )
    return LinePlot(
        curves=tuple(curves),
        ticks=tuple(Tick(x(value), f"{value:.10g}") for value in _round(at[0], at[-1], 5)),
        levels=tuple(Level(y(value), f"{value:.10g}") for value in _round(*reach, 4)),
        mark=None if mark is None else x(mark),
    )


def _in_powers(plot: LinePlot, first: float, last: float) -> LinePlot:
    """The same with a tick at every power of ten."""
    x = _Scale(first, last, LEFT, RIGHT)
    powers = range(math.ceil(first - 1e-9), math.floor(last + 1e-9) + 1)
    ticks = tuple(Tick(x(power), f"{10.0**power:g}") for power in powers)
    return LinePlot(curves=plot.curves, ticks=ticks, levels=plot.levels, mark=plot.mark)


def _round(start: float, end: float, count: int) -> list[float]:
    """Round numbers within a reach."""
    step = round_step((end - start) / count)
    first, last = math.ceil(start / step - 1e-9), math.floor(end / step + 1e-9)
    return [i * step for i in range(first, last + 1)]
