"""Read YAML that a person wrote: small, without repeated keys, every complaint in one line."""

from __future__ import annotations

from collections.abc import Hashable
from pathlib import Path
from typing import Any

import yaml

from auditor.checkpoints.wording import shown
from auditor.errors import UsageError

MAX_BYTES = 1_000_000
MAX_KEYS = 1000  # of one mapping; merge keys (`<<`) could multiply them without end


class _Loader(yaml.SafeLoader):
    """YAML's own answer to a repeated key is to forget the first, and with it half a spec."""

    def flatten_mapping(self, node: yaml.MappingNode) -> None:
        _require_distinct(node)
        super().flatten_mapping(node)
        if len(node.value) > MAX_KEYS:
            raise yaml.constructor.ConstructorError(
                None, None, f"a mapping has more than {MAX_KEYS} keys", node.start_mark
            )


def _require_distinct(node: yaml.MappingNode) -> None:
    seen: set[Hashable] = set()
    for key, _ in node.value:
        if not isinstance(key, yaml.ScalarNode):
            continue
        if key.value in seen and key.tag != "tag:yaml.org,2002:merge":
            raise yaml.constructor.ConstructorError(
                None, None, f"the key {key.value!r} stands there twice", key.start_mark
            )
        seen.add(key.value)


def read_yaml(path: Path) -> Any:
    """What a YAML file says.

    Raises:
        UsageError: It cannot be read, is not YAML, or is none that a person would write.
    """
    try:
        with path.open("rb") as file:
            raw = file.read(MAX_BYTES + 1)
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or error
        raise UsageError(f"{path} cannot be read: {shown(why)}", hint="Check the path.") from error
    if len(raw) > MAX_BYTES:
        raise UsageError(
            f"{path} is larger than {MAX_BYTES // 1_000_000} MB",
            hint="That is no file of this kind: check the path.",
        )
    try:
        return yaml.load(raw.decode("utf-8"), Loader=_Loader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        line = f" line {mark.line + 1}" if mark else ""
        raise UsageError(
            f"{path}{line}: {shown(error.problem or 'not valid YAML')}", hint="Correct this line."
        ) from error
    except Exception as error:  # tags such as !!int on what is none raise many kinds in PyYAML
        raise UsageError(
            f"{path} is no text in YAML: {shown(error)}", hint="Check the path."
        ) from error
