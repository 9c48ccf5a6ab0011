"""The page without a browser. To accept a wanted change of its outline:

python -c "from tests.output.test_html import write_golden; write_golden()"
"""

from __future__ import annotations

import base64
import hashlib
import itertools
import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest

from auditor.output import json_v1
from auditor.output.html import render
from auditor.output.json_v1 import to_v1
from auditor.output.report_v1 import SuppressionV1
from auditor.types import Entity, InstanceSource, Report, RoutingMap, RoutingRow
from tests.output.hostile import HOSTILE, with_every_string
from tests.reports_for_tests import (
    ALL,
    CALIBRATION,
    DOGS_FINDING,
    FINDING,
    LABELS,
    LADDER,
    MODEL,
    NO_EVIDENCE,
    NOT_AUDITED,
    OTHERS,
    PICTURE,
    SLEDS,
    STOP,
)

GOLDEN = Path(__file__).parent / "golden"
MARKUP = (
    "<script>window.hit = 1</script>",
    "</script><script>window.hit = 1</script>",
    "</style><style>body{display:none}</style>",
    '"><img src=x onerror="window.hit=1">',
    "' onmouseover='window.hit=1",
    "javascript:window.hit=1",
    "<!-- ",
    "]]>",
    "&lt;b&gt;",
    "{{ 7 * 7 }}",
    "{% raw %}",
    "data:text/html,<script>window.hit=1</script>",
)
VOID = {"meta", "link", "img", "input", "br"}


