"""A difference for a job summary or a comment on a pull request."""

from __future__ import annotations

from auditor.diff.compare import Difference
from auditor.diff.sections import closing, headline, identities, sections
from auditor.output.escaping import for_markdown

# Eight sections of so many lines of so many characters stay below the 65,536 of a comment.
MOST_LINES = 9
_LINE_LIMIT = 800


def render(difference: Difference, fail_on: str) -> str:
    """The difference as GitHub's Markdown."""
    lines = [f"## auditor: {for_markdown(headline(difference, fail_on))}", ""]
    lines += [
        f"- {name}: {for_markdown(value, _LINE_LIMIT)}" for name, value in identities(difference)
    ]
    for section in sections(difference):
        lines += ["", f"### {section.title.capitalize()} ({len(section.lines):,})", ""]
        lines += [f"- {for_markdown(line, _LINE_LIMIT)}" for line in section.lines[:MOST_LINES]]
        if len(section.lines) > MOST_LINES:
            lines.append(f"- and {len(section.lines) - MOST_LINES:,} more")
    return "\n".join([*lines, "", closing(difference), ""])
