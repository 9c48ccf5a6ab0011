"""On which line of a TOML file a key is said. The standard library's reader does not tell.

It does read a statement alone, though, and a statement ends where it can be read. So a file is
taken apart by the reader itself, and strings over many lines or dotted keys need no care here.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

KeyPath = tuple[str | int, ...]
_DEEPEST = 16  # no setting stands as deep; a hostile key may
# Characters that are read, over and over where a statement has many lines: about a second's worth.
# What stands behind has no line of its own then, and a message names the last one that is known.
_MOST_READ = 2_000_000


def lines_of(text: str) -> Mapping[KeyPath, int]:
    """The line (from 1) of every key of a readable TOML file: the first statement that says it.

    A path holds keys from the top, and places in arrays of tables. What stands inside an inline
    table or a list has no line of its own.
    """
    found: dict[KeyPath, int] = {(): 1}
    entries: dict[KeyPath, int] = {}
    table: KeyPath = ()
    for line, header, keys in _statements(text):
        path = _resolved(() if header else table, keys, entries)
        if header == "[[":
            entries[path] = entries.get(path, 0) + 1
            table = (*path, entries[path] - 1)
        elif header:
            table = path = _inside(path, entries)
        for end in range(1, len(path) + 1):
            found.setdefault(path[:end], line)
        if header:
            found.setdefault(table, line)
    return found


def line_of(lines: Mapping[KeyPath, int], path: Sequence[str | int]) -> int:
    """The line of a key, or of the statement in which it stands."""
    at = tuple(path)
    while at not in lines:
        at = at[:-1]
    return lines[at]


def _resolved(table: KeyPath, keys: Sequence[str], entries: Mapping[KeyPath, int]) -> KeyPath:
    """The path of keys under a table; on the way, an array of tables means its last entry."""
    path = table
    for key in keys:
        path = (*_inside(path, entries), key)
    return path


def _inside(path: KeyPath, entries: Mapping[KeyPath, int]) -> KeyPath:
    return (*path, entries[path] - 1) if path in entries else path


def _statements(text: str) -> Iterator[tuple[int, str, list[str]]]:
    """Line, kind of header (`[`, `[[` or none) and keys of each statement."""
    lines = text.replace("\r\n", "\n").split("\n")
    start, left = 0, _MOST_READ
    while start < len(lines):
        end, document, left = _shortest(lines, start, left)
        if document:
            first = lines[start].lstrip(" \t")
            header = first[: 2 if first.startswith("[[") else 1] if first[0] == "[" else ""
            yield start + 1, header, _keys(document)
        start = end


def _shortest(lines: Sequence[str], start: int, left: int) -> tuple[int, dict[str, Any], int]:
    """Where the statement ends, what it says, and how many characters may still be read."""
    for end in range(start + 1, len(lines) + 1):
        statement = "\n".join(lines[start:end])
        left -= len(statement)
        if left < 0:
            break
        try:
            return end, tomllib.loads(statement), left
        except (ValueError, RecursionError):
            continue
    return len(lines), {}, left


def _keys(document: Any) -> list[str]:
    """The dotted key of a statement, as far as it leads to one place."""
    keys: list[str] = []
    while isinstance(document, dict) and len(document) == 1 and len(keys) < _DEEPEST:
        ((key, document),) = document.items()
        keys.append(key)
    return keys
