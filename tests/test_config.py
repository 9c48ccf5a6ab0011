from __future__ import annotations

import json
from pathlib import Path

import pytest

from auditor.config import FAIL_ON, ScanSettings, settings_from
from auditor.errors import ExitCode, UsageError
from auditor.models.load import Engine
from auditor.probes.plan import Depth
from auditor.types import Severity


def refusal(**said: object) -> UsageError:
    with pytest.raises(UsageError) as caught:
        settings_from("org/name", said)
    assert caught.value.exit_code is ExitCode.USAGE
    assert caught.value.message.isprintable()
    assert caught.value.hint
    return caught.value


def test_nothing_said_is_the_defaults_of_the_record():
    assert settings_from("org/name", {}) == ScanSettings(model="org/name")


def test_plain_strings_stand_for_choices():
    settings = settings_from("org/name", {"depth": "deep", "engine": "onnx"})
    assert (settings.depth, settings.engine) == (Depth.DEEP, Engine.ONNX)


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("dept", "depth"),
        ("batchsize", "batch_size"),
        ("entity", "entities"),
        ("cleandata", "clean_data"),
    ],
)
def test_an_unknown_setting_names_the_nearest(typed: str, meant: str):
    error = refusal(**{typed: "x"})
    assert repr(typed) in error.message
    assert repr(meant) in error.hint


def test_an_unknown_setting_like_no_other_gets_the_list():
    assert "depth" in refusal(zzzz=1).hint


@pytest.mark.parametrize(
    "said",
    [
        {"depth": "nonsense"},
        {"depth": None},
        {"engine": "tensorflow"},
        {"fpr": "often"},
        {"seed": 1.5},
        {"batch_size": "many"},
        {"rules": 7},
        {"offline": "perhaps"},
    ],
    ids=str,
)
def test_a_value_of_the_wrong_kind_names_the_setting(said: dict[str, object]):
    assert repr(next(iter(said))) in refusal(**said).message


@pytest.mark.parametrize("rate", [0, -0.01, 0.51, 1, 2, float("nan"), float("inf")])
def test_a_false_positive_rate_outside_its_range(rate: float):
    assert "--fpr" in refusal(fpr=rate).message


@pytest.mark.parametrize("rate", [1e-6, 0.01, 0.5])
def test_a_false_positive_rate_within_its_range(rate: float):
    assert settings_from("org/name", {"fpr": rate}).fpr == rate


@pytest.mark.parametrize(
    ("said", "option"),
    [
        ({"batch_size": 0}, "--batch-size"),
        ({"seed": -1}, "--seed"),
        ({"fail_on": "x"}, "--fail-on"),
    ],
)
def test_other_values_out_of_range(said: dict[str, object], option: str):
    assert option in refusal(**said).message


def test_the_gate_knows_every_severity_and_never():
    assert set(FAIL_ON) == {*Severity, "never"}


def test_paths_are_taken_as_paths_or_as_text():
    said = {
        "entities": Path("things"),
        "base": Path("base"),
        "clean_data": Path("clean"),
        "rules": [Path("a.yaml"), "b.yaml"],
    }
    settings = settings_from(Path("model"), said)
    assert (settings.model, settings.entities) == ("model", "things")
    assert (settings.base, settings.clean_data) == ("base", "clean")
    assert settings.rules == (Path("a.yaml"), Path("b.yaml"))


@pytest.mark.parametrize("one", ["rules/mine.yaml", Path("rules/mine.yaml")])
def test_one_rule_file_is_not_a_list_of_letters(one: object):
    assert settings_from("org/name", {"rules": one}).rules == (Path("rules/mine.yaml"),)


@pytest.mark.parametrize("pair", ["cat", "", "=", "cat=", "=stop", " = ", "*=*", "* = *"])
def test_what_is_no_pair_of_entity_and_label(pair: str):
    error = refusal(allow=[pair])
    assert error.message.startswith(f"--allow {pair!r}")
    assert "ENTITY=LABEL" in error.hint


@pytest.mark.parametrize("pair", ["cat=stop", "*=stop", "cat=*", "a=b=c"])
def test_pairs_of_entity_and_label(pair: str):
    assert settings_from("org/name", {"allow": [pair]}).allow == (pair,)
    assert settings_from("org/name", {"allow": pair}).allow == (pair,)


def test_the_report_gets_plain_values_that_make_the_same_settings_again():
    named = {
        "rules": ["a.yaml"],
        "depth": "quick",
        "seed": 3,
        "clean_data": "signs",
        "allow": ["a=b"],
    }
    settings = settings_from("org/name", named)
    said = json.loads(json.dumps(settings.as_json()))
    assert settings_from(said.pop("model"), said) == settings
