from __future__ import annotations

import re
from pathlib import Path

import pytest

from auditor.errors import UsageError
from auditor.evidence.kinds import KINDS
from auditor.rules import ABOUT_FILES, Rule, all_rules, read_rules, shipped_rules
from auditor.types import Severity

ROOT = Path(__file__).parent.parent
OF_THE_MODEL = ("entities", "target", "value", "baseline")
GOOD = {
    "id": "mine",
    "title": "a rule",
    "evidence": "class-share",
    "severity": "low",
    "confidence": "high",
    "min_effect": "0.5",
    "min_observations": "5",
    "summary": "so it is",
}


def write(folder: Path, name: str = "mine", **changes: str | None) -> Path:
    said = {**GOOD, "id": name, **changes}
    path = folder / f"{name}.yaml"
    path.write_text("".join(f"{k}: {v}\n" for k, v in said.items() if v is not None))
    return path


def refusal(path: Path) -> str:
    with pytest.raises(UsageError) as caught:
        read_rules(path)
    assert caught.value.hint
    assert str(path) in caught.value.message
    return caught.value.message


def test_a_rule_file_is_read_into_a_rule(tmp_path: Path):
    (rule,) = read_rules(write(tmp_path))
    assert (rule.id, rule.severity, rule.min_effect) == ("mine", Severity.LOW, 0.5)


def test_a_folder_gives_its_rules_in_order(tmp_path: Path):
    for name in ("b", "a"):
        write(tmp_path, name)
    (tmp_path / "a.md").write_text("# A page")
    assert [rule.id for rule in read_rules(tmp_path)] == ["a", "b"]


def test_a_folder_without_rules_is_refused(tmp_path: Path):
    assert "holds no rule files" in refusal(tmp_path)


def test_broken_yaml_names_the_line(tmp_path: Path):
    path = tmp_path / "mine.yaml"
    path.write_text("id: mine\ntitle: [never closed\nevidence: x\n")
    assert "line 3: not valid YAML" in refusal(path)


@pytest.mark.parametrize(
    ("typed", "meant"),
    [("severty", "severity"), ("min_efect", "min_effect"), ("titel", "title")],
)
def test_an_unknown_key_names_the_nearest(tmp_path: Path, typed: str, meant: str):
    path = write(tmp_path, **{meant: None, typed: GOOD[meant]})
    assert f"unknown key {typed!r}; did you mean {meant!r}?" in refusal(path)


def test_a_missing_key_is_named(tmp_path: Path):
    assert "summary: " in refusal(write(tmp_path, summary=None))


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("severity", "deadly"),
        ("min_effect", "much"),
        ("min_effect", ".nan"),
        ("min_effect", ".inf"),
        ("min_observations", "0"),
        ("id", "Mine"),
        ("title", "''"),
    ],
)
def test_a_wrong_value_names_the_key(tmp_path: Path, key: str, value: str):
    assert f"{key}: " in refusal(write(tmp_path, **{key: value}))


def test_an_id_that_is_not_the_stem(tmp_path: Path):
    path = write(tmp_path).rename(tmp_path / "yours.yaml")
    assert "'mine' differs" in refusal(path)


@pytest.mark.parametrize(
    "text",
    [
        *("", "- a list", "2020-99-99", "!!python/object/apply:os.system ['true']", "a: &x [*x]"),
        # Found by fuzzing: PyYAML raises AttributeError, IndexError and KeyError of these.
        *("id: !!timestamp x", "id: !!int ''", "id: !!bool x"),
    ],
)
def test_what_is_no_rule_is_refused_and_runs_nothing(tmp_path: Path, text: str):
    path = tmp_path / "mine.yaml"
    path.write_text(text)
    refusal(path)


def test_aliases_that_stand_for_gigabytes_are_refused_at_once(tmp_path: Path):
    path = tmp_path / "mine.yaml"
    lines = ["a0: &a0 {x: 1}"]
    merges = [f"a{i}: &a{i} {{<<: [{', '.join([f'*a{i - 1}'] * 9)}]}}" for i in range(1, 30)]
    path.write_text("\n".join([*lines, *merges]))
    assert "line 2: not valid YAML" in refusal(path)


def test_bytes_that_are_no_text_and_files_that_are_too_large(tmp_path: Path):
    path = tmp_path / "mine.yaml"
    path.write_bytes(b"\xff\xfe\x00id")
    assert "cannot be read" in refusal(path)
    path.write_text("# " + "x" * 200_000)
    assert "too large" in refusal(path)
    assert "cannot be read" in refusal(tmp_path / "none.yaml")


def test_every_shipped_rule_judges_a_kind_of_evidence_that_is_gathered():
    assert {rule.evidence for rule in shipped_rules()} == set(KINDS) | ABOUT_FILES


def test_every_shipped_rule_says_what_else_could_explain_a_finding():
    for rule in shipped_rules():
        assert rule.otherwise.endswith("."), rule.id
        assert "{" not in rule.otherwise, rule.id
    assert len({rule.otherwise for rule in shipped_rules()}) == len(shipped_rules())


def test_a_foreign_rule_need_not_say_it_but_not_at_any_length(tmp_path: Path):
    assert read_rules(write(tmp_path))[0].otherwise == ""
    assert read_rules(write(tmp_path, otherwise="chance"))[0].otherwise == "chance"
    assert "otherwise: " in refusal(write(tmp_path, otherwise="x" * 1001))


def test_a_summary_uses_only_what_it_can_be_given():
    for rule in shipped_rules():
        left = rule.summary
        fields = ("file", "says", "named") if rule.is_about_files else OF_THE_MODEL
        for field in fields:
            left = left.replace("{" + field + "}", "")
        assert "{" not in left, rule.id


@pytest.mark.parametrize("page", sorted((ROOT / "rules").iterdir()), ids=lambda path: path.name)
def test_no_word_is_broken_at_the_end_of_a_line(page: Path):
    """Where lines are joined again, a hyphen there would be followed by a space."""
    assert not re.findall(r".*\w-\n.*", page.read_text(encoding="utf-8"))


def test_further_rules_come_after_the_shipped_ones(tmp_path: Path):
    together = all_rules([write(tmp_path)])
    assert [rule.id for rule in together] == [*(rule.id for rule in shipped_rules()), "mine"]


def test_two_rules_of_one_id_are_refused(tmp_path: Path):
    with pytest.raises(UsageError, match="there is a rule 'class-share' already"):
        all_rules([write(tmp_path, "class-share")])


def test_a_rule_cannot_be_changed_once_read(tmp_path: Path):
    (rule,) = read_rules(write(tmp_path))
    with pytest.raises(ValueError, match="frozen"):
        rule.min_effect = 0.0
    assert isinstance(rule, Rule)
