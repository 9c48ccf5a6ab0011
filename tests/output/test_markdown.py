"""The job summary and the comment. To accept a wanted change of the expected text:

python -c "from tests.output.test_markdown import write_golden; write_golden()"
"""

from __future__ import annotations

import html
import re
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from markdown_it import MarkdownIt
from markdown_it.token import Token

from auditor.output.markdown import render
from auditor.output.report_v1 import SuppressionV1
from auditor.output.write import to_v1
from auditor.types import Report, Severity, Skip
from tests.output.hostile import HOSTILE, any_text, with_every_string
from tests.reports_for_tests import (
    ALL,
    DOGS_FINDING,
    FINDING,
    LOLLY_FINDING,
    MANY_FINDINGS,
    NO_EVIDENCE,
    NOT_AUDITED,
)

GOLDEN = Path(__file__).parent / "golden"
COMMENT_LIMIT = 65_536  # of GitHub, in characters
PARSER = MarkdownIt("commonmark").enable("table")
HEADINGS = {
    *("Findings", "Looked at", "Not looked at, or not decided", "Notices", "Cost"),
    "Run it again",
}
FOLD = re.compile(r"<details><summary>\d+\. [^<>]*</summary>\n?|</details>\n?")
# What GitHub makes of bare text: people, issues, commits of others, addresses.
LIVE = re.compile(r"@\w|#\d|://|\bwww\.|\bGH-\d", re.IGNORECASE)


def markdown(report: Report) -> str:
    return render(to_v1(report))


def write_golden() -> None:
    for name, report in ALL.items():
        (GOLDEN / f"{name}.md").write_text(markdown(report), encoding="utf-8")


def flat(tokens: list[Token]) -> list[Token]:
    return [one for token in tokens for one in (token, *flat(token.children or []))]


def check_structure(report: Report, text: str) -> None:
    """Only our own headings, one table, folds; nothing that GitHub would bring to life."""
    page = markdown(with_every_string(report, text))
    assert len(page) < COMMENT_LIMIT
    tokens = flat(PARSER.parse(page))
    kinds = [token.type for token in tokens]
    assert not {"link_open", "image", "html_inline", "hr", "blockquote_open"} & set(kinds)
    assert kinds.count("fence") == 1
    assert kinds.count("code_block") == 0
    assert kinds.count("table_open") == bool(report.findings)
    assert kinds.count("td_open") == 6 * len(report.findings)
    titles = [
        tokens[at + 1].content for at, token in enumerate(tokens) if token.type == "heading_open"
    ]
    assert titles[0] == f"auditor: {report.verdict.value}"
    assert set(titles[1:]) <= HEADINGS
    for token in tokens:
        if token.type == "html_block":
            assert FOLD.fullmatch(token.content), token.content
        if token.type in ("text", "html_block"):
            assert not LIVE.search(html.unescape(token.content)), token.content
    assert all(line.isprintable() for line in page.splitlines())
    assert "::" not in page
    assert "##[" not in page


@pytest.mark.parametrize("name", ALL)
def test_expected_text(name: str) -> None:
    assert markdown(ALL[name]) == (GOLDEN / f"{name}.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", ALL)
@pytest.mark.parametrize("hostile", HOSTILE, ids=lambda text: ascii(text[:20]))
def test_hostile_strings_stay_within_their_place(name: str, hostile: str) -> None:
    check_structure(ALL[name], hostile)


@settings(deadline=None, max_examples=60)
@given(any_text)
def test_whatever_comes_nothing_in_it_is_live(text: str) -> None:
    check_structure(FINDING, text)


@settings(deadline=None, max_examples=20)
@given(any_text)
def test_nor_where_there_is_no_verdict(text: str) -> None:
    check_structure(NOT_AUDITED, text)


def test_the_check_itself_sees_what_is_live() -> None:
    tokens = flat(PARSER.parse("see @ana, #12, [a](b) and <b>x</b>\n"))
    assert {"link_open", "html_inline"} <= {token.type for token in tokens}
    assert LIVE.search("see @ana")
    assert LIVE.search("see #12")
    assert LIVE.search("https://example.org")


