"""Sequela as the page shows it: the radar, its table, and every measure."""

from __future__ import annotations

from dataclasses import dataclass

from auditor.output import sequela_wording as words
from auditor.output.html_radar import Radar, radar
from auditor.output.parts_v1 import SkipV1
from auditor.output.sequela_v1 import ChangeV1, SequelaV1

MOST_MEASURES = 100
MOST_CLASSES = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class ComponentView:
    """One line of the table: `row` as `sequela_wording.component_row` has it."""

    component: words.Component
    row: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class MeasureView:
    """One measure: `row` as `sequela_wording.measure_row` has it."""

    name: str
    row: tuple[str, ...]
    change: ChangeV1


@dataclass(frozen=True, slots=True, kw_only=True)
class SequelaView:
    """What a repair changed besides the backdoor."""

    score: str
    gravest: str
    means: str
    radar: Radar | None
    components: tuple[ComponentView, ...]
    columns: tuple[str, ...]
    measures: tuple[MeasureView, ...]
    measures_left_out: int
    classes: tuple[MeasureView, ...]
    classes_in_all: int
    skips: tuple[SkipV1, ...]
    notices: tuple[str, ...]


def sequela_of(sequela: SequelaV1) -> SequelaView:
    """The view of a report's sequela."""
    components = words.components(sequela)
    measures = words.measures(sequela)
    classes = words.classes_worst_first(sequela)
    return SequelaView(
        score=words.score_line(sequela),
        gravest=words.gravest_line(sequela),
        means=words.WHAT_HARM_MEANS,
        radar=radar(components),
        components=tuple(
            ComponentView(component=each, row=words.component_row(each)) for each in components
        ),
        columns=words.COMPONENT_COLUMNS,
        measures=tuple(_measure(name, change) for name, change in measures[:MOST_MEASURES]),
        measures_left_out=max(0, len(measures) - MOST_MEASURES),
        classes=tuple(_measure(each.label or "", each) for each in classes[:MOST_CLASSES]),
        classes_in_all=len(classes),
        skips=tuple(sequela.skips[:MOST_MEASURES]),
        notices=tuple(sequela.notices[:MOST_MEASURES]),
    )


def _measure(name: str, change: ChangeV1) -> MeasureView:
    return MeasureView(name=name, row=words.measure_row("", change), change=change)
