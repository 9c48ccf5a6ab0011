"""The published format. To accept a wanted change of the expected text:

python -c "from tests.output.test_json_v1 import write_golden; write_golden()"
"""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from auditor.errors import UsageError
from auditor.output import convert_v1, json_v1, terminal
from auditor.output.json_v1 import parse, render, schema, to_v1, write_schema
from auditor.types import Confidence, Report, Severity, Verdict
from tests.output.hostile import with_every_string
from tests.reports_for_tests import (
    ALL,
    DOGS_FINDING,
    FINDING,
    NO_EVIDENCE,
    NOT_AUDITED,
    PICTURE,
    ROUTING,
    SLEDS,
)

# What version 1 did not have at first, and what older reports therefore lack.
ADDED_LATER = {
    *("remembered", "planned", "decided_by", "listing", "file_findings"),
    *("group", "group_entities", "explanation", "neighbours"),
    *("references", "picture", "ladder", "routing", "calibration", "remediation", "sequela"),
}
GOLDEN = Path(__file__).parent / "golden"
SCHEMA = Path(__file__).parents[2] / "reports" / "report-v1.schema.json"
NAN, INFINITY = float("nan"), float("inf")


def write_golden() -> None:
    for name, report in ALL.items():
        (GOLDEN / f"{name}.json").write_text(render(report), encoding="utf-8")


def broken(**changes: Any) -> Report:
    """A report whose one measurement has these values."""
    return replace(NO_EVIDENCE, evidence=(replace(ROUTING, **changes),))


def edited(path: str, value: Any) -> str:
    """The finding report as JSON, with the field at `path` replaced or added."""
    document = json.loads(render(FINDING))
    *way, last = [int(part) if part.isdigit() else part for part in path.split(".")]
    inner = document
    for part in way:
        inner = inner[part]
    inner[last] = value
    return json.dumps(document)


@pytest.mark.parametrize("name", ALL)
def test_expected_text(name: str) -> None:
    assert render(ALL[name]) == (GOLDEN / f"{name}.json").read_text(encoding="utf-8")


def test_the_schema_file_is_up_to_date(tmp_path: Path) -> None:
    write_schema(tmp_path / "schema.json")
    command = (
        "python -c 'from pathlib import Path; from auditor.output.json_v1 import write_schema; "
        'write_schema(Path("reports/report-v1.schema.json"))\''
    )
    assert SCHEMA.read_bytes() == (tmp_path / "schema.json").read_bytes(), f"run: {command}"


def test_the_schema_describes_itself_and_every_field() -> None:
    jsonschema.Draft202012Validator.check_schema(schema())
    assert {"$schema", "$id", "title", "description"} <= set(schema())
    for name, part in [("", schema()), *schema()["$defs"].items()]:
        if "properties" in part:
            later = ADDED_LATER | ({"kind"} if name == "FileV1" else set())
            assert part["additionalProperties"] is False
            assert set(part["required"]) == set(part["properties"]) - later
            assert all("description" in field for field in part["properties"].values())


@pytest.mark.parametrize(
    "report", [*ALL.values(), with_every_string(FINDING, "\u202e\n"), broken(value=NAN)]
)
def test_reports_fit_the_schema_and_come_back_the_same(report: Report) -> None:
    text = render(report)
    jsonschema.validate(json.loads(text), json.loads(SCHEMA.read_text(encoding="utf-8")))
    assert parse(text) == to_v1(report)
    assert render(parse(text)) == text


def test_every_member_of_an_enumeration_has_a_word() -> None:
    assert set(convert_v1._VERDICTS) == set(Verdict)
    assert set(convert_v1._SEVERITIES) == set(Severity)
    assert set(convert_v1._CONFIDENCES) == set(Confidence)


def test_the_effect_of_a_finding_is_its_first_evidence() -> None:
    first = to_v1(FINDING).findings[0]
    assert first.effect.model_dump() == {
        key: getattr(first.evidence[0], key) for key in type(first.effect).model_fields
    }


@pytest.mark.parametrize("number", [NAN, INFINITY, -INFINITY])
def test_what_is_not_a_number_becomes_null(number: float) -> None:
    report = replace(
        broken(value=number, low=number, high=number, p_value=number, detail={"x": number}),
        model_score=number,
        settings={"x": [number], "y": {"z": number}},
        ranking=(replace(FINDING.ranking[0], effect=number, p_value=number),),
    )
    text = render(report)
    assert "NaN" not in text
    assert "Infinity" not in text
    assert json.loads(text)["evidence"][0]["detail"] == {"x": None}


def test_a_finding_without_a_p_value_is_a_bug_and_not_a_report() -> None:
    report = replace(FINDING, findings=(replace(DOGS_FINDING, p_value=NAN),))
    with pytest.raises(ValueError, match="p_value"):
        render(report)


def test_a_finding_without_evidence_is_a_bug_and_not_a_report() -> None:
    report = replace(FINDING, findings=(replace(DOGS_FINDING, evidence=()),))
    with pytest.raises(ValueError, match="no evidence"):
        render(report)


def test_rounding_does_not_cost_the_report() -> None:
    assert to_v1(broken(p_value=1 + 1e-12)).evidence[0].p_value == 1.0


