from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from auditor.output.escaping import (
    code_for_markdown,
    for_markdown,
    for_sarif,
    for_terminal,
    for_xml,
    prose_for_terminal,
)
from tests.output.hostile import any_text


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("stop sign", "stop sign"),
        ("панда 犬 é", "панда 犬 é"),
        ("[red]x[/red]", "[red]x[/red]"),
        (":smile: x", ":smile: x"),
        ("\x1b[31mred", "<U+001B>[31mred"),
        ("\x9b31m", "<U+009B>31m"),
        ("a\u202eb", "a<U+202E>b"),
        ("a\u2066b\u200bc\ufeff", "a<U+2066>b<U+200B>c<U+FEFF>"),
        ("a\u3164b\ufe0f", "a<U+3164>b<U+FE0F>"),
        ("two\nlines\r\t", "two\\nlines\\r\\t"),
        ("a\u2028b\x85c", "a<U+2028>b<U+0085>c"),
        ("a  b", "a <U+0020>b"),
        (" a ", "<U+0020>a<U+0020>"),
        ("::set-output", ":<U+003A>set-output"),
        ("ends in:", "ends in<U+003A>"),
        ("x ##[error]", "x #<U+0023>[error]"),
        ("###", "#<U+0023><U+0023>"),
        ("a" + "\u0301" * 5, "a\u0301\u0301\u0301<U+0301><U+0301>"),
        ("\ud800", "<U+D800>"),
        ("", ""),
    ],
)
def test_hostile_characters_are_visible(text: str, shown: str) -> None:
    assert for_terminal(text) == shown


def test_long_text_ends_in_an_ellipsis_within_the_limit() -> None:
    assert for_terminal("x" * 100_000, 10) == "xxxxxxx..."
    assert for_terminal("x" * 10, 10) == "x" * 10


def test_an_escape_is_never_cut_in_two() -> None:
    assert for_terminal("abc\u202e\u202e", 14) == "abc<U+202E>..."


def test_a_limit_without_room_for_the_ellipsis_is_refused() -> None:
    with pytest.raises(ValueError, match="limit"):
        for_terminal("x", 3)


def test_prose_takes_line_breaks_as_layout() -> None:
    assert prose_for_terminal("One\n  two \u202e three.\n") == "One two <U+202E> three."


@settings(deadline=None)
@given(st.text(alphabet=st.one_of(st.characters(), st.sampled_from(":# \n\u202e"))))
def test_whatever_comes_is_one_printable_line_without_orders(text: str) -> None:
    for shown in (for_terminal(text, 20), prose_for_terminal(text, 20)):
        assert shown.isprintable()
        assert len(shown) <= 20
        assert "::" not in f"{shown}:"
        assert "##" not in shown
        assert for_terminal(shown, 20) == shown


@settings(deadline=None)
@given(st.text(alphabet="a1 :#~!", max_size=8))
def test_the_short_way_says_the_same(text: str) -> None:
    # A letter that is no ASCII sends the same text the long way.
    assert for_terminal(text + "\u0416") == for_terminal(text + "Z")[:-1] + "\u0416"
    assert for_terminal("\u0416" + text) == "\u0416" + for_terminal("Z" + text)[1:]


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("stop sign, 92 %", "stop sign, 92 %"),
        ("@ana", "@&#8203;ana"),
        ("acme/x#12", "acme/x#&#8203;12"),
        ("GH-12 high-1", "GH&#8203;-12 high-1"),
        ("://", ":&#8203;//"),
        ("https://a.b", "https:&#8203;//a.b"),
        ("www.a.b", "www&#8203;.a.b"),
        ("<b>&lt;", "&lt;b&gt;&amp;lt;"),
        ("![a](b)", "!&#91;a&#93;(b)"),
        ("a|b`c`", "a&#124;b&#96;c&#96;"),
        ("*a* _b_ ~c~ $d$ \\", "&#42;a&#42; &#95;b&#95; &#126;c&#126; &#36;d&#36; &#92;"),
        ("- a", "&#45; a"),
        ("12. a", "12&#46; a"),
        ("a\n- b", "a - b"),
        ("::set-output", ":&lt;U+003A&gt;set-output"),
        ("\u202e", "&lt;U+202E&gt;"),
    ],
)
def test_markdown_shows_what_is_there_and_does_nothing(text: str, shown: str) -> None:
    assert for_markdown(text) == shown


def test_code_in_markdown_ends_neither_itself_nor_its_cell() -> None:
    assert code_for_markdown("a`b|c\n@d") == "`a<U+0060>b<U+007C>c\\n@d`"
    assert code_for_markdown("") == "` `"


def test_a_sarif_message_holds_no_link() -> None:
    assert for_sarif("see [a](javascript:b) [c]") == "see [a]<U+0028>javascript:b) [c]"


def test_xml_gets_no_character_that_it_cannot_hold() -> None:
    assert for_xml("a\x00\x0b\ufffe\ud800<") == "a<U+0000> <U+FFFE><U+D800><"


@settings(deadline=None)
@given(any_text)
def test_no_medium_gets_more_than_was_allowed(text: str) -> None:
    for shorten in (for_markdown, for_xml, for_sarif):
        assert len(shorten(text, 30)) <= 30
        assert shorten(text, 30).isprintable()
