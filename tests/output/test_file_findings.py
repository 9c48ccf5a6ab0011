"""Findings in files in every format: named, without a p-value, and counted for the gate."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from auditor.errors import ExitCode
from auditor.gate import gate
from auditor.output import html, junit, markdown, sarif, terminal
from auditor.output.convert_v1 import to_v1
from auditor.output.json_v1 import parse
from auditor.output.json_v1 import render as render_json
from auditor.types import Confidence, FileDigest, FileFinding, Severity, Verdict
from tests.reports_for_tests import NO_EVIDENCE, NOT_AUDITED

FILE = FileDigest(path="optimizer<b>.pt", size_bytes=9, sha256="0" * 64, kind="pickle")
FINDING = FileFinding(
    rule_id="dangerous-pickle",
    severity=Severity.CRITICAL,
    confidence=Confidence.HIGH,
    title="A pickle would run code",
    summary="optimizer<b>.pt would import os.system.",
    file=FILE,
    named=("os.system",),
)


@pytest.fixture(params=[NO_EVIDENCE, NOT_AUDITED], ids=["no-evidence", "not-audited"])
def report(request: pytest.FixtureRequest):
    return replace(request.param, listing=(FILE,), file_findings=(FINDING,))


def test_json_keeps_it_apart_from_findings_with_a_p_value(report):
    read = parse(render_json(report))
    assert read.findings == []
    assert [each.fingerprint for each in read.file_findings] == [FINDING.fingerprint]
    assert read.listing[0].kind == "pickle"


def test_every_format_for_people_names_the_file_and_the_rule(report):
    document = to_v1(report)
    pages = [
        terminal.render(document, width=100, color=False),
        markdown.render(document),
        junit.render(document),
        html.render(document),
    ]
    for page in pages:
        assert "optimizer" in page
        assert "dangerous-pickle" in page
        assert "<b>" not in page or page is pages[0]


def test_sarif_has_a_result_at_the_file(report):
    (run,) = json.loads(sarif.render(to_v1(report)))["runs"]
    (result,) = run["results"]
    assert result["ruleId"] == "dangerous-pickle"
    place = result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]
    assert place.endswith("optimizer%3Cb%3E.pt")


def test_it_counts_for_the_gate_and_not_for_the_verdict(report):
    expected = ExitCode.NOT_AUDITED if report.verdict is Verdict.NOT_AUDITED else ExitCode.FINDINGS
    assert gate(report, "high") is expected
    if report.verdict is not Verdict.NOT_AUDITED:
        accepted = replace(report, file_findings=(replace(FINDING, in_baseline=True),))
        assert gate(accepted, "high") is ExitCode.AUDITED
