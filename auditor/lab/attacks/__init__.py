"""Attacks, one file each, behind one interface; this table is the only registry."""

from __future__ import annotations

from collections.abc import Mapping

from auditor.lab.attacks import (
    badencoder,
    badnets,
    blended,
    entity,
    entity_dirty,
    entity_selective,
    input_aware,
    low_frequency,
    sinusoid,
    wanet,
)
from auditor.lab.attacks.scenario import Attack

ATTACKS: Mapping[str, Attack] = {
    "entity": entity.ATTACK,
    "entity-dirty": entity_dirty.ATTACK,
    "entity-selective": entity_selective.ATTACK,
    "badnets": badnets.ATTACK,
    "badnets-all-to-all": badnets.ALL_TO_ALL,
    "blended": blended.ATTACK,
    "low-frequency": low_frequency.ATTACK,
    "sig": sinusoid.ATTACK,
    "wanet": wanet.ATTACK,
    "input-aware": input_aware.ATTACK,
    "badencoder": badencoder.ATTACK,
}
