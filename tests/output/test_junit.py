"""JUnit XML. To accept a wanted change of the expected text:

python -c "from tests.output.test_junit import write_golden; write_golden()"
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from xml.etree.ElementTree import Element, fromstring

import pytest
from hypothesis import given, settings

from auditor.output.junit import render
from auditor.output.report_v1 import SuppressionV1
from auditor.output.write import to_v1
from auditor.types import Report
from tests.output.hostile import HOSTILE, any_text, with_every_string
from tests.reports_for_tests import (
    ALL,
    DOGS_FINDING,
    FINDING,
    NO_EVIDENCE,
    NOT_AUDITED,
    SHARE,
)

GOLDEN = Path(__file__).parent / "golden"


def suite_of(report: Report) -> Element:
    """The one suite, its counts checked."""
    (suite,) = fromstring(render(to_v1(report)).encode())
    cases = suite.findall("testcase")
    assert suite.get("tests") == str(len(cases))
    for attribute, name in (("failures", "failure"), ("errors", "error"), ("skipped", "skipped")):
        assert suite.get(attribute) == str(sum(case.find(name) is not None for case in cases))
    return suite


def write_golden() -> None:
    for name, report in ALL.items():
        (GOLDEN / f"{name}.xml").write_text(render(to_v1(report)), encoding="utf-8")


@pytest.mark.parametrize("name", ALL)
def test_expected_text(name: str) -> None:
    assert render(to_v1(ALL[name])) == (GOLDEN / f"{name}.xml").read_text(encoding="utf-8")


def failures(report: Report) -> list[str | None]:
    return [each.get("type") for each in suite_of(report).findall("testcase/failure")]


@pytest.mark.parametrize(
    ("fail_on", "failed"),
    [
        ("low", ["critical", "medium"]),
        ("medium", ["critical", "medium"]),
        ("high", ["critical"]),
        ("critical", ["critical"]),
        ("never", []),
        (None, ["critical", "medium"]),
        ("dire", ["critical", "medium"]),
    ],
)
def test_what_fails_is_at_or_above_the_gate(fail_on: str | None, failed: list[str]) -> None:
    report = replace(FINDING, settings=FINDING.settings | {"fail_on": fail_on})
    assert failures(report) == failed
    assert len(suite_of(report).findall("testcase")) == 2 + len(FINDING.skips)


def test_what_was_accepted_or_known_is_skipped_with_the_reason() -> None:
    report = to_v1(replace(FINDING, findings=(DOGS_FINDING, DOGS_FINDING)))
    accepted = SuppressionV1(reason="known toy", owner="ana", expires="2026-09-01")
    findings = [
        report.findings[0].model_copy(update={"suppressed": accepted}),
        report.findings[1].model_copy(update={"in_baseline": True}),
    ]
    (suite,) = fromstring(render(report.model_copy(update={"findings": findings})).encode())
    assert suite.get("failures") == "0"
    said = [each.get("message") for each in suite.findall("testcase/skipped")]
    assert "suppressed by ana until 2026-09-01: known toy" in str(said[0])
    assert "in the baseline report already" in str(said[1])


def test_a_kind_without_a_finding_passes_and_an_undecided_one_does_not() -> None:
    cases = {case.get("classname"): case for case in suite_of(NO_EVIDENCE).findall("testcase")}
    assert list(cases["auditor.class-share"]) == []
    assert "no finding at false-positive rate 0.01" in str(cases["auditor.class-share"].get("name"))
    undecided = replace(SHARE, p_value=None, why_undecided="no null for it")
    report = replace(NO_EVIDENCE, evidence=(undecided,))
    (skipped,) = suite_of(report).findall("testcase/skipped")
    assert skipped.get("message") == "undecided: no null for it"


def test_no_verdict_is_an_error_and_nothing_passes() -> None:
    suite = suite_of(NOT_AUDITED)
    (case,) = suite.findall("testcase")
    (error,) = case
    assert error.get("type") == "not-audited"
    assert "the weights are a pickle" in str(error.get("message"))
    assert suite.get("errors") == "1"


def test_two_findings_never_share_a_name() -> None:
    names = [case.get("name") for case in suite_of(FINDING).findall("testcase")]
    assert len(set(names)) == len(names)


@pytest.mark.parametrize("name", ALL)
@pytest.mark.parametrize("hostile", HOSTILE, ids=lambda text: ascii(text[:20]))
def test_hostile_strings_leave_it_well_formed(name: str, hostile: str) -> None:
    report = with_every_string(ALL[name], hostile)
    suite_of(report)
    text = render(to_v1(report))
    assert "::" not in text
    assert "##" not in text
    assert len(text) < 200_000


@settings(deadline=None, max_examples=60)
@given(any_text)
def test_whatever_comes_it_is_well_formed(text: str) -> None:
    for report in (FINDING, NOT_AUDITED):
        suite_of(with_every_string(report, text))
