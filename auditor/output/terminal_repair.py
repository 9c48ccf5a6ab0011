"""A repair for a person: the verdict, what was found before and after, what it left behind."""

from __future__ import annotations

from rich.console import RenderableType
from rich.text import Text

from auditor.output import repair_wording as words
from auditor.output.escaping import prose_for_terminal
from auditor.output.layout import bullets, hanging, heading, paragraph, rows, table
from auditor.output.remediation_v1 import AccuracyV1, RemediationV1
from auditor.output.report_v1 import ReportV1
from auditor.output.terminal_sequela import sequela_blocks

MOST_MAPPINGS = 12
MOST_CLASSES = 8
_STYLES = {
    "repaired": "bold",
    "partly": "bold yellow",
    "not repaired": "bold red",
    "nothing to repair": "bold",
}


def repair_blocks(report: ReportV1, done: RemediationV1) -> list[RenderableType]:
    """The part of a report that is about the repair, before the scan of what it left."""
    verdict = words.explained_repair(done)
    blocks: list[RenderableType] = [
        hanging(
            Text(done.verdict, style=_STYLES[done.verdict]),
            Text(prose_for_terminal(verdict.says, 300), style="bold"),
        ),
        Text(),
        Text(verdict.means),
    ]
    if done.reasons:
        blocks += [*heading("WHY NOT MORE"), bullets(map(prose_for_terminal, done.reasons))]
    if done.mappings:
        blocks += _mappings(done)
    if done.accuracy is not None:
        blocks += _accuracy(done.accuracy)
    blocks += _sequela(report)
    blocks += [*heading("WHAT WAS DONE"), rows(words.done_rows(done)), *_attempts(done)]
    if doubts := words.doubt_rows(done):
        blocks += [*heading("CONTROLS"), rows(doubts)]
    if done.notices:
        notices = map(prose_for_terminal, done.notices)
        blocks += [*heading("NOTICES ON THE REPAIR"), bullets(notices)]
    scanned = "THE MODEL" if done.output is None else "THE REPAIRED MODEL"
    return [*blocks, *heading(f"SCAN OF {scanned}"), Text()]


def _mappings(done: RemediationV1) -> list[RenderableType]:
    lines = [words.mapping_row(mapping) for mapping in done.mappings[:MOST_MAPPINGS]]
    hidden = len(done.mappings) - len(lines)
    more = [paragraph(f"{hidden:,} more in --output json=PATH.", style="dim")] if hidden > 0 else []
    title, _, what = words.MAPPINGS.partition(" ")
    return [
        *heading(f"{title.upper()} {what}"),
        table(words.MAPPING_COLUMNS, lines, numbers=3),
        *more,
        paragraph(words.natural_line(done), style="dim"),
    ]


def _accuracy(accuracy: AccuracyV1) -> list[RenderableType]:
    worst = words.classes_worst_first(accuracy)[:MOST_CLASSES]
    title = f"the {len(worst)} classes that lost most"
    return [
        *heading("ACCURACY"),
        paragraph(words.accuracy_line(accuracy)),
        table((title, "images", "before", "after"), map(words.class_row, worst), numbers=3),
    ]


def _sequela(report: ReportV1) -> list[RenderableType]:
    blocks = heading("WHAT THE REPAIR LEFT BEHIND")
    if report.sequela is None:
        return [*blocks, paragraph(f"Not measured: {words.why_no_sequela(report)}.")]
    return [*blocks, Text(), *sequela_blocks(report.sequela, classes=False)]


def _attempts(done: RemediationV1) -> list[RenderableType]:
    if len(done.attempts) < 2:
        return []
    lines = words.attempt_rows(done)
    return [*heading("METHODS TRIED"), table(words.ATTEMPT_COLUMNS, lines, numbers=3)]
