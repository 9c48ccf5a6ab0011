"""Sequela by method of repair, as Markdown: the score, its components, what is behind them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from statistics import mean

import numpy as np

from auditor.lab.repairs.aftermath import Aftermath
from auditor.lab.repairs.figures import Figure, mean_over
from auditor.lab.repairs.page import NOTHING, table
from auditor.sequela.measures import MEASURES

WORKS = 0.1  # mean attack success of a method that repairs

# One line each in the table of values: the measure, and which way is worse.
SHOWN = (
    ("accuracy", "lower"),
    ("calibration.ece", "higher"),
    ("membership.repair.loss.auc", "higher"),
    ("membership.repair.lira.auc", "higher"),
    ("robustness.eps-4", "lower"),
    ("reinjection-fresh.mean", "higher"),
    ("reinjection-same.mean", "higher"),
    ("reactivation", "higher"),
    ("query-reactivation", "higher"),
)


def aftermath_page(rows: Sequence[Aftermath], made_by: str) -> str:
    """The table of harms, the table of values, and which method leaves the least."""
    victims = len({row.victim for row in rows})
    parts = [
        "# What each method of repair leaves behind",
        f"{victims} victims of entity backdoors, each repaired by every method with the same "
        "clean images, steps and batch; beside them stands a clean fine-tune of the same setting. "
        "Harms are those of `auditor sequela`: 0 is not worse than before, 1 is as bad as can be; "
        "brackets hold 95 % intervals over victims (bootstrap). A method that leaves the backdoor "
        "where it is changes little else, so success and accuracy after the repair stand "
        f"beside. Made by {made_by}.",
        least(rows),
        "## Harms, means over victims",
        _harms(rows),
        "## Values, means over victims: before -> after (clean fine-tune)",
        _values(rows),
        "## Every victim: score (attack success after)",
        _victims(rows),
    ]
    return "\n\n".join(parts) + "\n"


def least(rows: Sequence[Aftermath]) -> str:
    """In one sentence which method leaves the least, among those that repair.

    A second one names the methods that these victims cannot tell from it: those whose difference
    in score, victim by victim, has an interval that holds zero.
    """
    working = [name for name in _methods(rows) if _mean_success(rows, name) <= WORKS]
    scored = {name: _score(rows, name) for name in working}
    known = {name: figure for name, figure in scored.items() if figure is not None}
    if not known:
        return "No method brings mean attack success to 10 % or less, so none is named here."
    best = min(known, key=lambda name: known[name].value)
    return (
        f"**Among the methods that bring mean attack success to {100 * WORKS:.0f} % or less, "
        f"`{best}` leaves the least: a score of {_said(known[best])}.**{_tied(rows, best, known)}"
    )


def _tied(rows: Sequence[Aftermath], best: str, known: Mapping[str, Figure]) -> str:
    more = {name: _more_than(rows, best, name) for name in known if name != best}
    tied = [
        f"`{name}` {_said(figure)}"
        for name, figure in more.items()
        if figure is not None and figure.interval[0] <= 0
    ]
    if not tied:
        return ""
    return (
        " These victims cannot tell the following from it; what each scores more, victim by "
        f"victim: {', '.join(tied)}."
    )


def _more_than(rows: Sequence[Aftermath], best: str, other: str) -> Figure | None:
    """How much more another method scores on the victims that both were scored on."""
    least = {row.victim: row.score for row in rows if row.method == best and row.failed is None}

    def difference(row: Aftermath) -> float | None:
        of_best = least.get(row.victim)
        return None if row.score is None or of_best is None else row.score - of_best

    return _figure(rows, other, difference)


def _methods(rows: Sequence[Aftermath]) -> list[str]:
    return list(dict.fromkeys(row.method for row in rows))


def _mean_success(rows: Sequence[Aftermath], method: str) -> float:
    return mean(row.success for row in rows if row.method == method)


def _score(rows: Sequence[Aftermath], method: str) -> Figure | None:
    return _figure(rows, method, lambda row: row.score)


def _figure(
    rows: Sequence[Aftermath], method: str, of: Callable[[Aftermath], float | None]
) -> Figure | None:
    mine = [(row.victim, of(row)) for row in rows if row.method == method and row.failed is None]
    known = [(victim, value) for victim, value in mine if value is not None]
    return mean_over(known, np.random.default_rng(0)) if known else None


def _harms(rows: Sequence[Aftermath]) -> str:
    header = ["method", "success after", "accuracy after", "score", *MEASURES]
    lines = []
    for method in _methods(rows):
        cells = [_figure(rows, method, _harm_of(name)) for name in MEASURES]
        lines.append(
            [
                *(method, f"{_mean_success(rows, method):.2f}"),
                f"{mean(row.accuracy for row in rows if row.method == method):.2f}",
                _said(_score(rows, method)),
                *(NOTHING if cell is None else f"{cell.value:.2f}" for cell in cells),
            ]
        )
    return table(header, lines)


def _harm_of(component: str) -> Callable[[Aftermath], float | None]:
    return lambda row: row.harms.get(component)


def _values(rows: Sequence[Aftermath]) -> str:
    header = ["method", *(f"{name} ({worse} is worse)" for name, worse in SHOWN)]
    lines = []
    for method in _methods(rows):
        mine = [row for row in rows if row.method == method and row.failed is None]
        lines.append([method, *(_value(mine, name) for name, _ in SHOWN)])
    return table(header, lines)


def _value(rows: Sequence[Aftermath], measure: str) -> str:
    found = [row.changes[measure] for row in rows if measure in row.changes]
    columns = [
        [value for value in column if value is not None] for column in zip(*found, strict=True)
    ]
    if not columns or not columns[1]:
        return NOTHING
    before, after, reference = (f"{mean(each):.2f}" if each else NOTHING for each in columns)
    return f"{before} -> {after} ({reference})"


def _victims(rows: Sequence[Aftermath]) -> str:
    methods = _methods(rows)
    at = {(row.victim, row.method): row for row in rows}
    lines = []
    for victim in sorted({row.victim for row in rows}):
        cells = [at.get((victim, name)) for name in methods]
        lines.append([victim, *(_cell(row) for row in cells)])
    return table(["victim", *methods], lines)


def _cell(row: Aftermath | None) -> str:
    if row is None or row.score is None:
        return NOTHING
    return f"{row.score:.2f} ({row.success:.2f})"


def _said(figure: Figure | None) -> str:
    if figure is None:
        return NOTHING
    low, high = figure.interval
    return f"{figure.value:.2f} [{low:.2f}, {high:.2f}]"
