from __future__ import annotations

import os
from datetime import date
from pathlib import Path

import pytest

from auditor.configuration.file import find_and_read
from auditor.errors import UsageError
from auditor.types import Suppression
from tests.configuration.conftest import FINGERPRINT, SUPPRESSION


def test_no_file_is_no_configuration(here: Path):
    assert find_and_read(None, Path()) is None


def test_every_value_knows_its_line(read):
    file = read('# ours\ndepth = "quick"\n\nrules = [\n  "a.yaml",\n  "b.yaml",\n]\n')
    assert {name: (each.value, each.where) for name, each in file.given.items()} == {
        "depth": ("quick", "auditor.toml line 2"),
        "rules": (["a.yaml", "b.yaml"], "auditor.toml line 4"),
    }


def test_the_table_of_a_pyproject(read):
    file = read('[project]\nname = "x"\n[tool.auditor]\nfail-on = "low"\n', "pyproject.toml")
    assert file.given["fail_on"].value == "low"
    assert file.given["fail_on"].where == "pyproject.toml line 4"


@pytest.mark.parametrize("content", ["", "[tool.ruff]\nline-length = 100\n", "tool = 3\n"])
def test_a_pyproject_that_says_nothing_to_auditor_is_none(here: Path, content: str):
    (here / "pyproject.toml").write_text(content)
    assert find_and_read(None, Path()) is None


def test_two_configurations_are_refused_unless_one_is_named(read, here: Path):
    (here / "pyproject.toml").write_text('[tool.auditor]\ndepth = "deep"\n')
    with pytest.raises(UsageError) as caught:
        read('depth = "quick"\n')
    assert caught.value.message == (
        "there are two configurations: auditor.toml and [tool.auditor] in pyproject.toml"
    )
    assert "--config" in caught.value.hint
    for name, depth in (("auditor.toml", "quick"), ("pyproject.toml", "deep")):
        named = find_and_read(Path(name), Path())
        assert named is not None
        assert named.given["depth"].value == depth


def test_a_pyproject_named_without_the_table(here: Path):
    (here / "pyproject.toml").write_text("")
    with pytest.raises(UsageError, match=r"has no table \[tool.auditor\]"):
        find_and_read(Path("pyproject.toml"), Path())


@pytest.mark.parametrize(
    ("content", "line", "said"),
    [
        ("depth = quick\n", 1, "invalid value"),
        ('depth = "quick"\nfpr 0.1\n', 2, "expected '='"),
        ('depth = "quick\n', 1, "illegal character"),
        ("\n\nallow = [\n", 3, "invalid value"),
        ("seed = 1\nseed = 2\n", 2, "cannot overwrite"),
    ],
)
def test_broken_toml_names_the_line(refused, content: str, line: int, said: str):
    message, _ = refused(content)
    assert message.startswith(f"auditor.toml line {line}: not valid TOML: ")
    assert said in message


@pytest.mark.parametrize(
    ("content", "said", "advice"),
    [
        ('\ndept = "quick"', "line 2: unknown key 'dept'", "Did you mean 'depth'?"),
        ('fail_on = "low"', "line 1: unknown key 'fail_on'", "Did you mean 'fail-on'?"),
        ('[scan]\ndepth = "quick"', "line 1: unknown key 'scan'", "Known: base, "),
        ('model = "org/name"', "line 1: unknown key 'model'", "named on the command line"),
        ("depth = 1\ndetph = 2", "line 2: unknown key 'detph'", "Did you mean 'depth'?"),
        (f'{SUPPRESSION}onwer = "x"', "line 6: unknown key 'onwer'", "Did you mean 'owner'?"),
    ],
)
def test_an_unknown_key_names_its_line_and_the_nearest(
    refused, content: str, said: str, advice: str
):
    message, hint = refused(content)
    assert message == f"auditor.toml {said}"
    assert hint.startswith(advice) or advice in hint


@pytest.mark.parametrize(
    ("content", "said", "allowed"),
    [
        ('depth = "dep"', 'depth = "dep"', "'quick', 'standard' or 'deep'"),
        ('fail-on = "HIGH"', 'fail-on = "HIGH"', "'low', 'medium', 'high', 'critical' or 'never'"),
        ("fpr = 0.7", "fpr = 0.7", "less than or equal to 0.5"),
        ("fpr = 0", "fpr = 0", "greater than 0"),
        ("fpr = nan", "fpr = NaN", "0.5"),
        ("seed = true", "seed = true", "integer"),
        ('seed = "3"', 'seed = "3"', "integer"),
        ("batch-size = 0", "batch-size = 0", "'auto' or be greater than or equal to 1"),
        ('offline = "yes"', 'offline = "yes"', "boolean"),
        ('base = ""', 'base = ""', "at least 1 character"),
        ('base = "a\\u0000b"', "base = ", "no NUL"),
        ('allow = ["a=b", "stop"]', 'allow = "stop"', "ENTITY=LABEL"),
        ("rules = 3", "rules = 3", "list"),
        ("output = {json = 3}", "output = {...}", "string"),
        ("ignore = 3", "ignore = 3", "list"),
        ("depth = 2026-01-01", 'depth = "2026-01-01"', "'quick'"),
    ],
)
def test_a_wrong_value_says_what_is_allowed(refused, content: str, said: str, allowed: str):
    message, hint = refused(content)
    assert message.startswith(f"auditor.toml line 1: {said}")
    assert message.endswith(" is not allowed")
    assert allowed in hint


