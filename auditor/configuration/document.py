"""What a configuration file may say: the one source of its checks and of the editors' schema.

Keys are the command line's options without the dashes in front. A value that is left out takes
no part; the defaults are here only for editors to show.
"""

from __future__ import annotations

import difflib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError
from pydantic.json_schema import GenerateJsonSchema

from auditor.config import MAX_FALSE_POSITIVE_RATE, is_pair
from auditor.output.escaping import for_terminal

REQUIRED_OF_A_SUPPRESSION = "fingerprint, reason, owner and expires are all required."
FINGERPRINT_DIGITS = 32
_SHOWN = 80


def option_of(name: str) -> str:
    """`fail_on` as files and flags spell it: `fail-on`."""
    return name.replace("_", "-")


def _pair(text: str) -> str:
    if not is_pair(text):
        raise ValueError('should be "ENTITY=LABEL"; one of the two may be * for all of them')
    return text


def _fingerprint(text: str) -> str:
    if len(text) != FINGERPRINT_DIGITS or not set(text) <= set("0123456789abcdef"):
        raise ValueError(f"should be the {FINGERPRINT_DIGITS} hexadecimal digits of a report")
    return text


def _words(text: str) -> str:
    if not text.strip():
        raise ValueError("should say something")
    return text


def _day(value: object) -> object:
    if not isinstance(value, str):
        return value
    try:
        return date.fromisoformat(value)
    except ValueError as error:
        raise ValueError("should be a date such as 2027-01-31") from error


def _nameable(text: str) -> str:
    if "\0" in text:
        raise ValueError("should hold no NUL, which no path has")
    return text


_Name = Annotated[str, Field(min_length=1), AfterValidator(_nameable)]
_Words = Annotated[str, AfterValidator(_words)]


class _Table(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, alias_generator=option_of)


class IgnoreEntry(_Table):
    """A finding that somebody decided to live with until a day."""

    fingerprint: Annotated[str, AfterValidator(_fingerprint)] = Field(
        description="The finding's fingerprint, as every report prints it.",
        json_schema_extra={"pattern": f"^[0-9a-f]{{{FINGERPRINT_DIGITS}}}$"},
    )
    reason: _Words = Field(
        description="Why the finding is accepted.", json_schema_extra={"minLength": 1}
    )
    owner: _Words = Field(description="Who answers for that.", json_schema_extra={"minLength": 1})
    expires: Annotated[date, BeforeValidator(_day)] = Field(
        description="The last day on which the finding does not count."
    )
    model: _Name | None = Field(
        default=None,
        description="Only for this model: its digest, or its source, with or without @commit.",
    )


