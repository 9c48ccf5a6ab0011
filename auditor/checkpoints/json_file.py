"""JSON objects from files that somebody else wrote, with a bound on size and depth."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from auditor.checkpoints.wording import shown
from auditor.errors import CheckpointError

MAX_CONFIG_BYTES = 10_000_000
MAX_INDEX_BYTES = 50_000_000
# Later steps walk a config recursively; real ones are about five levels deep.
MAX_DEPTH = 64


def read_json_object(path: Path, *, limit_bytes: int = MAX_CONFIG_BYTES) -> dict[str, Any]:
    """Read one JSON object.

    Args:
        path: The file.
        limit_bytes: A larger file is refused unread.

    Returns:
        The parsed object.

    Raises:
        CheckpointError: If the file is too large, not JSON, not an object, or nested too deep.
    """
    name = shown(path.name)
    with path.open("rb") as file:
        raw = file.read(limit_bytes + 1)
    if len(raw) > limit_bytes:
        raise CheckpointError(
            f"{name} is larger than {limit_bytes // 1_000_000} MB",
            hint="a configuration is a few kilobytes: compare the file with its source",
        )
    try:
        parsed: object = json.loads(raw.decode("utf-8"))
    except (ValueError, RecursionError) as error:
        # One handler: bad UTF-8, bad JSON and absurdly long numbers are all ValueError.
        raise CheckpointError(
            f"{name} is not valid JSON: {shown(error, 120)}",
            hint=f"download the model again, or repair {name}",
        ) from error
    if not isinstance(parsed, dict):
        raise CheckpointError(
            f"{name} holds a {type(parsed).__name__}, not a JSON object",
            hint=f"download the model again, or repair {name}",
        )
    if _deeper_than(parsed, MAX_DEPTH):
        raise CheckpointError(
            f"{name} is nested more than {MAX_DEPTH} levels deep",
            hint="no known model needs this: compare the file with its source",
        )
    return parsed


def _deeper_than(value: object, levels: int) -> bool:
    layer = [value]
    for _ in range(levels):
        layer = [child for parent in layer for child in _children(parent)]
        if not layer:
            return False
    return True


def _children(value: object) -> list[Any]:
    if isinstance(value, dict):
        return list(value.values())
    return value if isinstance(value, list) else []
