"""What a repair changed, for a person: the score, what it is made of, and every measure."""

from __future__ import annotations

from rich.console import RenderableType
from rich.text import Text

from auditor.output import wording
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
from auditor.output.sequela_v1 import ChangeV1, ComparedV1, SequelaPartV1, SequelaReportV1

MOST_CLASSES = 8
MOST_NOTES = 12
_OF_CLASS = "accuracy.class-"

WHAT_HARM_MEANS = (
    "Harm: how far a component became worse, from 0 to 1; getting better in one never pays for "
    "another. Score: the worst harm, raised by the mean of the others."
)


def render(report: SequelaReportV1, *, width: int, color: bool) -> str:
    """The report as lines of at most `width` columns; with `color`, ANSI styles around words."""
    pairs = [("before", _named(report.before)), ("after", _named(report.after))]
    if report.reference is not None:
        pairs.append(("reference", _named(report.reference)))
    blocks = [*sequela_blocks(report), *heading("MODELS"), rows(pairs)]
    notices = [prose_for_terminal(notice, 300) for notice in report.notices]
    if notices:
        blocks += [*heading("NOTICES"), bullets(notices[:MOST_NOTES])]
    blocks += [
        Text(),
        paragraph(
            f"{wording.duration(report.seconds)} on {for_terminal(report.device)}, "
            f"{wording.size(report.peak_rss_bytes)} of memory at most",
            style="dim",
        ),
    ]
    return lines_of(blocks, width=min(width, WIDEST), color=color)


def sequela_blocks(part: SequelaPartV1) -> list[RenderableType]:
    """Score, components, measures and what is missing; also a part of a repair's report."""
    return [
        *_score(part),
        *_components(part),
        *_measures(part),
        *_classes(part),
        *_missing(part),
    ]


def _score(part: SequelaPartV1) -> list[RenderableType]:
    if part.sequela_score is None:
        return [Text("sequela score unknown: no component could be scored", style="bold yellow")]
    measured, missing = len(part.sequela_harms), len(part.sequela_missing)
    at_least = "at least " if missing else ""
    low, high = wording.number(part.sequela_score_low), wording.number(part.sequela_score_high)
    said = (
        f"{at_least}{wording.number(part.sequela_score)} of 1 (higher is worse), from {low} to "
        f"{high}; {measured} of {measured + missing} components scored"
    )
    worst = part.sequela_harms[0]
    gravest = (
        f"Worst: {for_terminal(worst.component)}, harm {wording.number(worst.value)}"
        if worst.value
        else "No component that was scored became worse"
    )
    return [
        hanging(Text("sequela score", style="bold"), Text(said, style="bold")),
        Text(),
        Text(f"{gravest}."),
        Text(WHAT_HARM_MEANS, style="dim"),
    ]


def _components(part: SequelaPartV1) -> list[RenderableType]:
    if not part.sequela_harms:
        return []
    lines = [
        (
            for_terminal(harm.component),
            f"{for_terminal(harm.measure)} against {prose_for_terminal(harm.against, 100)}",
            wording.number(harm.value),
            f"{wording.number(harm.low)} to {wording.number(harm.high)}",
        )
        for harm in part.sequela_harms
    ]
    columns = ("component", "worst measure", "harm", "interval")
    return [*heading("HARM"), table(columns, lines, numbers=2)]


def _measures(part: SequelaPartV1) -> list[RenderableType]:
    lines = [
        _line(for_terminal(name), change)
        for name, change in part.sequela.items()
        if not name.startswith(_OF_CLASS)
    ]
    if not lines:
        return []
    columns = ("measure", "before", "after", "change", "95 % interval", "reference", "worse if")
    return [*heading("MEASURES"), table(columns, lines, numbers=6)]


def _classes(part: SequelaPartV1) -> list[RenderableType]:
    changes = [c for name, c in part.sequela.items() if name.startswith(_OF_CLASS)]
    changes.sort(key=lambda change: 0.0 if change.delta is None else change.delta)
    if not changes:
        return []
    lines = [_line(for_terminal(c.label or "", 40), c) for c in changes[:MOST_CLASSES]]
    title = f"CLASSES, WORST FIRST ({len(lines)} of {len(changes)})"
    columns = ("accuracy of", "before", "after", "change", "interval", "reference", "worse if")
    said = "The intervals of all classes hold together at 95 %."
    return [*heading(title), table(columns, lines, numbers=6), paragraph(said, style="dim")]


def _line(name: str, change: ChangeV1) -> tuple[str, ...]:
    has_interval = change.low is not None and change.high is not None
    interval = f"{_signed(change.low)} to {_signed(change.high)}" if has_interval else "-"
    return (
        name,
        _value(change.before),
        _value(change.after),
        _signed(change.delta),
        interval,
        _value(change.reference),
        change.worse,
    )


def _missing(part: SequelaPartV1) -> list[RenderableType]:
    """What was not measured is no good news, and stands beside what was."""
    lines = [
        f"{for_terminal(skip.subject)}: {prose_for_terminal(skip.reason, 300)}. "
        f"{prose_for_terminal(skip.remedy, 200)}".strip()
        for skip in part.sequela_skips
    ]
    if not lines:
        return []
    hidden = len(lines) - MOST_NOTES
    more = [f"and {hidden} more, in the JSON report"] if hidden > 0 else []
    return [*heading("NOT MEASURED OR NOT SCORED"), bullets([*lines[:MOST_NOTES], *more])]


def _named(model: ComparedV1) -> str:
    architecture = for_terminal(model.architecture, 60)
    return f"{wording.pinned(model.source, model.revision)} ({architecture})"


def _value(value: float | None) -> str:
    return "-" if value is None else wording.number(value)


def _signed(value: float | None) -> str:
    return "-" if value is None else f"{round(value, 6) + 0.0:+.3g}"
