from __future__ import annotations

import tomllib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.configuration.lines import line_of

TEXT = '''\
# a comment
plain = 1
many = [
  1,  # one
  "]",
]
prose = """
deep = 3
[table]
"""

[table]
inside = 2
dotted.key = 3

[[entries]]
name = "a"
[[entries]]

name = "b"
inline = {x = 1}
'''


@pytest.mark.parametrize(
    ("path", "line"),
    [
        (("plain",), 2),
        (("many",), 3),
        (("many", 1), 3),
        (("prose",), 7),
        (("table",), 12),
        (("table", "inside"), 13),
        (("table", "dotted", "key"), 14),
        (("entries",), 16),
        (("entries", 0, "name"), 17),
        (("entries", 1), 18),
        (("entries", 1, "name"), 20),
        (("entries", 1, "inline", "x"), 21),
        (("deep",), None),
        (("entries", 2), None),
        (("plain", "x"), None),
        ((), 1),
    ],
)
def test_where_a_key_is_said(path: tuple[str | int, ...], line: int | None):
    assert line_of(TEXT, path) == line
    assert line_of(TEXT.replace("\n", "\r\n"), path) == line


@given(
    before=st.lists(
        st.sampled_from(["# x", "", 'a{} = """\nz = 1\n"""', "b{} = [\n1,\n]", "c{} = 1"])
    ),
    after=st.lists(st.sampled_from(["# y", "", "d{} = [\n\n2]", "e{}.f = 1"])),
)
def test_whatever_stands_around_it(before: list[str], after: list[str]):
    head = "\n".join(line.format(at) for at, line in enumerate(before))
    tail = "\n".join(line.format(at) for at, line in enumerate(after))
    text = f"{head}\nz = 7\n{tail}" if before else f"z = 7\n{tail}"
    assert tomllib.loads(text)["z"] == 7
    # Blank lines and comments before a statement are not part of it.
    assert line_of(text, ("z",)) == (head.count("\n") + 2 if before else 1)
