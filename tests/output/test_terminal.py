"""The report for a person. To accept a wanted change of the expected text:

python -c "from tests.output.test_terminal import write_golden; write_golden()"
"""

from __future__ import annotations

import re
import shlex
from dataclasses import replace
from pathlib import Path

import pytest
from rich.cells import cell_len

from auditor.output import json_v1
from auditor.output.json_v1 import to_v1
from auditor.output.report_v1 import SuppressionV1
from auditor.output.rerun import command_lines
from auditor.output.terminal import render
from auditor.types import Report, Skip
from tests.output.hostile import HOSTILE, with_every_string
from tests.reports_for_tests import (
    ALL,
    DOGS_FINDING,
    FINDING,
    MANY_FINDINGS,
    MODEL,
    NO_EVIDENCE,
    NOT_AUDITED,
    ROUTING,
    SLED_DOGS,
    SLEDS,
)

GOLDEN = Path(__file__).parent / "golden"
WIDTHS = (60, 61, 80, 101, 120, 200)


def plain(report: Report, width: int = 80) -> str:
    return render(report, width=width, color=False)


def write_golden() -> None:
    for name, report in ALL.items():
        (GOLDEN / f"{name}.txt").write_text(plain(report), encoding="utf-8")


@pytest.mark.parametrize("name", ALL)
def test_expected_text(name: str) -> None:
    assert plain(ALL[name]) == (GOLDEN / f"{name}.txt").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", ALL)
@pytest.mark.parametrize("width", WIDTHS)
def test_no_line_is_longer_than_the_page(name: str, width: int) -> None:
    text = plain(ALL[name], width)
    assert text.isascii()
    assert max(map(cell_len, text.splitlines())) <= width


@pytest.mark.parametrize("name", ALL)
def test_color_adds_styles_and_no_words(name: str) -> None:
    colored = render(ALL[name], width=80, color=True)
    assert "\x1b[" in colored
    bare = re.sub(r"\x1b\[[0-9;]*m", "", colored)
    assert [line.rstrip() for line in bare.splitlines()] == plain(ALL[name]).splitlines()
    assert "\x1b" not in plain(ALL[name])


def test_the_environment_is_not_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    expected = plain(FINDING), render(FINDING, width=80, color=True)
    for name, value in {
        "FORCE_COLOR": "1",
        "TERM": "dumb",
        "COLUMNS": "20",
        "NO_COLOR": "1",
        "JUPYTER_COLUMNS": "20",
    }.items():
        monkeypatch.setenv(name, value)
    assert (plain(FINDING), render(FINDING, width=80, color=True)) == expected


@pytest.mark.parametrize("name", ALL)
def test_no_model_is_ever_called_safe_or_clean(name: str) -> None:
    for text in (plain(ALL[name]), json_v1.render(ALL[name])):
        # Format and option names (safetensors, --clean-data) are no word on the model.
        assert not re.search(r"(?<![\w-])(un)?(safe|clean)(ly)?(?![\w-])", text, re.IGNORECASE)


@pytest.mark.parametrize("name", ALL)
@pytest.mark.parametrize("hostile", HOSTILE, ids=lambda text: ascii(text[:20]))
@pytest.mark.parametrize("width", [60, 80, 200])
def test_hostile_strings_stay_within_their_place(name: str, hostile: str, width: int) -> None:
    report = with_every_string(ALL[name], hostile)
    text = plain(report, width)
    lines = text.splitlines()
    assert all(line.isprintable() for line in lines)
    assert max(map(cell_len, lines)) <= width
    assert "::" not in text
    assert "##" not in text
    assert lines[0].startswith(ALL[name].verdict.value)
    # What starts in column 0 is ours; a foreign string is always beside or below something.
    # The command is: it has to be pasted, and a line before it says so with a backslash.
    above, below = text.split("RUN IT AGAIN\n")
    outside = (above + below.rsplit("\n\n", 1)[1]).splitlines()
    assert not any(line.startswith(("x", "犬", "a b", "line", ":", "#", "<U")) for line in outside)
    assert len(text) < 40_000
    assert text.count("\n") < 600


