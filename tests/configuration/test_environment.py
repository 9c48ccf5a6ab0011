from __future__ import annotations

from typing import Any

import pytest

from auditor.configuration.environment import NAMES, read_environment
from auditor.errors import UsageError


def said(**variables: str) -> dict[str, Any]:
    return {name: each.value for name, each in read_environment(variables).given.items()}


def test_nothing_of_ours_is_nothing():
    found = read_environment({"PATH": "/bin", "auditor_depth": "deep"})
    assert (found.given, found.config, found.notices) == ({}, None, ())


def test_every_kind_of_value():
    assert said(
        AUDITOR_DEPTH="deep",
        AUDITOR_FPR="0.05",
        AUDITOR_SEED="7",
        AUDITOR_BATCH_SIZE="auto",
        AUDITOR_OFFLINE="Yes",
        AUDITOR_RESUME="no",
        AUDITOR_TIMEOUT="600",
        AUDITOR_ALLOW="cat=stop\n\n  bus, yellow=school bus\n",
        AUDITOR_OUTPUT="json=a.json",
    ) == {
        "depth": "deep",
        "fpr": 0.05,
        "seed": 7,
        "batch_size": "auto",
        "offline": True,
        "resume": False,
        "timeout": 600.0,
        "allow": ["cat=stop", "bus, yellow=school bus"],
        "output": ["json=a.json"],
    }


def test_where_answers_are_kept_is_no_setting_and_no_mistake():
    found = read_environment({"AUDITOR_CACHE": "/somewhere"})
    assert (found.given, found.notices) == ({}, ())


def test_a_number_may_stand_among_any_space():
    """Found by fuzzing: what strings take for space and whole numbers do not."""
    assert said(AUDITOR_SEED="7\x1c ")["seed"] == 7


def test_an_empty_variable_says_nothing():
    assert said(AUDITOR_DEPTH="", AUDITOR_CONFIG="") == {}


@pytest.mark.parametrize(
    ("variable", "text", "allowed"),
    [
        ("AUDITOR_DEPTH", "dep", "'quick', 'standard' or 'deep'"),
        ("AUDITOR_FPR", "often", "valid number"),
        ("AUDITOR_FPR", "nan", "0.5"),
        ("AUDITOR_SEED", "-1", "valid integer"),
        ("AUDITOR_SEED", "9" * 5000, "valid integer"),
        ("AUDITOR_BATCH_SIZE", "0", "greater than or equal to 1"),
        ("AUDITOR_OFFLINE", "maybe", "boolean"),
        ("AUDITOR_RESUME", "later", "boolean"),
        ("AUDITOR_TIMEOUT", "0", "greater than 0"),
        ("AUDITOR_ALLOW", "cat", "ENTITY=LABEL"),
    ],
)
def test_a_wrong_value_names_the_variable(variable: str, text: str, allowed: str):
    with pytest.raises(UsageError) as caught:
        read_environment({variable: text})
    assert caught.value.message.startswith(f"{variable}={text[:20]}")
    assert allowed in caught.value.hint


@pytest.mark.parametrize(
    ("variable", "meant"),
    [
        ("AUDITOR_FAIL_NO", "; did you mean AUDITOR_FAIL_ON?"),
        ("AUDITOR_CONFG", "; did you mean AUDITOR_CONFIG?"),
        ("AUDITOR_HOMEPAGE_OF_ANOTHER_PROGRAM", ""),
        ("AUDITOR_MODEL", ""),
        ("AUDITOR_IGNORE", ""),
    ],
)
def test_an_unknown_variable_is_said_and_not_refused(variable: str, meant: str):
    found = read_environment({variable: "secret"})
    assert found.notices == (f"{variable} is no setting of auditor and was not read{meant}",)
    assert found.given == {}


def test_the_variables_are_named_as_the_options():
    assert NAMES["AUDITOR_FAIL_ON"] == "fail_on"
    assert "AUDITOR_IGNORE" not in NAMES
