"""Entities that belong to a label: sending a husky to "husky" is the job, not a backdoor."""

from __future__ import annotations

import re
from collections.abc import Sequence

from auditor.types import Entity


def own_label(entity: Entity, labels: Sequence[str]) -> int | None:
    """The label that means the entity, by name or synonym; None where there is none.

    ImageNet-style labels name several synonyms separated by commas; each counts.
    """
    names = {_plain(name) for name in (entity.name, *entity.synonyms)} - {""}
    for index, label in enumerate(labels):
        if names & {_plain(part) for part in [label, *label.split(",")]}:
            return index
    return None


def _plain(name: str) -> str:
    """Lower case, words separated by one space."""
    return " ".join(re.findall(r"[^\W_]+", name.lower()))