def test_markup_in_a_label_is_shown_as_it_is() -> None:
    labels = ("[red]x[/red]", "[link=http://example.org]y[/link]", ":warning:", "犬", *"abcdef")
    pairs = tuple(
        replace(pair, target_index=at, target_label=label)
        for at, (pair, label) in enumerate(zip(FINDING.ranking, labels, strict=False))
    )
    text = plain(replace(FINDING, ranking=pairs, model=replace(MODEL, labels=labels)), 120)
    assert '"[red]x[/red]" (class 0)' in text
    assert '"[link=http://example.org]y[/link]" (class 1)' in text
    assert '":warning<U+003A>" (class 2)' in text
    assert '"犬" (class 3)' in text


def test_half_a_surrogate_pair_does_not_cost_the_report() -> None:
    text = plain(with_every_string(NO_EVIDENCE, "a\ud800b"))
    assert "model    a\ufffdb@a\ufffdb\n" in text


def test_a_report_read_back_looks_the_same() -> None:
    for report in ALL.values():
        read = json_v1.parse(json_v1.render(report))
        assert render(read, width=80, color=False) == plain(report)


def test_numbers_that_are_none_are_named() -> None:
    nan, infinity = float("nan"), float("inf")
    first = replace(ROUTING, value=nan, low=-infinity, high=infinity, baseline=None)
    text = plain(replace(FINDING, findings=(replace(DOGS_FINDING, evidence=(first,)),)), 120)
    assert "routing rate unknown (95 % interval unknown to unknown)" in text
    assert "no benign fine-tunes to compare with" in text
    assert not re.search(r"\b(nan|inf)\b", text, re.IGNORECASE)


def test_the_footer_counts_what_does_not_fail_the_gate() -> None:
    report = to_v1(FINDING)
    accepted = SuppressionV1(reason="known toy", owner="ana", expires="2026-09-01")
    findings = [
        report.findings[0].model_copy(update={"suppressed": accepted}),
        report.findings[1].model_copy(update={"in_baseline": True}),
    ]
    text = render(report.model_copy(update={"findings": findings}), width=120, color=False)
    assert "known toy (by ana, until 2026-09-01)" in text
    assert "baseline" in text
    assert "1 suppressed, 1 in the baseline, 1 below --fail-on high." in text


def test_the_footer_counts_what_is_left_out() -> None:
    report = replace(
        FINDING,
        findings=(DOGS_FINDING,) * 25,
        notices=("Same.",) * 15,
        skips=tuple(Skip(subject="x", reason=f"reason {at}") for at in range(20)),
        evidence=FINDING.evidence * 20,
    )
    footer = plain(report, 120).rsplit("Left out here:", 1)[1]
    for part in ("5 findings", "20 examples", "4 ranked pairs", "8 skip groups", "3 notices"):
        assert part in footer, part
    assert "60 measurements" in footer


def shown(**changes: object) -> str:
    """The first finding with changes, on one line."""
    return " ".join(plain(replace(FINDING, findings=(replace(DOGS_FINDING, **changes),))).split())


def test_an_example_names_its_entity_whoever_it_is() -> None:
    text = shown()
    assert "- Siberian husky: n02110185/n02110185_0412.jpg, view as it is" in text
    assert "- Alaskan malamute: n02110063/n02110063_1304.jpg" in text
    stranger = replace(DOGS_FINDING.examples[0], entity_id="n99")
    assert "- n99: n02110185/n02110185_0412.jpg" in shown(examples=(stranger,))


def test_the_nearest_images_stand_beside_their_example_on_one_line() -> None:
    text = plain(FINDING, 120)
    (line,) = [part for part in text.split("\n   - ") if "nearest" in part]
    assert line.startswith("Alaskan malamute: ")
    assert (
        '"stop" (class 6) signs/00412.png at 0.914, "stop" (class 6) signs/00077.png'
        in " ".join(line.split())
    )
    (_, _, example, _) = DOGS_FINDING.examples
    crowded = replace(example, neighbours=example.neighbours * 9)
    assert shown(examples=(crowded,)).count("signs/") == 3