def test_a_class_beyond_the_labels_has_no_name() -> None:
    target = to_v1(broken(target_index=99)).evidence[0].target
    assert (target.index, target.label) == (99, None)


def test_settings_of_any_type_are_stored_in_a_stable_order() -> None:
    settings = {"b": Path("x/y"), "a": (Severity.HIGH, {"q", "p"}), "c": {"z": 1, "y": None}}
    stored = to_v1(replace(NOT_AUDITED, settings=settings)).settings
    assert list(stored.items()) == [
        ("a", ["high", ["p", "q"]]),
        ("b", "x/y"),
        ("c", {"y": None, "z": 1}),
    ]


def test_the_text_is_ascii_ends_in_a_newline_and_gives_no_orders_to_ci() -> None:
    text = render(with_every_string(NO_EVIDENCE, "\ud800 \u202e é \x1b ::a:: ##[error]x ###"))
    assert text.isascii()
    assert text.endswith("}\n")
    assert "\x1b" not in text
    assert "##" not in text
    assert not any(line.strip().startswith("::") for line in text.splitlines())
    assert json.loads(text)["settings"]["depth"] == "\ufffd \u202e é \x1b ::a:: ##[error]x ###"


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("", "not valid JSON"),
        ("[" * 100_000, "not valid JSON"),
        (edited("model_score", NAN), "NaN"),
        (edited("model_score", 0.5).replace("0.5,", "1e999,"), "out of range"),
        ("[]", "schema_version"),
        ("{}", "schema_version"),
        (edited("schema_version", 1), "schema_version"),
        (edited("verdict", "fine"), "verdict"),
        (edited("findings.0.severity", "dire"), "findings[0].severity"),
        (edited("findings.1.p_value", "0.1"), "findings[1].p_value"),
        (edited("evidence.2.p_value", 1.5), "evidence[2].p_value"),
        (edited("cost.probes", -1), "cost.probes"),
        (edited("cost.probes", None), "cost.probes"),
        (edited("model.extra", 1), "model.extra"),
        (edited("findings.0.examples.0.picture", "https://a.test/b.png"), "picture"),
        (edited("findings.0.examples.0.picture", "data:image/svg+xml;base64,AAAA"), "picture"),
        (edited("findings.0.examples.0.picture", 'data:image/png;base64,AA" x="'), "picture"),
        (edited("findings.0.examples.0.picture", PICTURE + "A" * 70_000), "picture"),
        (edited("routing.rows.0.probabilities.0", 2), "routing.rows[0].probabilities[0]"),
        (edited("x\x1b\u202e", 1), "x<U+001B><U+202E>"),
    ],
)
def test_wrong_data_is_refused_by_the_name_of_the_field(text: str, named: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse(text)
    assert named in caught.value.message
    assert caught.value.hint


def test_a_missing_field_is_refused() -> None:
    document = json.loads(render(FINDING))
    del document["skips"]
    with pytest.raises(UsageError, match="skips"):
        parse(json.dumps(document))


def test_a_report_from_before_fields_were_added_is_read_and_shown() -> None:
    document = json.loads(render(FINDING))
    for finding in document["findings"]:
        del finding["group"], finding["group_entities"], finding["explanation"]
        del finding["ladder"]
        for example in finding["examples"]:
            del example["neighbours"], example["references"], example["picture"]
    del document["routing"], document["calibration"]
    jsonschema.validate(document, schema())
    read = parse(json.dumps(document))
    assert [(f.group, f.group_entities, f.explanation) for f in read.findings] == [
        (None, [], "")
    ] * 2
    assert DOGS_FINDING.summary[:60] in " ".join(
        terminal.render(read, width=200, color=False).split()
    )


def test_what_explains_a_finding_is_part_of_it() -> None:
    finding = to_v1(FINDING).findings[0]
    assert finding.group == DOGS_FINDING.group
    assert finding.group_entities == [entity.id for entity in SLEDS]
    assert finding.explanation == DOGS_FINDING.explanation
    assert [len(example.neighbours) for example in finding.examples] == [0, 0, 3, 0]
    first = finding.examples[2].neighbours[0]
    assert (first.instance, first.label.label, first.similarity) == (
        "signs/00412.png",
        "stop",
        0.914,
    )


def test_a_similarity_that_is_not_a_number_becomes_null() -> None:
    (_, _, example, _) = DOGS_FINDING.examples
    broken_off = replace(example, neighbours=(replace(example.neighbours[0], similarity=NAN),))
    report = replace(FINDING, findings=(replace(DOGS_FINDING, examples=(broken_off,)),))
    assert to_v1(report).findings[0].examples[0].neighbours[0].similarity is None


@pytest.mark.parametrize(("version", "hint"), [("2", "Upgrade"), ("0", "again"), ("x", "again")])
def test_another_version_says_which_one_is_understood(version: str, hint: str) -> None:
    with pytest.raises(UsageError, match="understands version 1") as caught:
        parse(edited("schema_version", version))
    assert hint in caught.value.hint


def test_the_module_says_what_it_offers() -> None:
    assert all(hasattr(json_v1, name) for name in json_v1.__all__)
