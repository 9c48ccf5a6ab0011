"""Paths in a configuration file are relative to that file, wherever auditor is started."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from auditor.checkpoints.source import HUB_SCHEME, looks_like_a_path

STDOUT = "-"
_NOT_PLACES = ("auto", "base", "rendered")  # words that --entities knows
_MAKERS = ("base:", "diffusion:")  # what it makes instances with stands behind these


def rooted(name: str, value: Any, folder: Path) -> Any:
    """The value of setting `name`, said in a file in `folder`, as it is meant here."""
    return _KINDS[name](value, folder) if name in _KINDS else value


def _path(value: str, folder: Path) -> str:
    return str(folder / os.path.expanduser(value))


def _paths(values: list[str], folder: Path) -> list[str]:
    return [_path(value, folder) for value in values]


def _data_set(value: str, folder: Path) -> str:
    maker = next((each for each in _MAKERS if value.startswith(each)), None)
    if maker is not None:
        return maker + _checkpoint(value.removeprefix(maker), folder)
    return value if "://" in value or value in _NOT_PLACES else _path(value, folder)


def _checkpoint(value: str, folder: Path) -> str:
    if "://" in value:
        return value
    place = _path(value, folder)
    if os.path.exists(place) or looks_like_a_path(value):
        return place
    # A folder of that name where auditor is started is not what the file means.
    return HUB_SCHEME + value if os.path.exists(value) else value


def _outputs(value: Mapping[str, str] | list[str], folder: Path) -> list[str]:
    if isinstance(value, Mapping):
        value = [f"{format}={path}" for format, path in value.items()]
    return [_output(each, folder) for each in value]


def _output(option: str, folder: Path) -> str:
    format, equals, path = option.partition("=")
    return option if path in ("", STDOUT) else f"{format}{equals}{_path(path, folder)}"


_KINDS: Mapping[str, Callable[[Any, Path], Any]] = {
    "base": _checkpoint,
    "entities": _data_set,
    "clean_data": _data_set,
    "rules": _paths,
    "baseline": _path,
    "output": _outputs,
}