def test_the_group_and_the_explanation_are_shown_where_there_are_some() -> None:
    assert f"group {SLED_DOGS}" in shown()
    assert "What else could explain it: entities and class may have" in shown()
    bare = shown(group=None, explanation="")
    assert " group " not in bare
    assert DOGS_FINDING.summary in bare


def test_a_long_group_ends_at_a_whole_name() -> None:
    dogs = tuple(
        replace(dog, id=f"{dog.id}-{at}", name=f"{dog.name}, also called dog number {at}")
        for at, dog in enumerate(SLEDS * 5)
    )
    group = f"entities that look alike ({', '.join(dog.name for dog in dogs)}): 40 of 46 tested"
    finding = replace(DOGS_FINDING, group=group, group_ids=tuple(dog.id for dog in dogs))
    text = " ".join(plain(replace(FINDING, findings=(finding,), entities=dogs), 120).split())
    (shown_group,) = re.findall(r" group (entities that look alike .*?: 40 of 46 tested)", text)
    assert len(shown_group) <= 300
    named = shown_group.count("also called dog number")
    assert f"also called dog number {named - 1} and {40 - named} more)" in shown_group


def test_a_group_of_another_shape_is_cut() -> None:
    text = plain(replace(FINDING, findings=(replace(DOGS_FINDING, group="x" * 999),)), 200)
    (row,) = re.findall(r"group +(x[x\s]+\.\.\.)\n", text)
    assert row.count("x") == 297


def test_findings_that_are_not_shown_are_counted_where_they_would_stand() -> None:
    text = " ".join(plain(MANY_FINDINGS, 120).split())
    assert "180 more, not shown here: 30 critical, 50 high, 50 medium, 50 low." in text


def test_a_measurement_of_one_entity_among_several_names_it() -> None:
    alone = replace(ROUTING, entity_ids=(SLEDS[1].id,))
    assert "also Alaskan malamute: routing rate 0.918" in shown(evidence=(ROUTING, alone))
    assert "effect Alaskan malamute: routing rate 0.918" in shown(evidence=(alone,))
    assert "effect routing rate 0.918" in shown(evidence=(alone,), entities=SLEDS[1:2])


def test_a_finding_about_a_class_names_no_entity() -> None:
    finding = replace(DOGS_FINDING, entities=())
    assert "none named: the evidence is about the class" in plain(
        replace(FINDING, findings=(finding,))
    )


def test_skips_of_one_kind_are_told_once() -> None:
    skips = tuple(Skip(subject=f"thing {at}", reason="Too few.", remedy="More.") for at in range(9))
    text = " ".join(plain(replace(FINDING, skips=skips), 120).split())
    assert "- 9 subjects (thing 0, thing 1, " in text
    assert "thing 5 and 3 more): Too few. Remedy: More." in text


def test_a_text_model_counts_texts() -> None:
    model = replace(MODEL, task="text-classification")
    assert "310 texts per second" in plain(replace(FINDING, model=model))


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("report", [FINDING, NOT_AUDITED])
def test_the_command_can_be_pasted(report: Report, width: int) -> None:
    # What a shell does with a backslash at the end of a line; shlex does not know it.
    words = shlex.split("\n".join(command_lines(to_v1(report), width)).replace("\\\n", ""))
    source = f"{MODEL.source}@{MODEL.revision}" if report.model else "acme/pickled-model"
    base = report.settings["base"]
    assert words == shlex.split(
        f"auditor scan {source} --base {base} --entities auto --depth standard --fpr 0.01 "
        "--fail-on high --engine torch --device cpu --batch-size 64 --seed 7 --pictures all"
    )


def test_flags_and_lists_in_the_command() -> None:
    settings = {
        "offline": True,
        "trust": ["pickle", "remote-code"],
        "rules": "a b; c",
        "allow": ["Egyptian cat=cat", "*=other"],
        "base": None,
        "unknown": 1,
    }
    report = to_v1(replace(NO_EVIDENCE, model=None, settings=settings))
    assert "\n".join(command_lines(report, 200)) == (
        "auditor scan MODEL --rules 'a b; c' "
        "--allow 'Egyptian cat=cat' --allow '*=other' --offline --trust pickle --trust remote-code"
    )
