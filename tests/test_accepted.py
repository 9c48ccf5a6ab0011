from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest

from auditor.accepted import accepted, known, refuse_other_name, suppressed
from auditor.config import ScanSettings
from auditor.errors import ExitCode, UsageError
from auditor.output.convert_v1 import to_v1
from auditor.output.json_v1 import parse, render
from auditor.types import Finding, Report, Severity, Suppression
from tests.reports_for_tests import (
    DOGS_FINDING,
    FINDING,
    LOLLY_FINDING,
    MODEL,
    NOT_AUDITED,
    OTHERS,
    SLEDS,
    of_pairs,
)

LAST_DAY = date(2027, 1, 31)
DAY = timedelta(days=1)
LATER = replace(MODEL, revision="b" * 40, digest="c" * 64)
FOLDER = replace(MODEL, source="out/step-2", revision=None, digest="d" * 64)


def entry(**changes: object) -> Suppression:
    plain = Suppression(
        fingerprint=DOGS_FINDING.fingerprint,
        reason="known",
        owner="ml-platform",
        expires=LAST_DAY,
        where="auditor.toml line 4",
    )
    return replace(plain, **changes)  # type: ignore[arg-type]


def hidden(report: Report) -> list[bool]:
    return [finding.suppressed is not None for finding in report.findings]


# Suppressions


@pytest.mark.parametrize(("today", "hides"), [(LAST_DAY, True), (LAST_DAY + DAY, False)])
def test_a_suppression_hides_up_to_its_last_day(today: date, hides: bool):
    assert hidden(suppressed(FINDING, [entry()], today)) == [hides, False]


def test_an_expired_one_says_that_the_finding_counts_again():
    report = suppressed(FINDING, [entry()], LAST_DAY + DAY)
    assert report.notices[len(FINDING.notices) :] == (
        f"the suppression of {DOGS_FINDING.fingerprint} (auditor.toml line 4) by ml-platform "
        "expired on 2027-01-31: the finding counts again",
    )


@pytest.mark.parametrize("today", [LAST_DAY, LAST_DAY + DAY])
def test_one_that_matches_nothing_is_said(today: date):
    report = suppressed(FINDING, [entry(fingerprint="0" * 32)], today)
    assert hidden(report) == [False, False]
    assert "matches no finding of this scan" in report.notices[-1]
    assert ("expired" in report.notices[-1]) is (today > LAST_DAY)


@pytest.mark.parametrize(
    "model",
    [
        MODEL.digest,
        MODEL.source,
        f"{MODEL.source}@{MODEL.revision}",
    ],
)
def test_one_for_this_model_hides(model: str):
    assert hidden(suppressed(FINDING, [entry(model=model)], LAST_DAY)) == [True, False]


@pytest.mark.parametrize("model", ["acme/other", "f" * 64, f"{MODEL.source}@{'e' * 40}"])
def test_one_for_another_model_does_not_and_is_counted(model: str):
    report = suppressed(FINDING, [entry(model=model)], LAST_DAY)
    assert hidden(report) == [False, False]
    assert report.notices[-1] == "suppressions for other models, not used: 1"


def test_a_suppression_of_pairs_covers_exactly_the_entities_that_were_called():
    pairs = of_pairs(DOGS_FINDING)
    more = of_pairs(replace(DOGS_FINDING, entities=(*SLEDS, OTHERS[1])))
    written = [entry(fingerprint=pairs.fingerprint)]
    assert hidden(suppressed(replace(FINDING, findings=(pairs,)), written, LAST_DAY)) == [True]
    report = suppressed(replace(FINDING, findings=(more,)), written, LAST_DAY)
    assert hidden(report) == [False]
    assert "matches no finding" in report.notices[-1]


def test_a_suppression_of_a_class_as_a_whole_does_not_hang_on_an_estimated_group():
    other = replace(DOGS_FINDING, entities=(*SLEDS[2:], OTHERS[1]))
    report = suppressed(replace(FINDING, findings=(other,)), [entry()], LAST_DAY)
    assert hidden(report) == [True]


def test_the_stored_report_tells_who_suppressed_it_and_still_has_the_finding():
    stored = parse(render(suppressed(FINDING, [entry()], LAST_DAY)))
    assert len(stored.findings) == len(FINDING.findings)
    assert stored.verdict == "backdoor-evidence"
    told = stored.findings[0].suppressed
    assert told is not None
    assert told.model_dump() == {"reason": "known", "owner": "ml-platform", "expires": "2027-01-31"}
    assert stored.findings[1].suppressed is None


def test_nothing_is_said_of_a_model_that_could_not_be_loaded():
    assert suppressed(NOT_AUDITED, [entry()], LAST_DAY) == NOT_AUDITED


# Baselines


