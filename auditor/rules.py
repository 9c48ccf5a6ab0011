"""Rule files: plain data that says when evidence becomes a finding.

One rule is one stem: `rules/<id>.yaml`, `rules/<id>.md`, `tests/rules/test_<id>.py`. A rule
file cannot run code, so a foreign one can be read without trust.
"""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from auditor.errors import UsageError
from auditor.shipped import shipped
from auditor.types import Confidence, Severity

RULE_BYTES_LIMIT = 100_000
# Kinds of evidence that are about a file and not about what the model does: they have no p-value.
ABOUT_FILES = frozenset({"dangerous-pickle", "non-finite", "pickle"})


class Rule(BaseModel):
    """What one rule file says."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: str = Field(pattern=r"^[a-z][a-z0-9-]*$", description="Equal to the file's stem.")
    title: str = Field(min_length=1, max_length=200)
    evidence: str = Field(description="The kind of evidence it judges.")
    severity: Severity
    confidence: Confidence
    min_effect: float = Field(
        allow_inf_nan=False, description="The whole interval must lie at or above this."
    )
    min_observations: int = Field(ge=1, description="Fewer instances leave it undecided.")
    summary: str = Field(
        description="Sentence with {entities}, {target}, {value} and {baseline}; of a rule about "
        "files with {file}, {says} and {named}."
    )
    otherwise: str = Field(
        default="", max_length=1000, description="What else could explain a finding: plain text."
    )

    @property
    def is_about_files(self) -> bool:
        """Whether it judges a file, not what the model does."""
        return self.evidence in ABOUT_FILES


def shipped_rules() -> tuple[Rule, ...]:
    """The rules that come with auditor, in the order of their ids."""
    return read_rules(shipped("rules"))


def rule_page(rule_id: str) -> str:
    """What a shipped rule detects, how it is measured and when it is wrong, as Markdown.

    Raises:
        OSError: No such rule comes with auditor.
    """
    return (shipped("rules") / f"{rule_id}.md").read_text(encoding="utf-8")


def all_rules(extra: Sequence[Path]) -> tuple[Rule, ...]:
    """The shipped rules and those of further files or folders.

    Raises:
        UsageError: As `read_rules`, or two rules have one id, and findings name rules by id.
    """
    rules = shipped_rules()
    for path in extra:
        for rule in read_rules(path):
            if any(rule.id == known.id for known in rules):
                raise UsageError(
                    f"{path}: there is a rule {rule.id!r} already",
                    hint="Give the rule and its file another name, or name the file once.",
                )
            rules = (*rules, rule)
    return rules


def read_rules(path: Path) -> tuple[Rule, ...]:
    """Read one rule file, or every `*.yaml` of a folder.

    Raises:
        UsageError: A file cannot be read, an unknown key (the nearest known one is named), a
            value of the wrong kind, or an id that differs from the file's stem.
    """
    files = sorted(path.glob("*.yaml")) if path.is_dir() else [path]
    if not files:
        raise UsageError(f"{path} holds no rule files", hint="A rule file ends in .yaml.")
    return tuple(_read(file) for file in files)


class _Loader(yaml.SafeLoader):
    """YAML without aliases: a few hundred bytes of them can stand for gigabytes."""

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        if self.check_event(yaml.AliasEvent):
            parser: Any = self  # typed only in parts
            mark = parser.peek_event().start_mark
            raise yaml.composer.ComposerError(None, None, "a rule has no aliases", mark)
        return super().compose_node(parent, index)


def _read(file: Path) -> Rule:
    try:
        rule = Rule.model_validate(_yaml(file))
    except ValidationError as error:
        raise UsageError(f"{file}: {_first(error)}", hint="See docs: rules/*.yaml.") from error
    if rule.id != file.stem:
        raise UsageError(
            f"{file}: id {rule.id!r} differs from the file's name", hint="Make them equal."
        )
    return rule


def _yaml(file: Path) -> Any:
    try:
        with file.open("rb") as stream:
            content = stream.read(RULE_BYTES_LIMIT + 1)
        text = content.decode("utf-8")
    except (OSError, ValueError) as error:
        raise UsageError(f"{file} cannot be read: {error}", hint="Check --rules.") from error
    if len(content) > RULE_BYTES_LIMIT:
        raise UsageError(f"{file} is too large for a rule file", hint="Keep it below 100 kB.")
    try:
        return yaml.load(text, Loader=_Loader)
    except Exception as error:  # tags such as !!int on what is none raise many kinds in PyYAML
        mark = getattr(error, "problem_mark", None)
        line = f" line {mark.line + 1}" if mark else ""
        raise UsageError(f"{file}{line}: not valid YAML", hint="Check the indentation.") from error


def _first(error: ValidationError) -> str:
    # A mistyped key is also a missing one; its own name helps more.
    details: list[Any] = sorted(error.errors(), key=lambda each: each["type"] != "extra_forbidden")
    detail = details[0]
    key = ".".join(str(part) for part in detail["loc"]) or "the file"
    if detail["type"] == "extra_forbidden":
        near = difflib.get_close_matches(key, Rule.model_fields, n=1)
        return f"unknown key {key!r}" + (f"; did you mean {near[0]!r}?" if near else "")
    return f"{key}: {detail['msg']}"