def test_the_verdict_comes_first_and_the_rest_in_order() -> None:
    page = markdown(FINDING)
    lines = page.splitlines()
    assert lines[0] == "## auditor: backdoor-evidence"
    assert lines[2] == "**2 findings at false-positive rate 0.01**"
    places = [page.index(f"### {title}") for title in ("Findings", "Looked at")]
    places += [page.index(f"### {title}") for title in ("Not looked at", "Cost", "Run it again")]
    assert places == sorted(places)
    assert "--seed 7" in page


@pytest.mark.parametrize("name", ALL)
def test_no_model_is_ever_called_safe_or_clean(name: str) -> None:
    said = re.search(r"(?<![\w-])(un)?(safe|clean)(ly)?(?![\w-])", markdown(ALL[name]), re.I)
    assert said is None


def test_a_row_says_whether_its_finding_fails_the_gate() -> None:
    report = to_v1(replace(FINDING, findings=(DOGS_FINDING, DOGS_FINDING, DOGS_FINDING)))
    accepted = SuppressionV1(reason="a toy|b", owner="@ana", expires="2026-09-01")
    findings = [
        report.findings[0],
        report.findings[1].model_copy(update={"suppressed": accepted}),
        report.findings[2].model_copy(update={"in_baseline": True}),
    ]
    page = render(report.model_copy(update={"findings": findings}))
    first, second, third = [line for line in page.splitlines() if re.match(r"\| \d", line)]
    assert first.endswith("| **yes** |")
    assert "no: suppressed by @&#8203;ana until 2026-09-01: a toy&#124;b |" in second
    assert third.endswith("| no: in the baseline report already |")
    assert "1 suppressed, 1 in the baseline, 0 below --fail-on high." in page


def test_two_hundred_findings_fit_and_the_mildest_lose_their_details() -> None:
    page = markdown(MANY_FINDINGS)
    assert len(page) < COMMENT_LIMIT
    rows = re.findall(r"^\| (\d+) \| (\w+) \|", page, re.MULTILINE)
    told = re.findall(r"<summary>(\d+)\. (\w+):", page)
    assert len(rows) == 200
    assert 0 < len(told) < 200
    assert {severity for _, severity in told} == {"critical"}
    assert f"{200 - len(told)} findings listed without details, the mildest ones" in page
    assert len(PARSER.parse(page)) > 200


def test_more_findings_than_a_page_has_rows_for_are_counted() -> None:
    mild = replace(LOLLY_FINDING, severity=Severity.LOW, title="mild " * 30)
    page = markdown(replace(FINDING, findings=(*(mild,) * 1500, DOGS_FINDING)))
    assert len(page) < COMMENT_LIMIT
    rows = re.findall(r"^\| (\d+) \| (\w+) \|", page, re.MULTILINE)
    assert rows[-1] == ("1501", "critical")
    assert f"{1501 - len(rows):,} findings not listed" in page


def test_more_skips_than_a_page_has_lines_for_are_counted() -> None:
    skips = tuple(Skip(subject="x", reason=f"reason {at}") for at in range(20))
    assert "- and 8 more, all of them in the JSON report" in markdown(
        replace(NO_EVIDENCE, skips=skips)
    )


def test_a_command_with_backticks_stays_in_its_block() -> None:
    report = replace(NO_EVIDENCE, settings=NO_EVIDENCE.settings | {"entities": "a```b"})
    (block,) = [token for token in PARSER.parse(markdown(report)) if token.type == "fence"]
    assert "a```b" in block.content
    assert "--seed 7" in block.content


def test_a_command_that_is_too_long_is_not_cut() -> None:
    rules = [f"rules/{at}.yaml" for at in range(1000)]
    page = markdown(replace(NO_EVIDENCE, settings=NO_EVIDENCE.settings | {"rules": rules}))
    assert "too long for this page" in page
    assert "rules/1.yaml" not in page