def test_a_suppression_with_a_date_or_its_text(read):
    for day in ("2027-01-31", '"2027-01-31"'):
        (entry,) = read("seed = 1\n\n" + SUPPRESSION.replace("2027-01-31", day)).ignore
        assert entry == Suppression(
            fingerprint=FINGERPRINT,
            reason="two breeds that look like the sign's dog",
            owner="ml-platform",
            expires=date(2027, 1, 31),
        )
        assert entry.where == "auditor.toml line 3"


def test_suppressions_in_a_pyproject_know_their_line(read):
    text = SUPPRESSION.replace("[[ignore]]", "[[tool.auditor.ignore]]")
    file = read(f"[tool.auditor]\nseed = 1\n{text}", "pyproject.toml")
    assert file.ignore[0].where == "pyproject.toml line 3"


@pytest.mark.parametrize("key", ["fingerprint", "reason", "owner", "expires"])
def test_an_incomplete_suppression_names_the_line_of_its_entry(refused, key: str):
    lines = [line for line in SUPPRESSION.splitlines() if not line.startswith(key)]
    message, hint = refused("\n".join([SUPPRESSION.replace("0123", "3210"), *lines]))
    assert message == f"auditor.toml line 7: a suppression lacks '{key}'"
    assert "all required" in hint


@pytest.mark.parametrize(
    ("old", "new", "line", "allowed"),
    [
        ("2027-01-31", '"soon"', 5, "a date such as 2027-01-31"),
        ("2027-01-31", "2027-01-31T12:00:00", 5, "valid date"),
        ("2027-01-31", "20270131", 5, "valid date"),
        ('"ml-platform"', '"  "', 4, "say something"),
        (FINGERPRINT, FINGERPRINT[:12], 2, "32 hexadecimal digits"),
        (FINGERPRINT, FINGERPRINT.upper(), 2, "32 hexadecimal digits"),
    ],
)
def test_a_wrong_value_in_a_suppression(refused, old: str, new: str, line: int, allowed: str):
    message, hint = refused(SUPPRESSION.replace(old, new))
    assert message.startswith(f"auditor.toml line {line}: ")
    assert allowed in hint


def test_one_fingerprint_twice_names_both_places(refused):
    message, _ = refused(f"{SUPPRESSION}\n{SUPPRESSION}")
    assert message == (
        f"auditor.toml line 7: fingerprint {FINGERPRINT} is suppressed at auditor.toml line 1 too"
    )


def test_one_fingerprint_of_two_models_is_fine(read):
    other = f'{SUPPRESSION}model = "acme/other"\n'
    assert len(read(f"{SUPPRESSION}\n{other}").ignore) == 2


def test_what_is_not_utf8_names_the_line(refused):
    assert refused(b'seed = 1\nbase = "\xff"\n')[0] == "auditor.toml line 2: not UTF-8"


def test_a_byte_order_mark_and_windows_lines_are_read(read):
    file = read(b'\xef\xbb\xbfseed = 1\r\nallow = [\r\n"a=b"]\r\n')
    assert file.given["allow"].where == "auditor.toml line 2"


def test_a_folder_in_the_place_of_a_file(here: Path):
    (here / "auditor.toml").mkdir()
    with pytest.raises(UsageError, match=r"auditor\.toml cannot be read: Is a directory"):
        find_and_read(None, Path())


def test_a_link_that_leads_nowhere_is_no_missing_file(here: Path):
    (here / "auditor.toml").symlink_to(here / "nothing")
    with pytest.raises(UsageError, match="cannot be read: No such file"):
        find_and_read(None, Path())


@pytest.mark.skipif(os.name != "posix" or os.geteuid() == 0, reason="root may read everything")
def test_a_file_that_may_not_be_read(here: Path):
    (here / "auditor.toml").touch(mode=0)
    with pytest.raises(UsageError, match="Permission denied"):
        find_and_read(None, Path())


def test_a_file_that_is_too_large(refused):
    assert "too large" in refused("#" * 1_000_001)[0]


@pytest.mark.parametrize("content", ["a = " + "[" * 5000 + "]" * 5000, "a." * 5000 + "a = 1"])
def test_a_file_that_is_nested_deeply_is_refused_not_a_bug(refused, content: str):
    assert refused(content)[0].startswith("auditor.toml ")


def test_a_deep_value_is_shown_by_its_kind(refused):
    message, _ = refused("base = " + "[" * 90 + "]" * 90)
    assert message == "auditor.toml line 1: base = [...] is not allowed"


def test_a_number_of_five_thousand_digits(refused):
    assert "not valid TOML" in refused("seed = " + "9" * 5000)[0]


def test_a_hostile_key_cannot_write_over_the_terminal(refused):
    assert "\x1b" not in refused('"\\u001b[2J" = 1')[0]
