"""The page in a real browser: what it shows, how it is used, and what it never does."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from auditor.output.html import render
from auditor.types import Report
from tests.output.browser import MISSING, browser_path, chromium, shown
from tests.output.hostile import HOSTILE, with_every_string
from tests.output.test_html import MARKUP, wide, without_additions
from tests.reports_for_tests import ALL, FINDING, LABELS, NO_EVIDENCE, OTHERS, SLEDS

pytestmark = pytest.mark.skipif(browser_path() is None, reason=MISSING)

PHONE = {"width": 360, "height": 740}
DESK = {"width": 1280, "height": 900}
# What a checker finds of these two degrees keeps somebody from reading the page.
GRAVE = {"serious", "critical"}
VISIBLE = "#map tbody:last-of-type tr:not([hidden])"
SIDEWAYS = "document.documentElement.scrollWidth - window.innerWidth"


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with chromium() as opened:
        yield opened


@pytest.fixture
def page_of(browser: Any, tmp_path: Path) -> Any:
    """Opens the page of a report."""

    def open_page(report: Report | str, **context: Any) -> Any:
        path = tmp_path / "report.html"
        path.write_text(report if isinstance(report, str) else render(report), encoding="utf-8")
        return shown(browser, path, **{"viewport": DESK} | context)

    return open_page


def names(page: Any) -> list[str]:
    return page.locator(f"{VISIBLE} th").all_inner_texts()


def column(page: Any, number: int) -> list[float]:
    cells = page.locator(f"{VISIBLE} td:nth-child({number})").all_inner_texts()
    return [float(text.strip("\u25b2()")) for text in cells]


def sorted_by(page: Any) -> dict[str, str]:
    """Which headings say that the table stands in their order, and in which direction."""
    return {
        heading.inner_text().strip(): heading.get_attribute("aria-sort")
        for heading in page.locator("#map thead th[aria-sort]").all()
    }


@pytest.mark.parametrize("name", ALL)
def test_the_page_stands_and_asks_for_nothing(page_of: Any, name: str) -> None:
    with page_of(ALL[name]) as (page, seen):
        assert page.locator("h1").is_visible()
        broken = page.evaluate(
            "Array.from(document.images).filter((i) => !i.naturalWidth).map((i) => i.alt)"
        )
        assert broken == []
        # The style sheet came through the policy.
        assert page.evaluate("getComputedStyle(document.body).marginTop") == "0px"
        assert seen.complaints == []
        outside = [url for url in seen.requests if not url.startswith(("file:", "data:"))]
        assert outside == []
        assert len([url for url in seen.requests if url.startswith("file:")]) == 1


def test_what_is_not_of_the_page_is_kept_from_running(page_of: Any) -> None:
    intruder = "<script>window.hit = 1</script><img src='https://a.test/b.png'></body>"
    with page_of(render(FINDING).replace("</body>", intruder)) as (page, seen):
        assert page.evaluate("window.hit") is None
        assert len([text for text in seen.complaints if "Content Security Policy" in text]) == 2


# What a parser of HTML sees of every hostile name is in test_html.py.
@pytest.mark.parametrize(
    "foreign",
    [
        MARKUP[0],
        *(pytest.param(each, marks=pytest.mark.slow) for each in [*HOSTILE[:4], *MARKUP[1:]]),
    ],
)
def test_foreign_strings_run_nothing_and_break_nothing(page_of: Any, foreign: str) -> None:
    with page_of(with_every_string(FINDING, foreign), viewport=PHONE) as (page, seen):
        assert page.evaluate("window.hit") is None
        assert seen.complaints == []
        assert page.evaluate(SIDEWAYS) <= 0
        assert page.locator("h1").inner_text().endswith("at false-positive rate 0.01")


def test_the_map_is_sorted_by_a_click_and_by_another_the_other_way(page_of: Any) -> None:
    with page_of(FINDING) as (page, _):
        assert names(page)[0] == SLEDS[0].name
        assert sorted_by(page) == {"Beyond": "descending"}
        page.get_by_role("button", name="Gets", exact=True).click()
        assert column(page, 3) == sorted(column(page, 3), reverse=True)
        assert sorted_by(page) == {"Gets": "descending"}
        page.get_by_role("button", name="Gets", exact=True).click()
        assert column(page, 3) == sorted(column(page, 3))
        assert sorted_by(page) == {"Gets": "ascending"}
        assert "by Gets, smallest first" in page.locator("#map-status").inner_text()


def test_the_map_is_sorted_by_keyboard(page_of: Any) -> None:
    with page_of(FINDING) as (page, _):
        page.get_by_role("button", name="Entity", exact=True).focus()
        page.keyboard.press("Enter")
        everything = sorted((e.name for e in SLEDS + OTHERS), key=str.lower)
        assert names(page) == everything
        assert sorted_by(page) == {"Entity": "ascending"}
        page.keyboard.press("Space")
        assert names(page) == everything[::-1]
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement.textContent") == "Goes to"
        outline = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
        assert outline == "solid"


def test_every_class_can_be_sorted_by(page_of: Any) -> None:
    with page_of(FINDING) as (page, _):
        for label in LABELS:
            page.get_by_role("button", name=label, exact=True).click()
        last = page.locator("#map thead th[aria-sort]")
        at = 1 + page.evaluate("(h) => h.cellIndex", last.element_handle())
        assert column(page, at) == sorted(column(page, at), reverse=True)


def test_a_thousand_entities_are_found_by_name_and_all_shown_on_demand(page_of: Any) -> None:
    with page_of(wide(1000, 40)) as (page, seen):
        rows = page.locator(VISIBLE)
        assert rows.count() == 25
        page.get_by_label("Show entities or classes named").fill("thing 777")
        assert rows.count() == 1
        assert (
            page.locator("#map-status").inner_text()
        ) == "Matching: 1 of 1000 entities; 999 are not shown."
        page.get_by_label("Show entities or classes named").fill("")
        every = page.get_by_role("button", name="Show all rows")
        every.click()
        assert rows.count() == 1000
        assert every.get_attribute("aria-pressed") == "true"
        every.click()
        assert rows.count() == 25
        assert seen.complaints == []


@pytest.mark.parametrize("name", ALL)
def test_a_phone_shows_the_page_without_moving_it_sideways(page_of: Any, name: str) -> None:
    with page_of(ALL[name], viewport=PHONE) as (page, _):
        assert page.evaluate(SIDEWAYS) <= 0
        small = page.evaluate(
            "Array.from(document.querySelectorAll('p, dd, td, th, li')).filter((e) => "
            "e.offsetParent && parseFloat(getComputedStyle(e).fontSize) < 11).length"
        )
        assert small == 0


def test_the_dark_page_is_dark(page_of: Any) -> None:
    def brightness(**context: Any) -> int:
        with page_of(FINDING, **context) as (page, _):
            colour = page.evaluate("getComputedStyle(document.body).backgroundColor")
            return sum(int(part) for part in colour[4:-1].split(","))

    assert brightness(color_scheme="dark") < 150
    assert brightness(color_scheme="light") > 600


def test_paper_has_everything_but_what_can_only_be_clicked(page_of: Any, tmp_path: Path) -> None:
    with page_of(FINDING, color_scheme="dark") as (page, _):
        page.emulate_media(media="print")
        assert not page.locator("nav").is_visible()
        assert not page.locator("#map-tools").is_visible()
        ground = "getComputedStyle(document.body).backgroundColor"
        assert page.evaluate(ground) == "rgb(255, 255, 255)"
        page.evaluate("window.dispatchEvent(new Event('beforeprint'))")
        assert page.locator("details[open]").count() == len(FINDING.findings)
        page.pdf(path=tmp_path / "report.pdf", prefer_css_page_size=True)
        assert (tmp_path / "report.pdf").read_bytes().startswith(b"%PDF")


def test_without_scripts_the_page_shows_the_same(page_of: Any) -> None:
    with page_of(FINDING, java_script_enabled=False) as (page, _):
        assert page.locator("#map").is_visible()
        assert not page.locator("#map-tools").is_visible()
        assert page.locator("#map button").count() == 0


@pytest.mark.parametrize(
    ("name", "scheme", "viewport"),
    [
        ("finding", "light", DESK),
        pytest.param("finding", "dark", PHONE, marks=pytest.mark.slow),
        pytest.param("no_evidence", "dark", DESK, marks=pytest.mark.slow),
        pytest.param("not_audited", "light", PHONE, marks=pytest.mark.slow),
        pytest.param("older", "light", DESK, marks=pytest.mark.slow),
        ("hostile", "dark", PHONE),
    ],
)
def test_nothing_grave_keeps_anybody_from_reading_it(
    page_of: Any, name: str, scheme: str, viewport: dict[str, int]
) -> None:
    from axe_playwright_python.sync_playwright import Axe

    pages = {
        **{each: render(report) for each, report in ALL.items()},
        "older": without_additions(FINDING),
        "hostile": render(with_every_string(NO_EVIDENCE, MARKUP[0])),
    }
    with page_of(pages[name], color_scheme=scheme, viewport=viewport) as (page, _):
        page.evaluate("document.querySelectorAll('details').forEach((d) => { d.open = true; })")
        found = Axe().run(page).response["violations"]
        told = [
            (each["id"], [node["html"][:120] for node in each["nodes"][:3]])
            for each in found
            if each["impact"] in GRAVE
        ]
        assert told == []
