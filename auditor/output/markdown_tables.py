"""Tables and lists of GitHub's Markdown. What goes in is escaped here."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from auditor.output.escaping import for_markdown

CELL_LIMIT = 300
LINE_LIMIT = 900
# Figures of our own, and nothing that could be markup within a cell.
_FIGURES = re.compile(r"[0-9+.,\[\] -]*(?:to [0-9+. -]*)?")


def table(columns: Sequence[str], lines: Iterable[Sequence[str]], *, numbers: int) -> list[str]:
    """A table whose last `numbers` columns are flush right, and a blank line after it."""
    left = len(columns) - numbers
    rules = ["---" if at < left else "---:" for at in range(len(columns))]
    return [
        f"| {' | '.join(columns)} |",
        f"| {' | '.join(rules)} |",
        *(f"| {' | '.join(map(_cell, line))} |" for line in lines),
        "",
    ]


def _cell(text: str) -> str:
    return text if _FIGURES.fullmatch(text) else for_markdown(text, CELL_LIMIT)


def bullets(title: str, lines: Sequence[str], most: int, limit: int = LINE_LIMIT) -> list[str]:
    """A heading and a list below it; nothing where there is nothing to list."""
    if not lines:
        return []
    shown = [f"- {for_markdown(line, limit)}" for line in lines[:most]]
    hidden = len(lines) - most
    if hidden > 0:
        shown.append(f"- and {hidden:,} more, all of them in the JSON report")
    return [f"### {title}", "", *shown, ""]
