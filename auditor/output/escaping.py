"""The one place where a foreign string is made fit for a medium.

Class labels, entity names, file names and paths come from a checkpoint or a data set that
somebody else made. Shown raw they could move the cursor, reverse the reading order, start a
line of their own, give an order to the CI runner that reads the log, load a picture from
elsewhere, or call a person to a pull request. What is fit for a terminal is the ground on which
the other media build: one line, nothing invisible, no orders.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterator

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
# Most of what is shown is this, and a page of it is not taken apart letter by letter.
_HARMLESS = re.compile(r"(?!.*(?:::|##|:\Z))[!-~]+(?: [!-~]+)*")

# GitHub looks for names and numbers in the text that is left when entities are resolved, so an
# entity alone would not stop it; a space of no width between sign and name does.
_APART = "&#8203;"
_MARKDOWN_PIECES = {
    **{character: f"&#{ord(character)};" for character in "`*_[]|~\\$"},
    **{"&": "&amp;", "<": "&lt;", ">": "&gt;"},
    **{"@": f"@{_APART}", "#": f"#{_APART}", "://": f":{_APART}//"},
}
_MARKDOWN_TOKEN = re.compile(r"://|\b(?i:www)\.|\b(?i:gh)-(?=\d)|.", re.DOTALL)
# At the start of a line these open a list, a quotation, a heading or a rule.
_MARKDOWN_OPENING = re.compile(r"[-+=]|\d+[.)]")
_SARIF_TOKEN = re.compile(r"\]\(|.", re.DOTALL)


def for_terminal(text: str, limit: int = NAME_LIMIT) -> str:
    r"""`text` on one line, harmless and visible: at most `limit` characters.

    Control, bidirectional and invisible characters become their code point (`<U+202E>`), line
    breaks `\n`, spaces that could not be seen `<U+0020>`; what is cut off leaves `...`.

    Raises:
        ValueError: `limit` leaves no room for the ellipsis.
    """
    if len(ELLIPSIS) < limit >= len(text) and _HARMLESS.fullmatch(text):
        return text
    return _within(text, limit, _pieces)


def prose_for_terminal(text: str, limit: int = PROSE_LIMIT) -> str:
    """A paragraph, made fit: line breaks and runs of spaces in it are layout, one space each."""
    return for_terminal(" ".join(text.split()), limit)


def for_markdown(text: str, limit: int = PROSE_LIMIT) -> str:
    """`text` as plain words within a line or a table cell of GitHub's Markdown.

    Nothing in it is markup, HTML, a link, a picture, a mention or a reference to an issue, and no
    vertical bar ends a cell. `limit` counts the characters that are written, entities included.

    Raises:
        ValueError: `limit` leaves no room for the ellipsis.
    """
    return _within(prose_for_terminal(text, max(limit, NAME_LIMIT)), limit, _markdown_pieces)


def code_for_markdown(text: str, limit: int = NAME_LIMIT) -> str:
    """`text` as a span of code: for what a reader copies, such as a model's name.

    Raises:
        ValueError: `limit` leaves no room for the ellipsis.
    """
    # Nothing can be escaped inside a span; a bar would still end the cell that it stands in.
    shown = for_terminal(text, limit).replace("`", "<U+0060>").replace("|", "<U+007C>")
    return f"`{shown or ' '}`"


def for_xml(text: str, limit: int = PROSE_LIMIT) -> str:
    """`text` without the characters that XML has no way to write; the writer escapes the rest.

    Raises:
        ValueError: `limit` leaves no room for the ellipsis.
    """
    return prose_for_terminal(text, limit)


def for_sarif(text: str, limit: int = PROSE_LIMIT) -> str:
    """`text` as a plain message of SARIF, in which `[a](b)` would be a link.

    Raises:
        ValueError: `limit` leaves no room for the ellipsis.
    """
    return _within(prose_for_terminal(text, limit), limit, _sarif_pieces)


def for_json(document: str) -> str:
    """A JSON document in ASCII with no order to a CI runner in it; it says the same as before.

    `##[command]` anywhere in a line is one; inside a JSON string the escape means the same sign.
    """
    return document.replace("##", "#\\u0023")


def _within(text: str, limit: int, pieces: Callable[[str], Iterator[str]]) -> str:
    if limit <= len(ELLIPSIS):
        raise ValueError(f"limit must be above {len(ELLIPSIS)}")
    shown: list[str] = []
    length = 0
    # One more character than fits is enough to know that it does not.
    for piece in pieces(text[: limit + 1]):
        shown.append(piece)
        length += len(piece)
    if length <= limit and len(text) <= limit:
        return "".join(shown)
    while length > limit - len(ELLIPSIS):
        length -= len(shown.pop())
    return "".join(shown) + ELLIPSIS


def _markdown_pieces(text: str) -> Iterator[str]:
    opening = _MARKDOWN_OPENING.match(text)
    if opening:
        yield f"{opening[0][:-1]}&#{ord(opening[0][-1])};"
    for match in _MARKDOWN_TOKEN.finditer(text, opening.end() if opening else 0):
        token = match[0]
        if len(token) > 1 and token != "://":
            yield f"{token[:-1]}{_APART}{token[-1]}"
        else:
            yield _MARKDOWN_PIECES.get(token, token)


def _sarif_pieces(text: str) -> Iterator[str]:
    for match in _SARIF_TOKEN.finditer(text):
        token = match[0]
        yield f"]{_code_point('(')}" if token == "](" else token


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
