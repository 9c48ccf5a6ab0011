"""The few shapes the terminal report is made of. Text goes in as it is to appear."""

from __future__ import annotations

import io
from collections.abc import Iterable, Sequence

from rich.console import Console, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

INDENT = 3
WIDEST = 120  # longer lines are hard to read, however wide the window


def lines_of(blocks: Iterable[RenderableType], *, width: int, color: bool) -> str:
    """Blocks as lines of at most `width` columns; with `color`, ANSI styles around words."""
    page = io.StringIO()
    console = Console(
        file=page,
        width=width,
        force_terminal=color,
        color_system="standard" if color else None,
        no_color=not color,
        legacy_windows=False,
        force_jupyter=False,
        markup=False,
        emoji=False,
        highlight=False,
    )
    for block in blocks:
        console.print(block)
    return "".join(line.rstrip() + "\n" for line in page.getvalue().splitlines())


def heading(title: str) -> list[RenderableType]:
    """A blank line and a title."""
    return [Text(), Text(title, style="bold")]


def paragraph(text: str, *, indent: int = INDENT, style: str = "") -> RenderableType:
    """Wrapped text."""
    return Padding(Text(text, style=style), (0, 0, 0, indent))


def hanging(*cells: Text) -> RenderableType:
    """Words in front and text beside them, so that no line of the text starts in column 0."""
    grid = Table.grid(padding=(0, 2, 0, 0))
    for at in range(len(cells)):
        is_last = at == len(cells) - 1
        grid.add_column(no_wrap=not is_last, overflow="fold")
    grid.add_row(*cells)
    return grid


def bullets(items: Iterable[str]) -> RenderableType:
    """One item after another, the lines of each under its first word."""
    grid = Table.grid(padding=(0, 1, 0, 0))
    grid.add_column(no_wrap=True)
    grid.add_column(overflow="fold")
    for item in items:
        grid.add_row(Text("-"), Text(item))
    return Padding(grid, (0, 0, 0, INDENT))


def rows(pairs: Iterable[tuple[str, str]], *, indent: int = INDENT) -> RenderableType:
    """Names in a narrow column, what there is to say of each beside it."""
    grid = Table.grid(padding=(0, 2, 0, 0))
    grid.add_column(no_wrap=True, style="dim")
    grid.add_column(overflow="fold")
    for name, value in pairs:
        grid.add_row(Text(name), Text(value))
    return Padding(grid, (0, 0, 0, indent))


def table(
    columns: Sequence[str], lines: Iterable[Sequence[str]], *, numbers: int
) -> RenderableType:
    """A table without a frame; its last `numbers` columns are flush right and never broken."""
    grid = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
    for at, column in enumerate(columns):
        is_number = at >= len(columns) - numbers
        grid.add_column(
            Text(column),
            justify="right" if is_number else "left",
            no_wrap=is_number,
            overflow="fold",
        )
    for line in lines:
        grid.add_row(*(Text(cell) for cell in line))
    return Padding(grid, (0, 0, 0, INDENT))
