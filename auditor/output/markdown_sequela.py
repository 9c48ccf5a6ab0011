"""What a repair changed besides the backdoor, as GitHub's Markdown."""

from __future__ import annotations

from auditor.output import sequela_wording as words
from auditor.output import wording
from auditor.output.comparison_v1 import ComparisonV1
from auditor.output.escaping import code_for_markdown, for_markdown
from auditor.output.markdown_tables import bullets, table
from auditor.output.report_v1 import ModelV1
from auditor.output.sequela_v1 import SequelaV1

MOST_LINES = 12
MOST_MEASURES = 60
MOST_CLASSES = 12


def render(report: ComparisonV1) -> str:
    """The comparison as a page."""
    models = [("before", report.before), ("after", report.after), ("reference", report.reference)]
    lines = [
        "## auditor: sequela",
        "",
        *sequela_lines(report.sequela),
        *_measures(report.sequela),
        *_classes(report.sequela),
        *(f"- {name}: {_named(model)}" for name, model in models if model is not None),
        "",
        f"{wording.duration(report.seconds)} on {for_markdown(report.device, 60)}, "
        f"{wording.size(report.peak_rss_bytes)} of memory at most.",
    ]
    return "\n".join(lines) + "\n"


def sequela_lines(sequela: SequelaV1) -> list[str]:
    """The score beside its components, and what is missing; also a part of a repair's page."""
    return [
        f"**Sequela score {for_markdown(words.score_line(sequela))}.** "
        f"{for_markdown(words.gravest_line(sequela))}".rstrip(),
        "",
        words.WHAT_HARM_MEANS,
        "",
        *table(
            words.COMPONENT_COLUMNS,
            map(words.component_row, words.components(sequela)),
            numbers=len(words.COMPONENT_COLUMNS) - 2,
        ),
        *bullets("Not measured or not scored", words.skip_lines(sequela), MOST_LINES),
        *bullets("Notices on sequela", sequela.notices, MOST_LINES),
    ]


def _measures(sequela: SequelaV1) -> list[str]:
    lines = [words.measure_row(name, change) for name, change in words.measures(sequela)]
    if not lines:
        return []
    return ["### Measures", "", *table(words.MEASURE_COLUMNS, lines[:MOST_MEASURES], numbers=6)]


def _classes(sequela: SequelaV1) -> list[str]:
    changes = words.classes_worst_first(sequela)
    if not changes:
        return []
    lines = [words.measure_row(change.label or "", change) for change in changes[:MOST_CLASSES]]
    return [
        f"### Classes, worst first ({len(lines)} of {len(changes)})",
        "",
        *table(words.CLASS_COLUMNS, lines, numbers=6),
        words.CLASSES_TOGETHER,
        "",
    ]


def _named(model: ModelV1) -> str:
    named = code_for_markdown(wording.pinned(model.source, model.revision), 300)
    return f"{named} ({for_markdown(model.architecture, 60)})"
