"""The one place where a foreign string is made fit for a terminal or a log.

Class labels, entity names, file names and paths come from a checkpoint or a data set that
somebody else made. Shown raw they could move the cursor, reverse the reading order, start a
line of their own, or give an order to the CI runner that reads the log.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator

NAME_LIMIT = 120
PROSE_LIMIT = 2000
ELLIPSIS = "..."

_ESCAPES = {"\n": "\\n", "\r": "\\r", "\t": "\\t"}
# Letters and symbols by category, yet they show nothing.
_INVISIBLE = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0")
_VARIATION_SELECTORS = frozenset(map(chr, [*range(0xFE00, 0xFE10), *range(0xE0100, 0xE01F0)]))
# More marks than a living script stacks on one letter; a pile of them covers the lines above.
_MARKS_IN_A_ROW = 3
_MARKS = frozenset({"Mn", "Me"})
# "::command::" and "##[command]" are orders to CI runners, and wrapping can put any word at
# the start of a line, so neither pair is ever printed.
_ORDER_PAIRS = frozenset({"::", "##"})


def for_terminal(text: str, limit: int = NAME_LIMIT) -> str:
    r"""`text` on one line, harmless and visible: at most `limit` characters.

    Control, bidirectional and invisible characters become their code point (`<U+202E>`), line
    breaks `\n`, spaces that could not be seen `<U+0020>`; what is cut off leaves `...`.

    Raises:
        ValueError: `limit` leaves no room for the ellipsis.
    """
    if limit <= len(ELLIPSIS):
        raise ValueError(f"limit must be above {len(ELLIPSIS)}")
    shown: list[str] = []
    length = 0
    # One more character than fits is enough to know that it does not.
    for piece in _pieces(text[: limit + 1]):
        shown.append(piece)
        length += len(piece)
    if length <= limit and len(text) <= limit:
        return "".join(shown)
    while length > limit - len(ELLIPSIS):
        length -= len(shown.pop())
    return "".join(shown) + ELLIPSIS


def prose_for_terminal(text: str, limit: int = PROSE_LIMIT) -> str:
    """A paragraph, made fit: line breaks and runs of spaces in it are layout, one space each."""
    return for_terminal(" ".join(text.split()), limit)


def _pieces(text: str) -> Iterator[str]:
    marks = 0
    for at, character in enumerate(text):
        before = text[at - 1] if at else " "
        marks = marks + 1 if unicodedata.category(character) in _MARKS else 0
        if character in _ESCAPES:
            yield _ESCAPES[character]
        elif character == " ":
            seen = before != " " and at + 1 < len(text)
            yield " " if seen else _code_point(character)
        elif (
            not character.isprintable()
            or character in _INVISIBLE
            or character in _VARIATION_SELECTORS
            or marks > _MARKS_IN_A_ROW
            or before + character in _ORDER_PAIRS
            # A colon of our own may follow and would complete the pair.
            or (character == ":" and at + 1 == len(text))
        ):
            yield _code_point(character)
        else:
            yield character


def _code_point(character: str) -> str:
    return f"<U+{ord(character):04X}>"
