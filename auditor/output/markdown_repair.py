"""A repair as GitHub's Markdown: the verdict, what was found before and after, what was left."""

from __future__ import annotations

from auditor.output import repair_wording as words
from auditor.output import wording
from auditor.output.escaping import code_for_markdown, for_markdown
from auditor.output.markdown_sequela import sequela_lines
from auditor.output.markdown_tables import bullets, table
from auditor.output.remediation_v1 import AccuracyV1, RemediationV1
from auditor.output.report_v1 import ReportV1

MOST_LINES = 8
LIMIT = 500
MOST_MAPPINGS = 25
FULL = (
    "**The page is full: the rest of the repair is left out.** `auditor report convert` shows all "
    "of it from the JSON report."
)
MOST_CLASSES = 12


def repair_lines(report: ReportV1, done: RemediationV1, room: int) -> list[str]:
    """The part of a page that is about the repair, in at most `room` characters."""
    sections = [
        _verdict(done),
        bullets("Why not more", done.reasons, MOST_LINES, LIMIT),
        _mappings(done),
        [] if done.accuracy is None else _accuracy(done.accuracy),
        ["### What the repair left behind", "", *_sequela(report)],
        bullets("What was done", [": ".join(pair) for pair in words.done_rows(done)], 12, LIMIT),
        _attempts(done),
        bullets("Controls", [": ".join(pair) for pair in words.doubt_rows(done)], 4, LIMIT),
        bullets("Notices on the repair", done.notices, MOST_LINES, LIMIT),
    ]
    kept: list[str] = []
    for section in sections:
        room -= len("\n".join(section)) + 1
        if room < 0:
            return [*kept, FULL, ""]
        kept += section
    return kept


def _verdict(done: RemediationV1) -> list[str]:
    verdict = words.explained_repair(done)
    original = wording.pinned(done.model.source, done.model.revision)
    return [
        f"## auditor: {done.verdict}",
        "",
        f"**{for_markdown(verdict.says, 600)}**",
        "",
        verdict.means,
        "",
        f"- model: {code_for_markdown(original, 300)}",
        f"- written to: {code_for_markdown(done.output, 300) if done.output else 'nothing'}",
        "",
    ]


def _mappings(done: RemediationV1) -> list[str]:
    if not done.mappings:
        return []
    lines = [words.mapping_row(mapping) for mapping in done.mappings[:MOST_MAPPINGS]]
    hidden = len(done.mappings) - len(lines)
    return [
        f"### {words.MAPPINGS}",
        "",
        *table(words.MAPPING_COLUMNS, lines, numbers=3),
        *([f"{hidden:,} more in the JSON report.", ""] if hidden > 0 else []),
        for_markdown(words.natural_line(done)),
        "",
    ]


def _accuracy(accuracy: AccuracyV1) -> list[str]:
    worst = words.classes_worst_first(accuracy)[:MOST_CLASSES]
    title = f"the {len(worst)} classes that lost most"
    return [
        "### Accuracy",
        "",
        f"{for_markdown(words.accuracy_line(accuracy))}.",
        "",
        *table((title, "images", "before", "after"), map(words.class_row, worst), numbers=3),
    ]


def _sequela(report: ReportV1) -> list[str]:
    if report.sequela is None:
        return [f"Not measured: {for_markdown(words.why_no_sequela(report))}.", ""]
    return sequela_lines(report.sequela)


def _attempts(done: RemediationV1) -> list[str]:
    if len(done.attempts) < 2:
        return []
    lines = words.attempt_rows(done)[:MOST_LINES]
    return ["### Methods tried", "", *table(words.ATTEMPT_COLUMNS, lines, numbers=3)]
