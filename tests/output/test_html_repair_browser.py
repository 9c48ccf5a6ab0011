"""The page of a repair in a real browser."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.output.browser import MISSING, browser_path, chromium, shown
from tests.output.made_repair import hostile, made
from tests.output.test_html import MARKUP
from tests.output.test_html_browser import DESK, GRAVE, PHONE, SIDEWAYS
from tests.output.test_html_repair import PAGES, render

pytestmark = pytest.mark.skipif(browser_path() is None, reason=MISSING)


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with chromium() as opened:
        yield opened


@pytest.fixture
def page_of(browser: Any, tmp_path: Path) -> Any:
    """Opens a page."""

    def open_page(text: str, **context: Any) -> Any:
        path = tmp_path / "report.html"
        path.write_text(text, encoding="utf-8")
        return shown(browser, path, **{"viewport": DESK} | context)

    return open_page


@pytest.mark.parametrize("name", PAGES)
def test_the_page_stands_on_a_phone_and_asks_for_nothing(page_of: Any, name: str) -> None:
    with page_of(PAGES[name](), viewport=PHONE) as (page, seen):
        assert page.locator("h1").is_visible()
        assert seen.complaints == []
        assert [url for url in seen.requests if not url.startswith(("file:", "data:"))] == []
        assert page.evaluate(SIDEWAYS) <= 0


@pytest.mark.parametrize(
    "foreign",
    [
        "x" * 3000,
        *(pytest.param(each, marks=pytest.mark.slow) for each in ["\u72ac" * 300, *MARKUP[:5]]),
    ],
)
def test_foreign_strings_run_nothing_and_break_nothing(page_of: Any, foreign: str) -> None:
    with page_of(render(hostile(foreign)), viewport=PHONE) as (page, seen):
        assert page.evaluate("window.hit") is None
        assert seen.complaints == []
        assert page.evaluate(SIDEWAYS) <= 0


def test_a_wide_table_is_scrolled_by_keyboard(page_of: Any) -> None:
    with page_of(render(made()), viewport=PHONE) as (page, _):
        region = page.get_by_role("region", name="Components of the sequela score")
        region.focus()
        page.keyboard.press("ArrowRight")
        page.wait_for_function("(e) => e.scrollLeft > 0", arg=region.element_handle())


def test_paper_shows_what_is_folded(page_of: Any) -> None:
    with page_of(render(made()), color_scheme="dark") as (page, _):
        page.emulate_media(media="print")
        page.evaluate("window.dispatchEvent(new Event('beforeprint'))")
        assert page.locator("details:not([open])").count() == 0
        ground = "getComputedStyle(document.body).backgroundColor"
        assert page.evaluate(ground) == "rgb(255, 255, 255)"


@pytest.mark.parametrize(
    ("name", "scheme", "viewport"),
    [
        ("repair", "light", DESK),
        pytest.param("repair", "dark", PHONE, marks=pytest.mark.slow),
        pytest.param("not_repaired", "dark", DESK, marks=pytest.mark.slow),
        ("comparison", "light", PHONE),
    ],
)
def test_nothing_grave_keeps_anybody_from_reading_it(
    page_of: Any, name: str, scheme: str, viewport: dict[str, int]
) -> None:
    from axe_playwright_python.sync_playwright import Axe

    with page_of(PAGES[name](), color_scheme=scheme, viewport=viewport) as (page, _):
        page.evaluate("document.querySelectorAll('details').forEach((d) => { d.open = true; })")
        found = Axe().run(page).response["violations"]
        told = [
            (each["id"], [node["html"][:120] for node in each["nodes"][:3]])
            for each in found
            if each["impact"] in GRAVE
        ]
        assert told == []
