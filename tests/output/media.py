"""What no medium may hold, whoever chose the names in it: one check for each."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from html.parser import HTMLParser
from typing import Any
from xml.etree import ElementTree

from markdown_it import MarkdownIt

# What GitHub makes of bare text: people, issues, commits of others, addresses.
LIVE = re.compile(r"@\w|#\d|://|\bwww\.|\bGH-\d", re.IGNORECASE)
# What a browser does rather than shows.
ACTIVE = {"script", "iframe", "object", "embed", "base", "form", "link", "a"}


def require_log(text: str) -> None:
    """A terminal or the log of a CI job: lines that can be read, and no orders to the runner."""
    for line in text.split("\n"):
        assert line.isprintable(), ascii(line)
        assert not line.lstrip().startswith("::"), line
        assert "##[" not in line, line


def require_json(text: str) -> None:
    """JSON and SARIF: ASCII, no orders, and every string in it has a UTF-8 form."""
    assert text.isascii()
    require_log(text.removesuffix("\n"))
    for said in _strings(json.loads(text)):
        said.encode()


def require_sarif(text: str) -> None:
    """As JSON, and what viewers show is fit for a terminal; only our own rules hold links."""
    require_json(text)
    log = json.loads(text)
    for said in _strings(log):
        require_log(said)
    del log["runs"][0]["tool"]
    assert not [said for said in _texts(log) if "](" in said]


def require_markdown(text: str) -> None:
    """A job summary: no HTML but our own folds, no links, no pictures, nothing live."""
    tokens = MarkdownIt("commonmark").enable("table").parse(text)
    for token in tokens:
        for each in (token, *(token.children or ())):
            assert each.type not in {"link_open", "image", "html_inline"}, each.content
            if each.type == "html_block":
                # Our own folds, whose words are escaped.
                inner = re.sub(r"</?(details|summary)>", "", each.content)
                assert "<" not in inner, inner
            if each.type == "text":
                assert not LIVE.search(each.content.replace("\u200b", "<apart>")), each.content
    require_log(text.removesuffix("\n"))


def require_junit(text: str) -> None:
    """XML that a parser takes, every text and attribute of it fit for a terminal."""
    for element in ElementTree.fromstring(text).iter():
        for said in (element.text or "", *element.attrib.values()):
            require_log(said)


def require_html(text: str) -> None:
    """A page: no element or attribute that does something, but our own one script."""
    seen = _Seen()
    seen.feed(text)
    assert seen.active == ["script"], seen.active
    assert not seen.handlers
    assert "\u202e" not in text
    assert "\x1b" not in text


class _Seen(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.active: list[str] = []
        self.handlers: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        where = dict(attrs).get("href") or ""
        ours = (tag == "a" and where[:1] == "#") or (tag == "link" and where == "data:,")
        if tag in ACTIVE and not ours:
            self.active.append(tag)
        self.handlers += [name for name, _ in attrs if name.startswith("on")]
        for name, value in attrs:
            if name in ("src", "href") and not ours and not (value or "").startswith("data:image/"):
                self.handlers.append(f"{name}={value}")


def _texts(node: Any) -> Iterator[str]:
    """Texts of messages: what a viewer reads as more than plain text."""
    if isinstance(node, dict):
        for key, value in node.items():
            yield from [value] if key == "text" else _texts(value)
    elif isinstance(node, list):
        for value in node:
            yield from _texts(value)


def _strings(node: Any) -> Iterator[str]:
    if isinstance(node, str):
        yield node
    elif isinstance(node, dict):
        for key, value in node.items():
            yield from (key, *_strings(value))
    elif isinstance(node, list):
        for value in node:
            yield from _strings(value)