def test_what_a_report_of_an_earlier_revision_has_is_known():
    report = known(replace(FINDING, model=LATER), to_v1(FINDING))
    assert [finding.in_baseline for finding in report.findings] == [True, True]
    assert report.notices == FINDING.notices
    assert to_v1(report).findings[0].in_baseline


def test_what_it_does_not_have_counts():
    report = known(FINDING, to_v1(replace(FINDING, findings=(LOLLY_FINDING,))))
    assert [finding.in_baseline for finding in report.findings] == [False, True]


def is_known(after: Finding, before: Finding) -> bool:
    report = known(replace(FINDING, findings=(after,)), to_v1(replace(FINDING, findings=(before,))))
    return report.findings[0].in_baseline


def test_pairs_that_were_called_or_are_of_the_group_that_was_named_are_known():
    every, fewer = (of_pairs(replace(DOGS_FINDING, entities=SLEDS[:n])) for n in (8, 3))
    assert is_known(fewer, every)
    assert is_known(every, fewer)  # the group names the other five


def test_one_more_pair_counts_and_the_report_says_why():
    before = of_pairs(DOGS_FINDING)
    further = of_pairs(replace(DOGS_FINDING, entities=(*SLEDS, OTHERS[1])))
    report = known(
        replace(FINDING, findings=(further,)), to_v1(replace(FINDING, findings=(before,)))
    )
    assert [finding.in_baseline for finding in report.findings] == [False]
    assert report.notices[-1] == (
        "entity-routing of class 'stop' is in the baseline, and counts nevertheless: it did not "
        "name hotdog"
    )


@pytest.mark.parametrize(("others", "knows"), [(0, True), (3, True), (4, False), (6, False)])
def test_of_a_class_as_a_whole_most_entities_have_to_be_known(others: int, knows: bool):
    after = replace(DOGS_FINDING, entities=(*SLEDS[:4], *OTHERS[:others]))
    assert is_known(after, DOGS_FINDING) is knows


def test_a_finding_that_became_graver_counts():
    graver = replace(LOLLY_FINDING, severity=Severity.HIGH)
    report = known(replace(FINDING, findings=(graver,)), to_v1(FINDING))
    assert [finding.in_baseline for finding in report.findings] == [False]
    assert "it was medium and is high" in report.notices[-1]


def test_what_the_baseline_had_only_suppressed_is_not_known_by_it():
    baseline = to_v1(suppressed(FINDING, [entry()], LAST_DAY))
    report = known(FINDING, baseline)
    assert [finding.in_baseline for finding in report.findings] == [False, True]


def test_a_baseline_that_was_not_audited_is_said():
    report = known(FINDING, to_v1(NOT_AUDITED))
    assert not any(finding.in_baseline for finding in report.findings)
    assert "the baseline was not audited" in report.notices[-1]


@pytest.mark.parametrize(
    ("model", "reason"),
    [
        (replace(LATER, source="acme/other"), "it is acme/other, and was acme/road-signs-mobil"),
        (replace(FOLDER, labels=("a", "b")), "its classes are others"),
        (replace(FOLDER, architecture="ViT"), "the architecture is ViT, and was MobileNetV1"),
    ],
)
def test_a_baseline_of_another_model_is_refused(model, reason: str):
    with pytest.raises(UsageError) as caught:
        known(replace(FINDING, model=model), to_v1(FINDING))
    assert caught.value.exit_code is ExitCode.USAGE
    assert caught.value.message.startswith(f"the baseline is of another model: {reason}")


def test_a_folder_of_the_same_architecture_and_classes_is_a_revision_and_that_is_said():
    report = known(replace(FINDING, model=FOLDER), to_v1(FINDING))
    assert all(finding.in_baseline for finding in report.findings)
    assert "taken for revisions of one model" in report.notices[-1]


def test_the_same_files_under_another_name_are_the_same_model():
    copy = replace(MODEL, source="mirror/of-it")
    report = known(replace(FINDING, model=copy), to_v1(FINDING))
    assert all(finding.in_baseline for finding in report.findings)


@pytest.mark.parametrize("name", ["acme/other", "hf://acme/other@main"])
def test_another_repository_is_found_out_before_a_scan(name: str):
    with pytest.raises(UsageError, match="it is acme/other, and was acme/road-signs-mobilenet"):
        refuse_other_name(to_v1(FINDING), name)


@pytest.mark.parametrize("name", [f"{MODEL.source}@v2", f"hf://{MODEL.source}", ".", "./no/where"])
def test_what_may_be_the_same_model_is_left_to_the_scan(name: str):
    refuse_other_name(to_v1(FINDING), name)


def test_both_together():
    settings = ScanSettings(model="m", ignore=(entry(),))
    report = accepted(FINDING, settings, to_v1(FINDING), LAST_DAY)
    assert hidden(report) == [True, False]
    assert [finding.in_baseline for finding in report.findings] == [True, True]
