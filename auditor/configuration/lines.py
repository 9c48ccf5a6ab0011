"""On which line of a TOML file a key is said. The standard library's reader does not tell.

A file that is cut off after a statement is a file too: the key stands in the first statement
whose reading brings it. Strings over many lines, tables and dotted keys need no care this way.
"""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from typing import Any


def line_of(text: str, path: Sequence[str | int]) -> int | None:
    """The line (from 1) on which the statement begins that first says the key.

    Args:
        text: A whole TOML file that can be read.
        path: Keys, and places within arrays of tables, from the top.

    Returns:
        None where the file does not say the key.
    """
    lines = text.replace("\r\n", "\n").split("\n")
    if not _says(_head(lines, len(lines)), path):
        return None
    # Heads up to `low` lines lack the key or cannot be read; `lacking` is the longest that can.
    lacking, low, high = 0, 0, len(lines)
    while high - low > 1:
        middle = (low + high) // 2
        at, document = middle, _head(lines, middle)
        while document is None and at > low + 1:
            at -= 1
            document = _head(lines, at)
        if document is not None and _says(document, path):
            high = at
            continue
        if document is not None:
            lacking = at
        low = middle
    return lacking + 1


def _head(lines: Sequence[str], count: int) -> dict[str, Any] | None:
    try:
        return tomllib.loads("\n".join(lines[:count]))
    except (tomllib.TOMLDecodeError, RecursionError):
        return None


def _says(document: Any, path: Sequence[str | int]) -> bool:
    for part in path:
        try:
            document = document[part]
        except (LookupError, TypeError):
            return False
    return True
