"""The page of a repair, without a browser."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest

from auditor.output import json_v1
from auditor.output.convert_sequela_v1 import comparison_v1
from auditor.output.html import render, render_comparison
from auditor.output.remediation_v1 import BarrierV1
from auditor.output.report_v1 import ReportV1
from tests.output.hostile import HOSTILE
from tests.output.made_repair import LEFT, REPAIR, REPAIRS, hostile, made
from tests.output.made_sequela import REPORT
from tests.output.test_html import MARKUP, Parsed

PAGES: dict[str, Callable[[], str]] = {
    **{name: lambda make=make: render(make()) for name, make in REPAIRS.items()},
    "comparison": lambda: render_comparison(comparison_v1(REPORT)),
}
ELEMENTS = len(Parsed(PAGES["repair"]()).all("script"))


@pytest.mark.parametrize("name", PAGES)
def test_nothing_is_loaded_from_anywhere(name: str) -> None:
    page = PAGES[name]()
    for tag, attributes in Parsed(page).elements:
        assert not {"style", "srcset", "action", "background"} & set(attributes), tag
        assert not [key for key in attributes if key.startswith("on")]
        for key in ("src", "href"):
            if attributes.get(key) is not None:
                assert re.match(r"#|data:", attributes[key] or ""), attributes
    assert "url(" not in page
    assert "@import" not in page


@pytest.mark.parametrize("name", PAGES)
def test_every_link_leads_somewhere_and_no_name_is_given_twice(name: str) -> None:
    page = Parsed(PAGES[name]())
    ids = [a["id"] for _, a in page.elements if a.get("id")]
    assert len(ids) == len(set(ids))
    links = {a["href"] for a in page.all("a")} | {
        f"#{a[key]}"
        for _, a in page.elements
        for key in ("aria-labelledby", "aria-details")
        if a.get(key)
    }
    assert {link for link in links if link and link[1:] not in ids} == set()


@pytest.mark.parametrize("name", REPAIRS)
def test_the_page_of_a_stored_report_is_that_of_the_report(name: str) -> None:
    report = REPAIRS[name]()
    assert render(json_v1.parse(json_v1.render(report))) == render(report)


def test_the_verdict_of_the_repair_comes_first_and_that_of_the_scan_later() -> None:
    page = Parsed(render(made()))
    headings = [words for tag, words in page.words if tag in ("h1", "h2")]
    assert headings[0] == "Partly: 1 of 2 mappings down to the natural rate, by super-ft"
    assert headings[1:5] == [
        *("Repair", "What the repair left behind", "How it was done"),
        "Scan of the repaired model",
    ]


def test_the_radar_has_its_table_and_says_what_it_does_not_know() -> None:
    page = Parsed(render(made()))
    (radar,) = [
        a for a in page.all("svg") if "Harm of each component" in (a.get("aria-label") or "")
    ]
    assert radar["role"] == "img"
    assert radar["aria-details"] == "components"
    label = radar["aria-label"] or ""
    for harm in LEFT.harms:
        assert f"{harm.component} {harm.value:.3g}" in label
    for name in LEFT.missing:
        assert f"{name} not scored" in label
    for name in (*LEFT.missing, *(harm.component for harm in LEFT.harms)):
        assert name in [words for tag, words in page.words if tag == "th"]


def test_every_picture_of_numbers_is_described_or_hidden() -> None:
    for svg in Parsed(render(made())).all("svg"):
        assert svg.get("aria-hidden") == "true" or (svg.get("role") == "img" and svg["aria-label"])


def test_every_mapping_stands_there_with_its_intervals() -> None:
    text = Parsed(render(made())).text
    for mapping in REPAIR.mappings:
        for share in (mapping.before, mapping.after, mapping.natural):
            assert f"{share.value:.2f} [{share.low:.2f}, {share.high:.2f}]" in text


def test_where_nothing_was_compared_the_page_says_why() -> None:
    text = Parsed(render(REPAIRS["not_repaired"]())).text
    assert "nothing was written that could be compared" in text


@pytest.mark.parametrize("foreign", [*HOSTILE, *MARKUP])
def test_foreign_strings_are_text(foreign: str) -> None:
    page = Parsed(render(hostile(foreign)))
    assert len(page.all("script")) == ELEMENTS
    assert not [a for _, a in page.elements for key in a if key.startswith("on")]
    assert not [a for a in page.all("img") if not (a["src"] or "").startswith("data:image/")]


def test_a_foreign_report_whose_lists_do_not_match_has_a_page(tmp_path: object) -> None:
    done = made().remediation
    assert done is not None
    odd = BarrierV1(at=[0.0, 0.5, 1.0], losses=[1.0], accuracies=[], success=[[]], height=None)
    moments = [moment.model_copy(update={"success": []}) for moment in done.history]
    changed = done.model_copy(update={"barrier": odd, "history": moments})
    report: ReportV1 = made().model_copy(update={"remediation": changed})
    assert "Loss barrier" in render(json_v1.parse(json_v1.render(report)))
