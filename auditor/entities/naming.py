"""What entities are called in reports: names as identifiers."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace

from auditor.types import Entity


def with_distinct_ids(entities: Iterable[Entity]) -> tuple[Entity, ...]:
    """Findings name entities by id; labels may repeat, or differ only in what no id keeps."""
    distinct: dict[str, Entity] = {}
    next_number: dict[str, int] = {}
    for entity in entities:
        name = entity.id
        while name in distinct:
            number = next_number.get(entity.id, 2)
            next_number[entity.id] = number + 1
            name = f"{entity.id}-{number}"
        distinct[name] = replace(entity, id=name)
    return tuple(distinct.values())


def slug(name: str) -> str:
    """A name as an identifier: lower case, words of any script joined by hyphens."""
    return re.sub(r"[\W_]+", "-", name.lower()).strip("-") or "unnamed"
