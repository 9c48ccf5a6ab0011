from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from auditor.diff.compare import Difference, compare
from auditor.errors import UsageError
from auditor.output.convert_v1 import to_v1
from auditor.types import Finding, Report, Severity, Skip, Suppression, Verdict
from tests.reports_for_tests import (
    DOGS_FINDING,
    FINDING,
    LOLLY_FINDING,
    MODEL,
    NO_EVIDENCE,
    NOT_AUDITED,
    OTHERS,
    ROUTING,
    SLEDS,
    of_pairs,
)

LATER = replace(FINDING, model=replace(MODEL, revision="b" * 40, digest="c" * 64), skips=())


def with_findings(*findings: Finding, of: Report = LATER) -> Report:
    return replace(of, findings=findings)


def difference(before: Report, after: Report) -> Difference:
    return compare(to_v1(before), to_v1(after))


def changes(after: Finding) -> tuple[str, ...]:
    found = difference(with_findings(DOGS_FINDING, of=FINDING), with_findings(after))
    assert (found.new, found.gone, found.unseen) == ((), (), ())
    return found.changed[0].changes if found.changed else ()


def test_two_reports_of_one_thing_do_not_differ():
    found = difference(FINDING, LATER)
    assert (found.new, found.gone, found.unseen, found.changed) == ((), (), (), ())
    assert (found.same, found.coverage, found.remarks) == (2, (), ())


def test_a_new_finding_fails_from_its_severity_down():
    found = difference(with_findings(DOGS_FINDING, of=FINDING), LATER)
    assert [new.finding.rule_id for new in found.new] == [LOLLY_FINDING.rule_id]
    assert len(found.failing("medium")) == 1
    assert found.failing("high") == []
    assert found.failing("never") == []


def test_a_new_finding_that_is_suppressed_is_listed_and_does_not_fail():
    by = Suppression(fingerprint="", reason="r", owner="o", expires=date(2027, 1, 31))
    hidden = replace(DOGS_FINDING, suppressed=by)
    found = difference(with_findings(of=FINDING), with_findings(hidden))
    assert len(found.new) == 1
    assert found.failing("low") == []


def test_a_finding_that_reaches_further_or_is_graver_is_new_and_says_so():
    pairs = of_pairs(DOGS_FINDING)
    further = of_pairs(replace(DOGS_FINDING, entities=(*SLEDS, OTHERS[1])))
    graver = replace(LOLLY_FINDING, severity=Severity.HIGH)
    earlier = with_findings(pairs, LOLLY_FINDING, of=FINDING)
    found = difference(earlier, with_findings(further, graver))
    assert [new.beyond for new in found.new] == [
        "it did not name hotdog",
        "it was medium and is high",
    ]
    assert len(found.failing("high")) == 2
    assert found.gone == ()


@pytest.mark.parametrize(
    ("after", "said"),
    [
        (replace(DOGS_FINDING, severity=Severity.LOW), "severity critical -> low"),
        (replace(DOGS_FINDING, p_value=0.03), "p 0.0003 -> 0.03"),
        (
            replace(DOGS_FINDING, evidence=(replace(ROUTING, value=0.7),)),
            "routing rate 0.918 -> 0.7, outside the earlier interval",
        ),
        (
            of_pairs(replace(DOGS_FINDING, entities=SLEDS[:-1])),
            "no longer names Norwegian elkhound",
        ),
        (
            replace(DOGS_FINDING, group_ids=DOGS_FINDING.group_ids[:2]),
            "its group has 2 entities, and had 8",
        ),
    ],
)
def test_what_changed(after: Finding, said: str):
    assert changes(after) == (said,)


@pytest.mark.parametrize(
    "after",
    [
        replace(DOGS_FINDING, p_value=0.0009),
        replace(DOGS_FINDING, evidence=(replace(ROUTING, value=0.9),)),
        replace(DOGS_FINDING, evidence=(replace(ROUTING, statistic="another", value=0.1),)),
        replace(DOGS_FINDING, entities=(*SLEDS[2:], OTHERS[1])),
    ],
    ids=["p in its band", "effect in its interval", "another statistic", "an estimated group"],
)
def test_what_is_no_change(after: Finding):
    assert changes(after) == ()


def test_a_finding_that_the_later_scan_could_have_made_is_gone():
    found = difference(FINDING, replace(NO_EVIDENCE, model=LATER.model))
    assert len(found.gone) == 2
    assert found.unseen == ()


@pytest.mark.parametrize(
    ("after", "reason"),
    [
        (
            {"skips": (Skip(subject="entity-routing", reason="needs gradients"),)},
            "entity-routing: needs gradients",
        ),
        ({"evidence": ()}, "no evidence of kind entity-routing was gathered"),
        ({"entities": SLEDS[:3]}, "5 of its 8 entities were not asked about"),
        ({"verdict": Verdict.NOT_AUDITED}, "the scan is incomplete"),
        (
            {"model": replace(MODEL, labels=("a", *MODEL.labels[1:6], "halt", *MODEL.labels[7:]))},
            "the model has no class of that name any more",
        ),
    ],
)
def test_a_finding_that_could_not_be_made_again_is_not_gone(after, reason: str):
    later = replace(with_findings(), **after)
    found = difference(with_findings(DOGS_FINDING, of=FINDING), later)
    assert found.gone == ()
    assert [each.reason for each in found.unseen] == [reason]


def test_a_model_that_could_not_be_loaded_was_not_looked_at():
    found = difference(FINDING, NOT_AUDITED)
    assert found.gone == ()
    assert {each.reason for each in found.unseen} == {"nothing was looked at"}
    assert found.remarks[0] == "the later report holds no model: nothing could be loaded"


def test_what_only_one_report_looked_at_is_listed():
    kinds = tuple(item for item in FINDING.evidence if item.kind != "class-share")
    found = difference(FINDING, replace(LATER, entities=SLEDS, evidence=kinds))
    assert found.coverage == (
        "entities only in the earlier report: 6 (ice lolly, hotdog, dining table, mobile phone, "
        "soap dispenser and 1 more)",
        "evidence only in the earlier report: class-share",
    )


def test_what_makes_them_hard_to_compare_is_said():
    other = replace(LATER, false_positive_rate=0.05, settings=LATER.settings | {"depth": "deep"})
    assert difference(FINDING, other).remarks == (
        "the false-positive rates differ: 0.01 and 0.05",
        "--depth differs: standard and deep",
    )
    assert difference(FINDING, FINDING).remarks == ("both reports are of the very same files",)


def test_reports_of_two_models_are_refused():
    with pytest.raises(UsageError, match="reports of two models: it is acme/other, and was acme/r"):
        difference(FINDING, replace(LATER, model=replace(LATER.model, source="acme/other")))