class ConfigDocument(_Table):
    """Settings of `auditor scan`: auditor.toml, or [tool.auditor] in pyproject.toml."""

    base: _Name | None = Field(default=None, description="Checkpoint it was fine-tuned from.")
    clean_data: _Name | None = Field(
        default=None, description="Clean labelled images of the task; they sharpen a verdict."
    )
    entities: _Name = Field(
        default="auto",
        description="auto, base, rendered, diffusion:MODEL, a file, or a data set.",
    )
    split: _Name | None = Field(default=None, description="Split of the data set.")
    image_column: _Name | None = Field(default=None, description="Column of images.")
    label_column: _Name | None = Field(default=None, description="Column of labels.")
    depth: Literal["quick", "standard", "deep"] = Field(
        default="standard", description="How much to spend."
    )
    plan: Literal["sequential", "exhaustive"] = Field(
        default="sequential", description="Ask no more than decides, or all that depth allows."
    )
    max_probes: int | None = Field(
        default=None, ge=1, description="Never ask more than this; default: what depth allows."
    )
    patterns: bool = Field(default=False, description="Look for triggers that are no entity, too.")
    fpr: float = Field(
        default=0.01,
        gt=0,
        le=MAX_FALSE_POSITIVE_RATE,
        description="False-positive rate at which a finding is called.",
    )
    fail_on: Literal["low", "medium", "high", "critical", "never"] = Field(
        default="high", description="Mildest severity that fails the gate."
    )
    output: dict[_Name, _Name] | list[_Name] = Field(
        default={}, description='Reports to write: a table FORMAT = "PATH", or "FORMAT=PATH" each.'
    )
    engine: Literal["auto", "torch", "onnx"] = Field(
        default="auto", description="What runs the model."
    )
    device: _Name = Field(default="auto", description="auto, cpu or cuda[:N].")
    precision: Literal["float32", "bfloat16"] = Field(
        default="float32", description="What forward passes are computed in (torch)."
    )
    batch_size: Literal["auto"] | Annotated[int, Field(ge=1)] = Field(
        default="auto", description="auto or a number."
    )
    seed: int = Field(default=0, ge=0, description="Chooses the probes.")
    rules: list[_Name] = Field(default=[], description="Extra rule files or folders.")
    allow: list[Annotated[str, AfterValidator(_pair)]] = Field(
        default=[], description='Pairs "ENTITY=LABEL" that are the model\'s job; * for any.'
    )
    pictures: Literal["all", "entities", "none"] = Field(
        default="all", description="Which small pictures a report holds."
    )
    trust: list[Literal["pickle", "remote-code"]] = Field(
        default=[], description="Risks that are accepted for the model; docs/loading.md."
    )
    offline: bool = Field(default=False, description="Use the local cache only.")
    timeout: float | None = Field(
        default=None, gt=0, description="Seconds after which a scan is stopped."
    )
    resume: bool = Field(
        default=True, description="Keep answers, and go on where an earlier scan was cut off."
    )
    baseline: _Name | None = Field(
        default=None, description="Stored JSON report; its findings do not fail the gate."
    )
    ignore: list[IgnoreEntry] = Field(
        default=[], description="Suppressions: findings that do not fail the gate until a day."
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """What is wrong, at which keys inside the document, and what would be right."""

    location: tuple[str | int, ...]
    message: str
    hint: str


def problem_of(error: ValidationError, document: Any) -> Problem:
    """The first thing that is wrong; an unknown key first, as it explains a missing one."""
    details: list[Any] = sorted(error.errors(), key=lambda each: each["type"] != "extra_forbidden")
    first = details[0]
    location = _inside(first["loc"], document)
    if first["type"] == "extra_forbidden":
        return _unknown(location)
    if first["type"] == "missing":
        message = f"a suppression lacks {first['loc'][-1]!r}"
        return Problem(location=location, message=message, hint=REQUIRED_OF_A_SUPPRESSION)
    same = [each["msg"] for each in details if _inside(each["loc"], document) == location]
    wanted = " or ".join(dict.fromkeys(_wanted(message) for message in same))
    key = next(str(part) for part in reversed(location) if isinstance(part, str))
    said = _shown(_value(location, document))
    return Problem(
        location=location, message=f"{key} = {said} is not allowed", hint=f"It should {wanted}."
    )


def _unknown(location: tuple[str | int, ...]) -> Problem:
    key = str(location[-1])
    table = ConfigDocument if len(location) == 1 else IgnoreEntry
    known = [option_of(name) for name in table.model_fields]
    near = difflib.get_close_matches(key[:_SHOWN].replace("_", "-").lower(), known, n=1)
    hint = f"Did you mean {near[0]!r}?" if near else f"Known: {', '.join(known)}."
    if table is ConfigDocument and key == "model":
        hint = "The model is named on the command line: auditor scan MODEL."
    return Problem(
        location=location, message=f"unknown key {for_terminal(key, _SHOWN)!r}", hint=hint
    )


def _inside(location: Sequence[str | int], document: Any) -> tuple[str | int, ...]:
    """The part of a location that is in the document; the checker adds parts of its own."""
    found: list[str | int] = []
    for part in location:
        try:
            document = document[part]
        except (LookupError, TypeError):
            break
        found.append(part)
    return tuple(found)


def _value(location: Sequence[str | int], document: Any) -> Any:
    for part in location:
        document = document[part]
    return document


def _shown(value: Any) -> str:
    if isinstance(value, list | dict):
        return "[...]" if isinstance(value, list) else "{...}"
    return for_terminal(json.dumps(value, default=str), _SHOWN)


def _wanted(message: str) -> str:
    for prefix in ("Value error, should ", "Input should ", "String should ", "List should "):
        message = message.removeprefix(prefix)
    return message


class _SchemaForEditors(GenerateJsonSchema):
    def field_title_should_be_set(self, schema: Any) -> bool:
        return False


def schema() -> dict[str, Any]:
    """The JSON Schema of a configuration file, in the draft that editors of TOML know."""
    generated = ConfigDocument.model_json_schema(schema_generator=_SchemaForEditors)
    head = {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "$id": "urn:model-auditor:config.schema.json",
        "title": "auditor.toml",
    }
    return head | {key: value for key, value in generated.items() if key != "title"}


def render_schema() -> str:
    """The schema as the text of a file."""
    return json.dumps(schema(), indent=2) + "\n"


def write_schema(path: Path) -> None:
    """Write the schema where users find it.

    Raises:
        OSError: The path cannot be written.
    """
    path.write_text(render_schema(), encoding="utf-8", newline="\n")
