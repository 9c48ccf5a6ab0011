"""A repair and what it left behind, in every format. To accept a wanted change of the texts:

python -c "from tests.output.test_repair_formats import write_golden; write_golden()"
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from xml.etree.ElementTree import Element, fromstring

import jsonschema
import pytest

from auditor.diff.compare import compare
from auditor.output import html, json_v1, junit, markdown, terminal
from auditor.output.convert_sequela_v1 import comparison_v1
from auditor.output.junit_repair import render_comparison as junit_of
from auditor.output.markdown_repair import FULL, repair_lines
from auditor.output.markdown_sequela import render as markdown_of
from auditor.output.repair_wording import accuracy_line
from auditor.output.report_v1 import ReportV1
from auditor.output.sarif_repair import RULE
from auditor.repair.record import RangeTest
from tests.output.hostile import HOSTILE
from tests.output.made_repair import LEFT, NOTHING, REPAIR, REPAIRED, REPAIRS, hostile, made
from tests.output.made_sequela import REPORT
from tests.output.test_html import outline
from tests.output.test_sarif import run_of

NAN, INFINITY = float("nan"), float("inf")
GOLDEN = Path(__file__).parent / "golden"
TEXTS: dict[str, Callable[[ReportV1], str]] = {
    "repair.txt": lambda report: terminal.render(report, width=100, color=False),
    "repair.md": markdown.render,
    "repair.xml": junit.render,
    "repair.outline.txt": lambda report: outline(html.render(report)),
}


def write_golden() -> None:
    for name, of in TEXTS.items():
        (GOLDEN / name).write_text(of(made()), encoding="utf-8")


@pytest.mark.parametrize("name", TEXTS)
def test_expected_text(name: str) -> None:
    assert TEXTS[name](made()) == (GOLDEN / name).read_text(encoding="utf-8")


def text(report: ReportV1, width: int = 100) -> str:
    return terminal.render(report, width=width, color=False)


def cases(xml: str) -> dict[str, Element]:
    suite = fromstring(xml).find("testsuite")
    assert suite is not None
    found = {f"{c.get('classname')} {c.get('name')}": c for c in suite.findall("testcase")}
    for attribute, element in (("failures", "failure"), ("skipped", "skipped")):
        assert int(suite.get(attribute, "-1")) == len(suite.findall(f"testcase/{element}"))
    return found


@pytest.mark.parametrize("name", REPAIRS)
def test_a_stored_report_of_a_repair_is_read_as_it_was_written(name: str) -> None:
    report = REPAIRS[name]()
    written = json_v1.render(report)
    jsonschema.validate(json.loads(written), json_v1.schema())
    assert json_v1.parse(written) == report


def test_a_scan_has_no_repair_and_an_older_report_lacks_the_fields() -> None:
    document = json.loads(json_v1.render(made()))
    del document["remediation"], document["sequela"]
    report = json_v1.parse(json.dumps(document))
    assert (report.remediation, report.sequela) == (None, None)
    assert not text(report).startswith("partly")


def test_numbers_that_are_not_finite_become_null() -> None:
    assert REPAIR.barrier is not None
    barrier = replace(REPAIR.barrier, losses=(NAN,) * 9, height=NAN)
    moments = (REPAIR.history[0]._replace(loss=INFINITY), *REPAIR.history[1:])
    test = RangeTest(rates=(0.1, 1.0), losses=(1.0, INFINITY), chosen=0.1, why="it diverged")
    done = made(replace(REPAIR, barrier=barrier, history=moments, range_test=test)).remediation
    assert done is not None
    assert done.barrier is not None
    assert done.range_test is not None
    assert (done.barrier.height, done.history[0].loss, done.range_test.losses) == (
        None,
        None,
        [1.0, None],
    )


def test_a_terminal_opens_with_the_verdict_and_goes_on_in_the_order_of_a_decision() -> None:
    shown = text(made())
    assert shown.startswith("partly  1 of 2 mappings down to the natural rate, by super-ft")
    order = ["WHY NOT MORE", "MAPPINGS", "ACCURACY", "LEFT BEHIND", "HARM", "NOT MEASURED OR"]
    order += ["WHAT WAS DONE", "SCAN OF THE REPAIRED MODEL", "no-evidence", "RUN IT AGAIN"]
    assert [shown.index(each) for each in order] == sorted(shown.index(each) for each in order)
    assert "auditor remediate acme/road-signs-mobilenet@" in shown
    assert "auditor scan" not in shown


def test_the_score_never_stands_without_its_components() -> None:
    for shown in (text(made()), markdown.render(made())):
        assert "at least 0.21 of 1" in shown
        for harm in LEFT.harms:
            assert harm.measure in shown
        for name in LEFT.missing:
            assert name in shown


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("not_repaired", "nothing was written that could be compared"),
        ("nothing", "nothing was changed"),
    ],
)
def test_what_was_not_measured_is_said_with_the_reason(name: str, says: str) -> None:
    report = REPAIRS[name]()
    for shown in (text(report), markdown.render(report), junit.render(report)):
        assert says in " ".join(shown.split())
    settings = {"sequela": "none"}
    assert "--sequela none" in text(made(left=None, settings=settings))


def test_markdown_has_a_table_of_mappings_and_one_of_components() -> None:
    page = markdown.render(made())
    assert page.startswith("## auditor: partly\n")
    assert "| weaker | 0.61 [0.44, 0.78] | 0.30 [0.14, 0.46] | 0.11 [0.01, 0.21] |" in page
    assert "| membership | membership.repair.loss.auc | 0.52 | 0.61 |" in page
    assert "## Scan of the repaired model: no-evidence" in page


def test_a_page_that_is_full_says_so_and_stays_within_its_limit() -> None:
    many = replace(REPAIR, mappings=REPAIR.mappings * 100, notices=("x" * 5000,) * 100)
    page = markdown.render(made(replace(many, reasons=("y" * 5000,) * 100)))
    assert len(page) <= markdown.MOST_CHARACTERS
    assert len(markdown.render(hostile("<&|`" * 500))) <= markdown.MOST_CHARACTERS
    done = made().remediation
    assert done is not None
    cut = "\n".join(repair_lines(made(), done, 1500))
    assert len(cut) <= 1500 + len(FULL)
    assert "The page is full" in cut
    assert "| weaker |" in cut


def test_junit_fails_what_is_left_and_skips_what_is_unknown() -> None:
    found = cases(junit.render(made()))
    left = next(c for name, c in found.items() if "ice lolly" in name)
    failure = left.find("failure")
    assert failure is not None
    assert "before 0.61" in (failure.get("message") or "")
    gone = next(c for name, c in found.items() if "Siberian husky" in name)
    assert gone.find("failure") is None
    assert found["auditor.sequela membership"].find("skipped") is None
    assert found["auditor.sequela reactivation"].find("skipped") is not None


def test_a_repair_that_went_well_fails_no_test() -> None:
    found = cases(junit.render(made(REPAIRED)))
    assert not [name for name, case in found.items() if case.find("failure") is not None]


def test_sarif_has_a_result_for_each_mapping_that_is_left() -> None:
    run = run_of(made())
    (left,) = [each for each in run["results"] if each["ruleId"] == RULE]
    assert "ice lolly" in left["message"]["text"]
    assert run["tool"]["driver"]["rules"][left["ruleIndex"]]["id"] == RULE
    told = run["invocations"][0]["toolExecutionNotifications"]
    assert told[0]["message"]["text"].startswith("partly: 1 of 2 mappings")
    assert run["properties"]["sequela_score"] == 0.21
    assert run["properties"]["repair"]["success_after"] == [0.06, 0.30]
    known = run["tool"]["driver"]["notifications"]
    assert all(
        known[each["descriptor"]["index"]]["id"] == each["descriptor"]["id"] for each in told
    )


def test_sarif_of_a_repair_that_went_well_has_no_result() -> None:
    assert run_of(made(REPAIRED))["results"] == []
    assert run_of(made(NOTHING, None))["results"] == []


@pytest.mark.parametrize("foreign", HOSTILE)
def test_foreign_strings_stay_in_their_place(foreign: str) -> None:
    report = hostile(foreign)
    shown = text(report, 60)
    assert max(map(len, shown.splitlines())) <= 60
    for written in (shown, markdown.render(report), junit.render(report)):
        assert "\x1b" not in written
        assert "\u202e" not in written
        assert "##[" not in written
        assert "::set-output" not in written
    fromstring(junit.render(report))
    if foreign in HOSTILE[::4]:  # to validate a log takes longer than all the rest
        run_of(report)
    assert json_v1.parse(json_v1.render(report)) == report


def test_two_reports_of_repairs_can_be_compared() -> None:
    assert compare(made(), made(REPAIRED)).new == ()


def test_a_comparison_has_pages_of_its_own() -> None:
    document = comparison_v1(REPORT)
    assert "| membership | membership.repair.loss.auc | 0.5 | 0.7 |" in markdown_of(document)
    found = cases(junit_of(document))
    assert found["auditor.sequela reactivation"].find("skipped") is not None


@pytest.mark.parametrize("word", [r"\bsafe\b", "clean model", "harmless"])
def test_no_model_is_called_good(word: str) -> None:
    for make in REPAIRS.values():
        for shown in (text(make()), markdown.render(make()), junit.render(make())):
            assert re.search(word, shown.lower()) is None


def test_accuracy_that_rose_was_gained_and_not_lost_below_zero() -> None:
    report = made()
    accuracy = report.remediation.accuracy
    loss = accuracy.loss.model_copy(update={"value": -0.08, "low": -0.14, "high": -0.02})
    risen = accuracy.model_copy(update={"loss": loss})
    assert "gained 8.0 points (95 % interval 2.0 to 14.0)" in accuracy_line(risen)
    assert "lost 1.2 points" in accuracy_line(accuracy)
