"""Foreign text made fit to stand in a one-line message."""

from __future__ import annotations


def shown(text: object, limit: int = 200) -> str:
    """Put text from a file, a file name or a server on one printable line.

    Args:
        text: Anything; it is turned into a string.
        limit: The most characters to keep.

    Returns:
        The text without line breaks, escape sequences or other unprintable characters.
    """
    line = "".join(c if c.isprintable() else "?" for c in str(text))
    return line if len(line) <= limit else line[: limit - 1] + "…"
