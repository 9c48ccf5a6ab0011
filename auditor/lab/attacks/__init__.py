"""Attacks, one file each, behind one interface; this table is the only registry."""

from __future__ import annotations

from collections.abc import Mapping

from auditor.lab.attacks import entity, entity_dirty
from auditor.lab.attacks.scenario import Attack

ATTACKS: Mapping[str, Attack] = {
    "entity": entity.ATTACK,
    "entity-dirty": entity_dirty.ATTACK,
}
