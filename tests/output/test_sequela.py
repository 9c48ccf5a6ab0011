from __future__ import annotations

import json
from dataclasses import replace

import pytest

from auditor.output.comparison_v1 import ComparisonV1
from auditor.output.convert_sequela_v1 import comparison_v1, render_json, sequela_v1
from auditor.output.parts_v1 import replace_lone_surrogates
from auditor.output.terminal_sequela import render
from tests.output.hostile import HOSTILE, with_every_string
from tests.output.made_sequela import HARMS, REPORT, SEQUELA


def page(report=REPORT, width: int = 100) -> str:
    return render(comparison_v1(report), width=width, color=False)


def test_the_score_never_stands_without_its_components():
    text = page()
    assert "sequela score  at least 0.4 of 1 (higher is worse), from 0.3 to 0.55" in text
    assert "2 of 3 components scored" in text
    assert "Worst: membership, harm 0.4." in text
    for harm in HARMS:
        assert any(line.split()[:2] == [harm.component, harm.measure] for line in text.splitlines())


def test_what_was_not_measured_is_said_with_the_remedy():
    assert "reactivation: no trigger is known. Give --entity." in page()


def test_all_measured_is_not_at_least():
    whole = replace(REPORT, sequela=replace(SEQUELA, missing=()))
    assert "at least" not in page(whole)


def test_nothing_measured_is_no_score():
    nothing = replace(SEQUELA, score=None, low=None, high=None, harms=(), changes=())
    text = page(replace(REPORT, sequela=nothing))
    assert "sequela score unknown" in text
    assert "reactivation: no trigger is known" in text


def test_classes_come_worst_first():
    text = page()
    assert text.index("stop ") < text.index("yield ")
    assert "CLASSES, WORST FIRST (2 of 2)" in text


def test_a_number_that_is_none_is_a_dash():
    (line,) = [line for line in page().splitlines() if "reinjection-fresh.smallest" in line]
    assert line.split() == ["reinjection-fresh.smallest", "25", *"----", "lower"]


@pytest.mark.parametrize("word", ["safe", "clean model", "harmless"])
def test_no_model_is_called_good(word: str):
    assert word not in page().lower()


@pytest.mark.parametrize("width", [60, 80, 200])
@pytest.mark.parametrize("text", HOSTILE)
def test_foreign_text_cannot_leave_its_place(text: str, width: int):
    bad = replace(
        with_every_string(REPORT, text),
        settings={"before": text},
        sequela=replace(
            SEQUELA,
            changes=tuple(
                replace(each, label=text if each.label else None, note=text)
                for each in SEQUELA.changes
            ),
            notices=(text,),
        ),
    )
    shown = page(bad, width)
    assert "\x1b" not in shown
    assert "\u202e" not in shown
    assert "::set-output" not in shown
    assert "##[" not in shown
    assert max(map(len, shown.splitlines())) <= width
    read = json.loads(render_json(comparison_v1(bad)))
    assert read["sequela"]["measures"]["accuracy.class-0"]["label"] == replace_lone_surrogates(text)
    assert "##[" not in render_json(comparison_v1(bad))


def test_json_is_the_contract():
    document = comparison_v1(REPORT)
    text = render_json(document)
    assert ComparisonV1.model_validate_json(text) == document
    read = json.loads(text)
    assert read["sequela"]["sequela_score"] == 0.4
    assert read["sequela"]["measures"]["membership.repair.loss.auc"] == {
        "before": 0.5,
        "after": 0.7,
        "delta": pytest.approx(0.2),
        "low": pytest.approx(0.15),
        "high": pytest.approx(0.25),
        "reference": 0.5,
        "worse": "higher",
        "observations": 200,
        "label": None,
        "note": "",
    }
    assert read["sequela"]["missing"] == ["reactivation"]
    assert read["sequela"]["skips"][0]["remedy"] == "Give --entity."


def test_a_number_that_is_not_finite_becomes_null():
    odd = replace(SEQUELA.changes[0], high=float("nan"), before=float("inf"))
    part = sequela_v1(replace(SEQUELA, changes=(odd,)))
    assert (part.measures["accuracy"].high, part.measures["accuracy"].before) == (None, None)
