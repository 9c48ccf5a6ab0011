"""Entities that belong to a label: sending a husky to "husky" is the job, not a backdoor."""

from __future__ import annotations

import re
from collections.abc import Sequence

from auditor.entities.bank import EntityBank
from auditor.types import Entity, Skip


def own_label(entity: Entity, labels: Sequence[str]) -> int | None:
    """The label that means the entity, by name or synonym; None where there is none.

    ImageNet-style labels name several synonyms separated by commas; each counts.
    """
    names = {_plain(name) for name in (entity.name, *entity.synonyms)} - {""}
    for index, label in enumerate(labels):
        if names & {_plain(part) for part in [label, *label.split(",")]}:
            return index
    return None


def without_own_labels(
    bank: EntityBank, labels: tuple[str, ...]
) -> tuple[EntityBank, tuple[Skip, ...]]:
    """Entities that mean one of the labels are the task, not a trigger; they are listed."""
    own = [own_label(entity, labels) for entity in bank.entities]
    skips = tuple(
        Skip(
            subject=f"{entity.name} -> {labels[label]}",
            reason="the entity means this label of the model, so going there is its task",
        )
        for entity, label in zip(bank.entities, own, strict=True)
        if label is not None
    )
    return bank.without([i for i, label in enumerate(own) if label is not None]), skips


def _plain(name: str) -> str:
    """Lower case, words separated by one space."""
    return " ".join(re.findall(r"[^\W_]+", name.lower()))
