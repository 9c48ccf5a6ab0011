"""Flags over variables over a file over defaults: one answer for every setting."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from auditor.config import ScanSettings, settings_from
from auditor.configuration.document import option_of
from auditor.configuration.environment import read_environment
from auditor.configuration.file import ConfigFile, find_and_read
from auditor.configuration.given import Given, Source
from auditor.types import Suppression

# What a value is not chosen for: the model is an argument, the file is where values come from,
# suppressions stand in a file alone. Outputs are no setting of a scan.
_APART = ("model", "config", "ignore")
OUTPUT = "output"


@dataclass(frozen=True, slots=True, kw_only=True)
class Configuration:
    """The value of every setting, where it was said, and what a user should know of that."""

    given: Mapping[str, Given]
    file: Path | None
    ignore: tuple[Suppression, ...]
    notices: tuple[str, ...]

    def settings(self, model: str) -> ScanSettings:
        """The record that a scan takes.

        Raises:
            UsageError: A value is wrong.
        """
        said = {name: each.value for name, each in self.given.items() if name != OUTPUT}
        said["batch_size"] = None if said["batch_size"] == "auto" else said["batch_size"]
        return settings_from(model, {**said, "ignore": self.ignore, "config": self.file})


def configured(
    flags: Mapping[str, Any], environment: Mapping[str, str], folder: Path
) -> Configuration:
    """What holds, from everything that was said.

    Args:
        flags: The options given on the command line, and only those; `config` among them.
        environment: The environment's variables.
        folder: Where auditor was started; a configuration file is looked for there.

    Raises:
        UsageError: A file or a variable is wrong.
    """
    variables = read_environment(environment)
    named = flags.get("config") or variables.config
    file = find_and_read(None if named is None else Path(named), folder)
    typed = {
        name: Given(value=value, source=Source.FLAG, where=f"--{option_of(name)}")
        for name, value in flags.items()
        if name not in _APART
    }
    return Configuration(
        given={**_defaults(), **_of(file), **variables.given, **typed},
        file=None if file is None else file.path,
        ignore=() if file is None else file.ignore,
        notices=variables.notices,
    )


def settings_from_file(model: str, said: Mapping[str, Any]) -> ScanSettings:
    """Settings from keyword arguments, over those of the file that `config` among them names.

    Nothing else is read: neither the environment nor a file that nobody named.

    Raises:
        UsageError: A name or a value is wrong, here or in the file.
    """
    named = said.get("config")
    if named is None:
        return settings_from(model, said)
    file = find_and_read(Path(named), Path())
    assert file is not None
    settings_from(model, said)  # what is wrong here is told as such
    given = {name: each.value for name, each in file.given.items() if name != OUTPUT}
    if given.get("batch_size") == "auto":
        del given["batch_size"]
    return settings_from(model, {"ignore": file.ignore, **given, **said})


def _of(file: ConfigFile | None) -> Mapping[str, Given]:
    return {} if file is None else file.given


def _defaults() -> dict[str, Given]:
    plain = ScanSettings(model="").as_json()
    names = [each.name for each in fields(ScanSettings) if each.name not in _APART]
    values = {name: plain[name] for name in names} | {"batch_size": "auto", OUTPUT: []}
    return {
        name: Given(value=value, source=Source.DEFAULT, where="default")
        for name, value in values.items()
    }
