"""Findings in files, from one report to the next."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from auditor.diff import diff_v1, markdown, terminal
from auditor.diff.compare import Difference, compare
from auditor.output.convert_v1 import to_v1
from auditor.types import FileFinding, Report, Severity
from tests.output.test_file_findings import FILE, FINDING
from tests.reports_for_tests import FINDING as BEHAVIOUR
from tests.reports_for_tests import MODEL, NOT_AUDITED

OTHER_CONTENT = replace(FINDING, file=replace(FILE, sha256="d" * 64))
ELSEWHERE = replace(FINDING, file=replace(FILE, path="old.pkl"))


def report(*findings: FileFinding, of: Report = BEHAVIOUR) -> Report:
    return replace(of, listing=(FILE,), file_findings=findings)


def difference(before: Report, after: Report) -> Difference:
    return compare(to_v1(before), to_v1(after))


def test_what_both_have_is_the_same():
    found = difference(report(FINDING), report(FINDING))
    assert (found.files.new, found.files.gone, found.files.unseen, found.files.same) == (
        *((), (), ()),
        1,
    )
    assert not found.fails("low")


def test_a_new_one_fails_from_its_severity_down():
    found = difference(report(), report(FINDING))
    assert [new.finding.file.path for new in found.files.new] == [FILE.path]
    assert found.new == ()
    assert found.fails(FINDING.severity.value)
    assert not found.fails("never")
    mild = difference(report(), report(replace(FINDING, severity=Severity.LOW)))
    assert not mild.fails("medium")


def test_another_content_is_new_and_the_old_one_is_not_gone():
    found = difference(report(FINDING), report(OTHER_CONTENT))
    (new,) = found.files.new
    assert new.beyond is not None
    assert "another content" in new.beyond
    assert (found.files.gone, found.files.unseen) == ((), ())


def test_what_the_later_scan_looked_at_and_did_not_find_is_gone():
    found = difference(report(FINDING, ELSEWHERE), report(FINDING))
    assert [each.file.path for each in found.files.gone] == ["old.pkl"]


@pytest.mark.parametrize(
    ("after", "reason"),
    [
        (BEHAVIOUR, "files were not looked at"),
        (report(of=NOT_AUDITED), "the scan ended before all files were looked at"),
    ],
)
def test_what_was_not_looked_at_again_is_not_gone(after: Report, reason: str):
    found = difference(report(FINDING), after)
    assert found.files.gone == ()
    assert [each.reason for each in found.files.unseen] == [reason]


def test_every_format_says_it():
    later = replace(report(FINDING), model=replace(MODEL, revision="b" * 40, digest="c" * 64))
    found = difference(report(ELSEWHERE), later)
    said = json.loads(diff_v1.render(found, "low"))["files"]
    assert [new["finding"]["file"]["path"] for new in said["new"]] == [FILE.path]
    assert [each["file"]["path"] for each in said["gone"]] == ["old.pkl"]
    assert said["new"][0]["fails"]
    page = markdown.render(found, "low")
    assert "1 new finding (1 in files), 1 at or above" in page
    assert "### New in files (1)" in page
    assert "### Gone from files (1)" in page
    text = terminal.render(found, "low", width=100, color=False)
    assert "NEW IN FILES (1)" in text
    assert "GONE FROM FILES (1)" in text
    unseen = terminal.render(difference(later, BEHAVIOUR), "low", width=100, color=False)
    assert "NOT LOOKED AT AGAIN (1)" in unseen
    assert "files only in the earlier report: 1" in unseen
