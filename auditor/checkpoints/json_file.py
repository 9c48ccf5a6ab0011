"""JSON objects from files that somebody else wrote, with a bound on size, depth and numbers."""

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
MAX_WHOLE_NUMBER = 2**64 - 1


def read_json_object(path: Path, *, limit_bytes: int = MAX_CONFIG_BYTES) -> dict[str, Any]:
    """Read one JSON object.

    Args:
        path: The file.
        limit_bytes: A larger file is refused unread.

    Returns:
        The parsed object.

    Raises:
        CheckpointError: If the file is too large, not JSON, not an object, nested too deep, or
            says one thing twice.
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
        parsed = strict_json(raw)
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


def strict_json(raw: bytes) -> object:
    """Parse JSON that means the same to every reader.

    Args:
        raw: UTF-8.

    Raises:
        ValueError: It is no JSON, a key occurs twice in an object, or a whole number has more
            than 64 bits.
        RecursionError: It is nested too deep.
    """
    return json.loads(
        raw.decode("utf-8"), object_pairs_hook=_without_duplicates, parse_int=_whole_number
    )


def _without_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    # Two readers could each take another one of two values of the same name.
    found = dict(pairs)
    if len(found) != len(pairs):
        seen: set[str] = set()
        for name, _ in pairs:
            if name in seen:
                raise ValueError(f"{shown(name, 60)!r} occurs twice in one object")
            seen.add(name)
    return found


def _whole_number(digits: str) -> int:
    number = int(digits)
    if abs(number) > MAX_WHOLE_NUMBER:
        raise ValueError(f"a number of {len(digits)} digits")
    return number


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
