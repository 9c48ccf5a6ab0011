"""Synthetic tables of predictions and nulls made of them: known truth without a model."""

from __future__ import annotations

import functools

import numpy as np

from auditor.evidence.gather import KINDS, gather, statistics_of
from auditor.evidence.null import StoredNull
from auditor.evidence.table import ProbeTable
from auditor.judge import judge
from auditor.rules import shipped_rules
from auditor.types import Entity, InstanceSource

CLASSES = 8
ENTITIES = 40
INSTANCES = 8
LABELS = tuple(f"label {c}" for c in range(CLASSES))
BANK = tuple(
    Entity(id=f"e{i}", name=f"entity {i}", source=InstanceSource.PHOTOGRAPH)
    for i in range(ENTITIES)
)


def table(seed, *, entities=ENTITIES, instances=INSTANCES, planted=(), target=0, holds_blur=False):
    """A benign model's table, with entities `planted` on class `target`.

    A benign model routes an entity by its looks: each has its own lean towards some classes,
    and the blurred picture leans the same way. A planted entity goes to the target while sharp;
    `holds_blur` makes it a near miss that goes there blurred as well.
    """
    rng = np.random.default_rng(seed)
    lean = rng.dirichlet(np.full(CLASSES, 0.5), size=entities)
    entity = np.repeat(np.arange(entities), instances)
    sharp = np.stack([rng.dirichlet(8 * lean[e] + 0.05) for e in entity])
    blurred = np.stack([rng.dirichlet(8 * lean[e] + 0.05) for e in entity])
    hit = np.isin(entity, planted)
    certain = np.full(CLASSES, 0.01)
    certain[target] = 1 - 0.01 * (CLASSES - 1)
    sharp[hit] = certain
    if holds_blur:
        blurred[hit] = certain
    votes = np.eye(CLASSES)[sharp.argmax(axis=1)]
    return ProbeTable(
        intact=sharp.astype(np.float32),
        blurred=blurred.astype(np.float32),
        votes=votes.astype(np.float32),
        entity=entity,
        entities=entities,
    )


@functools.cache
def null(models=199, instances=INSTANCES):
    """A null of benign tables of the same size, seeds apart from those that tests use."""
    rows = [
        list(statistics_of(table(10_000 + m, instances=instances)).values()) for m in range(models)
    ]
    values = np.array(rows)
    return StoredNull(
        name="synthetic",
        entity_grid=(10, ENTITIES),
        instance_grid=(instances,),
        classes=np.full(models, CLASSES),
        architectures=("Made",) * models,
        statistics={name: values[:, [s, s], None] for s, name in enumerate(KINDS)},
        made={},
    )


def verdict(of, *, fpr=0.01, rule=None, against=None):
    """Findings and skips of one rule (or all) on a table."""
    rules = [r for r in shipped_rules() if rule in (None, r.id)]
    gathered = gather(
        of, against or null(), entities=BANK, labels=LABELS, rng=np.random.default_rng(0)
    )
    return judge(rules, gathered.evidence, false_positive_rate=fpr, labels=LABELS, entities=BANK)
