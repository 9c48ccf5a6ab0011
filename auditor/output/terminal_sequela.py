"""What a repair changed, for a person: the score, what it is made of, and every measure."""

from __future__ import annotations

from rich.console import RenderableType
from rich.text import Text

from auditor.output import sequela_wording as words
from auditor.output import wording
from auditor.output.comparison_v1 import ComparisonV1
from auditor.output.escaping import for_terminal, prose_for_terminal
from auditor.output.layout import (
    WIDEST,
    bullets,
    hanging,
    heading,
    lines_of,
    paragraph,
    rows,
    table,
)
from auditor.output.report_v1 import ModelV1
from auditor.output.sequela_v1 import SequelaV1

MOST_CLASSES = 8
MOST_NOTES = 12


def render(report: ComparisonV1, *, width: int, color: bool) -> str:
    """The comparison as lines of at most `width` columns; with `color`, ANSI styles."""
    pairs = [("before", _named(report.before)), ("after", _named(report.after))]
    if report.reference is not None:
        pairs.append(("reference", _named(report.reference)))
    blocks = [*sequela_blocks(report.sequela, classes=True), *heading("MODELS"), rows(pairs)]
    blocks += [
        Text(),
        paragraph(
            f"{wording.duration(report.seconds)} on {for_terminal(report.device)}, "
            f"{wording.size(report.peak_rss_bytes)} of memory at most",
            style="dim",
        ),
    ]
    return lines_of(blocks, width=min(width, WIDEST), color=color)


def sequela_blocks(sequela: SequelaV1, *, classes: bool) -> list[RenderableType]:
    """Score, components, measures and what is missing.

    Args:
        sequela: What changed.
        classes: Whether to list classes; a report of a repair has such a list already.
    """
    return [
        *_score(sequela),
        *_components(sequela),
        *_measures(sequela),
        *(_classes(sequela) if classes else []),
        *_missing(sequela),
        *_notices(sequela),
    ]


def _score(sequela: SequelaV1) -> list[RenderableType]:
    says = words.score_line(sequela)
    if sequela.sequela_score is None:
        return [Text(f"sequela score {says}", style="bold yellow")]
    return [
        hanging(Text("sequela score", style="bold"), Text(says, style="bold")),
        Text(),
        Text(words.gravest_line(sequela)),
        Text(words.WHAT_HARM_MEANS, style="dim"),
    ]


def _components(sequela: SequelaV1) -> list[RenderableType]:
    if not sequela.harms:
        return []
    lines = [
        (
            for_terminal(harm.component),
            f"{for_terminal(harm.measure)} against {prose_for_terminal(harm.against, 100)}",
            wording.number(harm.value),
            f"{wording.number(harm.low)} to {wording.number(harm.high)}",
        )
        for harm in sequela.harms
    ]
    columns = ("component", "worst measure", "harm", "interval")
    return [*heading("HARM"), table(columns, lines, numbers=2)]


def _measures(sequela: SequelaV1) -> list[RenderableType]:
    lines = [words.measure_row(for_terminal(name), c) for name, c in words.measures(sequela)]
    if not lines:
        return []
    return [*heading("MEASURES"), table(words.MEASURE_COLUMNS, lines, numbers=6)]


def _classes(sequela: SequelaV1) -> list[RenderableType]:
    changes = words.classes_worst_first(sequela)
    if not changes:
        return []
    shown = changes[:MOST_CLASSES]
    lines = [words.measure_row(for_terminal(c.label or "", 40), c) for c in shown]
    return [
        *heading(f"CLASSES, WORST FIRST ({len(lines)} of {len(changes)})"),
        table(words.CLASS_COLUMNS, lines, numbers=6),
        paragraph(words.CLASSES_TOGETHER, style="dim"),
    ]


def _missing(sequela: SequelaV1) -> list[RenderableType]:
    lines = words.with_more(words.skip_lines(sequela), MOST_NOTES)
    return [*heading("NOT MEASURED OR NOT SCORED"), bullets(lines)] if lines else []


def _notices(sequela: SequelaV1) -> list[RenderableType]:
    if not sequela.notices:
        return []
    notices = [prose_for_terminal(notice, 300) for notice in sequela.notices]
    return [*heading("NOTICES ON SEQUELA"), bullets(notices[:MOST_NOTES])]


def _named(model: ModelV1) -> str:
    architecture = for_terminal(model.architecture, 60)
    return f"{wording.pinned(model.source, model.revision)} ({architecture})"
