"""A difference for a terminal or a log."""

from __future__ import annotations

from rich.console import RenderableType
from rich.text import Text

from auditor.diff.compare import Difference
from auditor.diff.sections import closing, headline, identities, sections
from auditor.output.escaping import prose_for_terminal
from auditor.output.layout import WIDEST, bullets, heading, lines_of, rows

MOST_LINES = 50


def render(difference: Difference, fail_on: str, *, width: int, color: bool) -> str:
    """The difference as lines of at most `width` columns; with `color`, ANSI styles."""
    failing = difference.fails(fail_on)
    pairs = [(name, prose_for_terminal(value)) for name, value in identities(difference)]
    blocks: list[RenderableType] = [
        Text(headline(difference, fail_on), style="bold red" if failing else "bold"),
        Text(),
        rows(pairs, indent=0),
    ]
    for section in sections(difference):
        shown = [prose_for_terminal(line, 600) for line in section.lines[:MOST_LINES]]
        if len(section.lines) > MOST_LINES:
            shown.append(f"and {len(section.lines) - MOST_LINES:,} more; see --output json=PATH")
        blocks += [*heading(f"{section.title} ({len(section.lines):,})"), bullets(shown)]
    blocks += [Text(), Text(closing(difference))]
    return lines_of(blocks, width=min(width, WIDEST), color=color)
