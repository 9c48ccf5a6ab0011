"""A difference for a terminal or a log."""

from __future__ import annotations

import io

from rich.console import Console
from rich.text import Text

from auditor.diff.compare import Difference
from auditor.diff.sections import closing, headline, identities, sections
from auditor.output.escaping import prose_for_terminal
from auditor.output.layout import bullets, heading, rows

MOST_LINES = 50
_WIDEST = 120


def render(difference: Difference, fail_on: str, *, width: int, color: bool) -> str:
    """The difference as lines of at most `width` columns; with `color`, ANSI styles."""
    page = io.StringIO()
    console = Console(
        file=page,
        width=min(width, _WIDEST),
        force_terminal=color,
        color_system="standard" if color else None,
        no_color=not color,
        legacy_windows=False,
        force_jupyter=False,
        markup=False,
        emoji=False,
        highlight=False,
    )
    failing = bool(difference.failing(fail_on))
    console.print(Text(headline(difference, fail_on), style="bold red" if failing else "bold"))
    console.print()
    pairs = [(name, prose_for_terminal(value)) for name, value in identities(difference)]
    console.print(rows(pairs, indent=0))
    for section in sections(difference):
        shown = [prose_for_terminal(line, 600) for line in section.lines[:MOST_LINES]]
        if len(section.lines) > MOST_LINES:
            shown.append(f"and {len(section.lines) - MOST_LINES:,} more; see --output json=PATH")
        for block in (*heading(f"{section.title} ({len(section.lines):,})"), bullets(shown)):
            console.print(block)
    console.print()
    console.print(Text(closing(difference)))
    return "".join(line.rstrip() + "\n" for line in page.getvalue().splitlines())