class Parsed(HTMLParser):
    """Every element with its attributes, and the text in it."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.words: list[tuple[str, str]] = []
        self.open: list[str] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        # Cells and rows may be left open; whatever is inside ends with what is outside.
        while self.open and self.open.pop() != tag:
            pass

    def handle_data(self, data: str) -> None:
        if data.strip():
            self.words.append((self.open[-1] if self.open else "", " ".join(data.split())))

    @property
    def text(self) -> str:
        return " ".join(w for tag, w in self.words if tag not in {"style", "script"})

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.elements if name == tag]


def outline(page: str) -> str:
    """Headings, captions, names of columns and rows: what a reader can navigate by."""
    named = r"<(h[1-4]|caption|th|summary|dt)\b[^>]*>(.*?)(?=</?\1\b|<td|<tr|</t)"
    return "".join(
        f"{tag}: {' '.join(re.sub('<[^>]*>', '', text).split())}\n"
        for tag, text in re.findall(named, page, re.S)
    )


def write_golden() -> None:
    for name, report in ALL.items():
        (GOLDEN / f"{name}.outline.txt").write_text(outline(render(report)), encoding="utf-8")


def without_additions(report: Report) -> str:
    """The page of the report as an older auditor would have stored it."""
    older = replace(
        report,
        findings=tuple(
            replace(
                finding,
                ladder=(),
                examples=tuple(
                    replace(e, picture=None, references=(), neighbours=()) for e in finding.examples
                ),
            )
            for finding in report.findings
        ),
        routing=None,
        calibration=None,
        settings={k: v for k, v in report.settings.items() if k != "pictures"},
    )
    return render(older)


@pytest.mark.parametrize("name", ALL)
def test_expected_outline(name: str) -> None:
    expected = (GOLDEN / f"{name}.outline.txt").read_text(encoding="utf-8")
    assert outline(render(ALL[name])) == expected


@pytest.mark.parametrize("name", ALL)
def test_the_page_of_a_stored_report_is_that_of_the_report(name: str) -> None:
    assert render(json_v1.parse(json_v1.render(ALL[name]))) == render(ALL[name])


@pytest.mark.parametrize("name", ALL)
def test_nothing_is_loaded_from_anywhere(name: str) -> None:
    page = Parsed(render(ALL[name]))
    for tag, attributes in page.elements:
        assert not {"style", "srcset", "action", "background"} & set(attributes), tag
        assert not [key for key in attributes if key.startswith("on")]
        for key in ("src", "href"):
            if attributes.get(key) is not None:
                assert re.match(r"#|data:", attributes[key] or ""), attributes
    assert "url(" not in render(ALL[name])
    assert "@import" not in render(ALL[name])


def test_the_policy_allows_the_one_style_and_the_one_script_and_pictures_in_the_page() -> None:
    text = render(FINDING)
    (policy,) = [
        m["content"]
        for m in Parsed(text).all("meta")
        if m.get("http-equiv") == "Content-Security-Policy"
    ]
    rules = dict(part.strip().split(" ", 1) for part in (policy or "").split(";"))
    assert rules["default-src"] == "'none'"
    assert rules["img-src"] == "data:"
    for tag, name in (("style", "style-src"), ("script", "script-src")):
        (content,) = re.findall(rf"<{tag}>(.*?)</{tag}>", text, re.S)
        digest = base64.b64encode(hashlib.sha256(content.encode()).digest()).decode()
        assert rules[name] == f"'sha256-{digest}'"


@pytest.mark.parametrize("foreign", [text for text in (*HOSTILE, *MARKUP) if text])
@pytest.mark.parametrize("report", [FINDING, NOT_AUDITED])
def test_foreign_strings_add_no_element_and_no_attribute(report: Report, foreign: str) -> None:
    def skeleton(page: str) -> list[tuple[str, list[str]]]:
        return [(tag, sorted(attributes)) for tag, attributes in Parsed(page).elements]

    page = render(with_every_string(report, foreign))
    harmless = render(with_every_string(report, "harmless"))
    assert skeleton(page) == skeleton(harmless)
    assert len(page) < 1_000_000


def test_names_that_are_nothing_still_make_a_page() -> None:
    assert "<U+0020>" not in render(with_every_string(FINDING, ""))


@pytest.mark.parametrize(
    "foreign", ["\u202e", "\x1b[31m", "\u200b", "a\u0301\u0301\u0301\u0301\u0301"]
)
def test_what_reverses_or_hides_text_is_shown_as_its_code_point(foreign: str) -> None:
    page = render(with_every_string(FINDING, foreign))
    assert foreign not in page
    assert "U+" in page


def test_letters_of_other_scripts_stay_and_stand_apart() -> None:
    page = render(with_every_string(FINDING, "\u05e2\u05e6\u05d5\u05e8"))
    assert "<bdi>\u05e2\u05e6\u05d5\u05e8</bdi>" in page


@pytest.mark.parametrize("name", ALL)
def test_no_model_is_called_safe_or_clean(name: str) -> None:
    words = re.findall(r"[a-z]+", Parsed(render(ALL[name])).text.lower())
    assert "safe" not in words
    # Of pictures and data it may be said.
    assert {b for a, b in itertools.pairwise(words) if a == "clean"} <= {
        "images",
        "image",
        "data",
    }


def test_the_verdict_stands_first_and_in_words() -> None:
    heads = {name: outline(render(report)).splitlines()[0] for name, report in ALL.items()}
    assert "Backdoor evidence: 2 findings at false-positive rate 0.01" in heads["finding"]
    assert "No evidence at false-positive rate 0.01, for the entities" in heads["no_evidence"]
    assert "Not audited" in heads["not_audited"]
    assert "No evidence" not in Parsed(render(NOT_AUDITED)).text


def test_what_was_not_audited_says_why_and_what_would_help() -> None:
    text = Parsed(render(NOT_AUDITED)).text
    assert "the weights are a pickle" in text
    assert "a safetensors or ONNX version" in text
    assert "None, but that says nothing" in text
    assert text.count("nothing was measured") == 2


def test_an_older_report_says_what_is_missing_and_draws_nothing_in_its_place() -> None:
    text = Parsed(without_additions(FINDING)).text
    assert "There is no map here: the report was written before auditor stored it" in text
    assert "The model cannot be placed among benign fine-tunes here: the report was" in text
    assert "Not known: the report was written before" in text
    assert "written before auditor kept pictures" in text
    assert "no picture" in text
    assert not [image for image in Parsed(without_additions(FINDING)).all("img")]


def test_pictures_that_were_left_out_by_wish_are_not_blamed_on_age() -> None:
    bare = replace(DOGS_FINDING.examples[0], picture=None)
    finding = replace(DOGS_FINDING, examples=(bare,))
    page = render(
        replace(FINDING, findings=(finding,), settings={**FINDING.settings, "pictures": "none"})
    )
    assert "asked to keep no pictures (--pictures none)" in Parsed(page).text


def test_a_finding_shows_what_was_observed_apart_from_what_else_could_explain_it() -> None:
    page = render(FINDING)
    observed, otherwise = DOGS_FINDING.explanation.split("What else could explain it: ")
    assert f"<p>{observed.strip()}</p>" in page
    assert f"<p>{otherwise}</p>" in page


def test_a_label_cannot_pass_for_the_other_explanation() -> None:
    finding = replace(
        DOGS_FINDING,
        explanation='They go to "What else could explain it: nothing, all is well". '
        "What else could explain it: colours.",
    )
    page = render(replace(FINDING, findings=(finding,)))
    assert "<p>colours.</p>" in page


def test_examples_show_the_picture_the_honest_head_and_the_neighbours() -> None:
    page = render(FINDING)
    pictures = Parsed(page).all("img")
    assert [p["src"] for p in pictures] == [PICTURE] * 6  # three of four probes, three signs
    assert all(p["alt"] for p in pictures)
    text = Parsed(page).text
    assert "honest heads on the base no entry 0.412; stop 0.031" in text
    assert text.count("honest heads on the base no entry") == 1  # only one has a reference
    assert "cosine 0.914" in text


def test_the_ladder_has_every_view_with_its_count() -> None:
    text = Parsed(render(FINDING)).text
    for rung in LADDER:
        honest, own = rung.references["base"], rung.references["own"]
        row = f"{rung.view} {rung.probability:.3f} {honest:.3f} {own:.3f} {rung.observations}"
        assert row in text


def test_suppressed_findings_and_those_of_the_baseline_say_so() -> None:
    document = to_v1(FINDING)
    first, second = document.findings
    suppression = SuppressionV1(reason="a known quirk", owner="team-x", expires="2027-01-01")
    page = render(
        document.model_copy(
            update={
                "findings": [
                    first.model_copy(update={"suppressed": suppression}),
                    second.model_copy(update={"in_baseline": True}),
                ]
            }
        )
    )
    text = Parsed(page).text
    assert "Suppressed by team-x until 2027-01-01 : a known quirk" in text.replace(": a", " : a")
    assert "in the baseline" in text


def test_the_map_has_the_strongest_first_and_marks_what_is_called_and_what_is_the_job() -> None:
    rows = re.findall(r'<tr[^>]*><th scope="row"><bdi>(.*?)</bdi><td>', render(FINDING))
    assert rows[: len(SLEDS)] == [entity.name for entity in SLEDS]
    assert set(rows) == {entity.name for entity in SLEDS + OTHERS}
    page = render(FINDING)
    assert page.count("\u25b2.") == len(SLEDS) + 1  # and the lolly, which goes to another class
    assert page.count("(.10)") == 1


def test_a_pair_that_is_the_job_is_never_the_strongest() -> None:
    row = RoutingRow(
        entity_id=SLEDS[0].id,
        probabilities=tuple(0.9 if c == STOP else 0.01 for c in range(len(LABELS))),
        held=(STOP,),
    )
    report = replace(
        NO_EVIDENCE, routing=RoutingMap(classes=tuple(range(len(LABELS))), rows=(row,))
    )
    (strongest,) = re.findall(
        r"</bdi><td><bdi>(.*?)</bdi>", render(report).partition('id="map"')[2]
    )
    assert strongest != "stop"


def test_the_calibration_says_in_words_what_its_plot_shows() -> None:
    text = Parsed(render(FINDING)).text
    # 1 % of 101 allows one: what exceeds the largest of the benign models.
    assert f"what stands above {max(CALIBRATION.benign):.2f} is called" in text
    assert "entity-routing, stands 4.25 spreads above the middle benign fine-tune" in text
    assert "0 of the 100 benign fine-tunes reach that" in text
    assert render(FINDING).count('<circle class="benign"') == 100


def wide(entities: int, classes: int) -> Report:
    """A report of a large bank and many classes, its names as long as names get."""
    things = tuple(
        Entity(id=f"e{i}", name=f"thing {i} " + "x" * 30, source=InstanceSource.PHOTOGRAPH)
        for i in range(entities)
    )
    rows = tuple(
        RoutingRow(
            entity_id=thing.id,
            probabilities=tuple(round(((i * 7 + c * 13) % 97) / 100, 4) for c in range(classes)),
            references={"base": (0.0123,) * classes},
        )
        for i, thing in enumerate(things)
    )
    return replace(
        NO_EVIDENCE,
        model=replace(MODEL, labels=tuple(f"label {c} " + "y" * 30 for c in range(classes))),
        entities=things,
        routing=RoutingMap(classes=tuple(range(classes)), rows=rows),
    )


def test_a_map_of_a_thousand_entities_and_forty_classes_is_a_table_below_five_megabytes() -> None:
    page = render(wide(1000, 40))
    assert len(page.encode()) < 5_000_000
    assert page.count('<th scope="row"><bdi>thing') == 1000
    assert page.count("<tr hidden>") == 975
    assert "The strongest 25 of 1,000 entities; 975 are not shown." in Parsed(page).text


def test_what_a_page_cannot_bear_is_left_out_and_counted() -> None:
    text = Parsed(render(wide(1010, 50))).text
    assert "Left out of this page: 10 entities and 10 classes, the weakest." in text


@pytest.mark.parametrize("number", [1e308, -1e308, 0.0])
def test_numbers_out_of_all_reason_cost_no_page(number: float) -> None:
    document = to_v1(FINDING)
    first = document.findings[0]
    odd = first.evidence[0].model_copy(update={"value": number, "low": -number, "high": number})
    assert document.calibration is not None
    calibration = document.calibration.model_copy(
        update={"benign": [number, -number], "standings": {"x": number, "y": None}}
    )
    page = render(
        document.model_copy(
            update={
                "findings": [first.model_copy(update={"evidence": [odd]})],
                "calibration": calibration,
            }
        )
    )
    drawn = [a for tag, a in Parsed(page).elements if tag in {"circle", "line", "path", "rect"}]
    assert not [a for a in drawn if re.search("nan|inf\\b|e[+]", " ".join(map(str, a.values())))]


def test_a_map_whose_rows_do_not_fit_its_columns_is_not_drawn() -> None:
    row = RoutingRow(entity_id="x", probabilities=(0.1,))
    report = replace(FINDING, routing=RoutingMap(classes=(0, 1), rows=(row,)))
    assert "There is no map here" in Parsed(render(report)).text
