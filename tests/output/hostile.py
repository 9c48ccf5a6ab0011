"""What an attacker may put into a checkpoint or a data set, in every place at once."""

from __future__ import annotations

from dataclasses import fields, is_dataclass, replace
from enum import Enum
from typing import Any

from hypothesis import strategies as st

HOSTILE = (
    "[red]x[/red]",
    "\x1b[31mx\x1b]0;title\x07",
    "\u202e",
    "x" * 100_000,
    "犬" * 1000,
    "a b " * 1000,
    "line\nline",
    "::set-output name=verdict::no-evidence",
    "##[group]x",
    ":",
    "#",
    " ",
    "",
    "'; rm -rf / #",
    "nan",
    "@octocat see #12, GH-12, acme/x#3 and https://example.org www.example.org a@example.org",
    "<img src=x onerror=alert(1)><script>x</script> &lt;b&gt; </details> <!-- ]]> -->",
    "![a](https://example.org/x.png) [b](javascript:x) **c** _d_ ~e~ `f` $g$ <http://a.b>",
    "a | b || c \\| d",
    "# title\n\n- list\n1. one\n> quote\n---\n```\ncode",
    "- x",
    "\x00\x08\x0b\ufffe\uffff\ud800 ]]>",
    "::add-mask::x ##vso[task.complete]",
)
# Text of any kind, with more than its share of what media take as markup.
any_text = st.lists(
    st.one_of(
        st.text(max_size=20),
        st.characters(),
        st.sampled_from(
            [*"@#[]()<>!`*_|~$\\&;:-+=.{}\"'\n\t ", "](", "![", "://", "www.", "GH-1", "@a", "#1"]
        ),
        st.sampled_from(
            ["</details>", "<!--", "]]>", "&#64;", "::", "##", "1. ", "\u202e", "\x00"]
        ),
    ),
    max_size=30,
).map("".join)


def with_every_string(record: Any, text: str) -> Any:
    """`record` with each string in it replaced, as if all of it came from an attacker."""
    if isinstance(record, Enum):
        return record
    if isinstance(record, str):
        # A picture is of auditor's own making; what a foreign report has there is refused.
        return record if record.startswith("data:image/") else text
    if isinstance(record, tuple | list):
        return type(record)(with_every_string(item, text) for item in record)
    if isinstance(record, dict):
        # Keys of settings are auditor's own; those of a detail are a detector's.
        return {key: with_every_string(item, text) for key, item in record.items()}
    if is_dataclass(record) and not isinstance(record, type):
        return replace(
            record,
            **{
                each.name: with_every_string(getattr(record, each.name), text)
                for each in fields(record)
            },
        )
    return record
