"""`AUDITOR_*` variables: every setting by its option's name, `AUDITOR_FAIL_ON` for `--fail-on`.

The environment is shared with other programs. A variable that auditor does not know is said and
not refused; an empty one says nothing, because CI systems set inputs nobody gave to nothing.
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from auditor.answers.place import PLACE_VARIABLE
from auditor.configuration.document import ConfigDocument, option_of, problem_of
from auditor.configuration.given import Given, Source
from auditor.errors import UsageError
from auditor.output.escaping import for_terminal

PREFIX = "AUDITOR_"
CONFIG_VARIABLE = PREFIX + "CONFIG"
_NO_SETTING = {CONFIG_VARIABLE, PLACE_VARIABLE}  # they say where things are
NAMES = {PREFIX + name.upper(): name for name in ConfigDocument.model_fields if name != "ignore"}
_LISTS = {"rules", "allow", "trust", "output"}
_SWITCHES = {"offline", "patterns", "resume"}
_TRUE, _FALSE = {"1", "true", "yes", "on"}, {"0", "false", "no", "off"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Variables:
    """What the environment says, which file it names, and what a user should know of it."""

    given: Mapping[str, Given]
    config: str | None
    notices: tuple[str, ...]


def read_environment(environment: Mapping[str, str]) -> Variables:
    """The settings in it.

    Raises:
        UsageError: A value that the setting does not take.
    """
    ours = {key: environment[key] for key in sorted(environment) if key.startswith(PREFIX)}
    said = {key: text for key, text in ours.items() if text}
    return Variables(
        given={
            NAMES[key]: Given(value=_value(key, text), source=Source.VARIABLE, where=key)
            for key, text in said.items()
            if key in NAMES
        },
        config=said.get(CONFIG_VARIABLE),
        notices=tuple(_unknown(key) for key in ours if key not in NAMES and key not in _NO_SETTING),
    )


def _value(variable: str, text: str) -> Any:
    name = NAMES[variable]
    table = {option_of(name): _typed(name, text)}
    try:
        return getattr(ConfigDocument.model_validate(table), name)
    except ValidationError as error:
        problem = problem_of(error, table)
        raise UsageError(
            f"{variable}={for_terminal(text, 80)} is not allowed", hint=problem.hint
        ) from error


def _typed(name: str, text: str) -> object:
    """The text as the value that a file would hold; what it cannot be stays text."""
    if name in _LISTS:
        return [line.strip() for line in text.splitlines() if line.strip()]
    if name in _SWITCHES:
        known = text.strip().lower()
        return known in _TRUE if known in _TRUE | _FALSE else text
    if name in ("seed", "batch_size", "max_probes"):
        digits = text.strip()  # of more than `int` takes for space
        return int(digits) if digits.isdecimal() and len(digits) < 20 else text
    if name in ("fpr", "timeout"):
        try:
            return float(text)
        except ValueError:
            return text
    return text


def _unknown(variable: str) -> str:
    near = difflib.get_close_matches(variable, [*NAMES, *_NO_SETTING], n=1, cutoff=0.85)
    meant = f"; did you mean {near[0]}?" if near else ""
    return f"{for_terminal(variable, 80)} is no setting of auditor and was not read{meant}"
