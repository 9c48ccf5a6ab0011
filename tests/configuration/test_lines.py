from __future__ import annotations

import time
import tomllib
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from auditor.configuration.lines import _statements, line_of, lines_of

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
[entries.more]
of = 1
[[entries.nested]]
x = 0
[[entries.nested]]
x = 1
'''


@pytest.mark.parametrize(
    ("path", "line"),
    [
        ((), 1),
        (("plain",), 2),
        (("many",), 3),
        (("many", 1), 3),
        (("prose",), 7),
        (("table",), 12),
        (("table", "inside"), 13),
        (("table", "dotted", "key"), 14),
        (("entries",), 16),
        (("entries", 0), 16),
        (("entries", 0, "name"), 17),
        (("entries", 1), 18),
        (("entries", 1, "name"), 20),
        (("entries", 1, "inline", "x"), 21),
        (("entries", 1, "more", "of"), 23),
        (("entries", 1, "nested", 1, "x"), 27),
    ],
)
def test_where_a_key_is_said(path: tuple[str | int, ...], line: int):
    for text in (TEXT, TEXT.replace("\n", "\r\n")):
        assert line_of(lines_of(text), path) == line


def first_head_that_says(text: str, path: tuple[str | int, ...]) -> int:
    """The slow way: the last line of the shortest readable head of the file that has the key."""
    lines = text.split("\n")
    for count in range(1, len(lines) + 1):
        try:
            document: Any = tomllib.loads("\n".join(lines[:count]))
            for part in path:
                document = document[part]
        except (tomllib.TOMLDecodeError, LookupError, TypeError):
            continue
        return count
    raise AssertionError(f"{path} is not there")


STATEMENTS = (
    *("# x", "", 'a{0} = """\nz = 1\n"""', "b{0} = [\n1, # ]\n]", "c{0}.d = '#'"),
    *("[t{0}]", "[t{0}.u]\nx = 1", "[[e]]", "[[e]]\n[e.f]\nx = 1", '[[e]]\n[[e.g]]\n["p.q"]'),
)


@settings(deadline=None)
@given(st.lists(st.sampled_from(STATEMENTS), max_size=12))
def test_every_key_of_any_file_is_where_the_slow_way_finds_it(statements: list[str]):
    text = "\n".join(each.format(at) for at, each in enumerate(statements))
    try:
        tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        return  # such as one table twice
    ends = {line for line, _, _ in _statements(text)}
    for path, line in lines_of(text).items():
        if path:
            slow = first_head_that_says(text, path)
            assert max(start for start in ends if start <= slow) == line


def test_two_thousand_suppressions_take_no_time():
    text = "".join(f'[[ignore]]\nreason = "{at}"\n' for at in range(2000))
    start = time.process_time()
    assert line_of(lines_of(text), ("ignore", 1999, "reason")) == 4000
    assert time.process_time() - start < 2


def test_a_list_over_very_many_lines_takes_no_time():
    """Found by thinking of fuzzers: the time grew with the square of the lines."""
    text = "rules = [\n" + '"a",\n' * 100_000 + "]\nfpr = 2\n"
    start = time.process_time()
    assert line_of(lines_of(text), ("rules", 3)) == 1
    assert time.process_time() - start < 5
