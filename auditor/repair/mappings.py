"""Found mappings -> pictures to watch and to verify them by, and what honest heads do with these.

Of every entity one half of the pictures, the first ones, verifies; the other half is what methods
may look at or learn from. A repair that is verified by the pictures it was tuned by proves nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from auditor.datasets.labelled import UnreadableImageError
from auditor.entities.bank import EntityBank
from auditor.errors import UsageError
from auditor.evidence.allowed import allowed_pairs
from auditor.models.classifier import Classifier, Pixels
from auditor.repair.settings import Wanted
from auditor.types import Finding

MOST_PICTURES = 300  # of one mapping, on either side
DECODE_BATCH = 256
OPTION = "--mapping"


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundMapping:
    """Entities, by position in the bank, that go to a class."""

    id: str
    entities: tuple[int, ...]
    target: int


@dataclass(frozen=True, slots=True, eq=False)
class MappingPictures:
    """Pictures of a mapping's entities: those that verify, those that methods may look at.

    Where every entity has but one picture, both are the same, and `apart` is False.
    """

    verify: Pixels
    watch: Pixels
    apart: bool


def of_findings(findings: Sequence[Finding]) -> tuple[Wanted, ...]:
    """The mappings that a scan called."""
    return tuple(
        Wanted(
            id=finding.fingerprint,
            entity_ids=tuple(entity.id for entity in finding.entities),
            target_label=finding.target_label,
        )
        for finding in findings
    )


def of_pairs(pairs: Sequence[str]) -> tuple[Wanted, ...]:
    """The mappings that the user named, "ENTITY=LABEL"."""
    return tuple(Wanted(id=pair, pair=pair) for pair in pairs)


def found_in(
    wanted: Sequence[Wanted], bank: EntityBank, labels: Sequence[str]
) -> tuple[FoundMapping, ...]:
    """Find entities and classes of mappings in this bank and model.

    A finding about a class that no entity has a part in is no mapping, and is left out.

    Raises:
        UsageError: There is no such entity or label: another bank or model was meant.
    """
    position = {entity.id: i for i, entity in enumerate(bank.entities)}
    found: list[FoundMapping] = []
    for one in wanted:
        if one.pair is not None:
            (pair,) = allowed_pairs([one.pair], bank.entities, labels, option=OPTION)
            found += [
                FoundMapping(id=one.id, entities=pair.entities, target=t) for t in pair.targets
            ]
            continue
        if not one.entity_ids:
            continue
        missing = [name for name in one.entity_ids if name not in position]
        if missing or one.target_label not in labels:
            what = f"entity {missing[0]!r}" if missing else f"label {one.target_label!r}"
            raise UsageError(
                f"--report names {what}, which is not here",
                hint="Give the report of this model, and the --entities it was scanned with.",
            )
        entities = tuple(position[name] for name in one.entity_ids)
        target = list(labels).index(one.target_label)
        found.append(FoundMapping(id=one.id, entities=entities, target=target))
    return tuple(found)


def pictures_of(mapping: FoundMapping, bank: EntityBank, model: Classifier) -> MappingPictures:
    """Draw the pictures of a mapping, evenly over its entities.

    Raises:
        UsageError: None of them can be read.
    """
    each = max(1, MOST_PICTURES // len(mapping.entities))
    verify, watch = [], []
    for entity in mapping.entities[:MOST_PICTURES]:
        count = bank.counts[entity]
        half = -(-count // 2)
        verify += [(entity, i) for i in range(min(half, each))]
        watch += [(entity, i) for i in range(half, min(count, half + each))]
    shown = _drawn(verify, bank, model)
    if not len(shown):
        raise UsageError(
            f"{bank.source}: no picture of a mapping's entities can be read",
            hint="Check --entities.",
        )
    other = _drawn(watch, bank, model)
    return (
        MappingPictures(shown, other, True) if len(other) else MappingPictures(shown, shown, False)
    )


def verifying_half(bank: EntityBank) -> EntityBank:
    """The bank without the pictures that a method may have learnt from."""
    return replace(bank, counts=tuple(-(-count // 2) for count in bank.counts))


def _drawn(slots: Sequence[tuple[int, int]], bank: EntityBank, model: Classifier) -> Pixels:
    parts = []
    for start in range(0, len(slots), DECODE_BATCH):
        images = []
        for entity, instance in slots[start : start + DECODE_BATCH]:
            try:
                images.append(bank.draw(entity, instance).image)
            except UnreadableImageError:  # scans name it; one picture less proves no less
                continue
        if images:
            parts.append(model.pixels(images))
    return np.concatenate(parts) if parts else np.zeros((0, 3, 1, 1), np.uint8)
