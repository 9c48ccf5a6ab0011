"""Synthetic tables of predictions and nulls made of them: known truth without a model."""

from __future__ import annotations

import functools
from dataclasses import replace

import numpy as np

from auditor.evidence.gather import gather
from auditor.evidence.kinds import statistics_of, stored_name
from auditor.evidence.null import StoredNull
from auditor.evidence.table import ProbeTable, set_apart
from auditor.judge import judge
from auditor.references.build import Reference
from auditor.rules import shipped_rules
from auditor.types import Entity, InstanceSource

CLASSES = 8
ENTITIES = 40
INSTANCES = 8
CLEAN = 10  # images a class behind the references
ALL = tuple(Reference)
LABELS = tuple(f"label {c}" for c in range(CLASSES))
BANK = tuple(
    Entity(id=f"e{i}", name=f"entity {i}", source=InstanceSource.PHOTOGRAPH)
    for i in range(ENTITIES)
)


def table(
    seed,
    *,
    entities=ENTITIES,
    instances=INSTANCES,
    planted=(),
    target=0,
    holds_blur=False,
    references=(),
    explained=(),
    inside=0,
    misses=None,
):
    """A benign model's table, with entities `planted` on class `target`.

    A benign model routes an entity by its looks: each has its own lean towards some classes,
    and the blurred picture leans the same way. A planted entity goes to the target while sharp;
    `holds_blur` makes it a near miss that goes there blurred as well.

    `references` are named heads that answer almost as the model did before anything was planted;
    those that are `explained` send the planted entities where the model does.

    The first `inside` entities mean a label, each the one of its own number, and go there but for
    a share of `misses`, half of the probability or less where nothing is said, that leans towards
    labels that look like it.
    """
    rng = np.random.default_rng(seed)
    lean = rng.dirichlet(np.full(CLASSES, 0.5), size=entities)
    entity = np.repeat(np.arange(entities), instances)
    sharp, blurred = (_dirichlet(rng, 8 * lean[entity] + 0.05) for _ in range(2))
    within = entity < inside
    if inside:
        own = np.random.default_rng([seed, 2])  # the others answer as they would without these
        share = own.uniform(0.02, 0.5) if misses is None else misses
        astray = np.clip(share * own.uniform(0.8, 1.2, inside), 0, 1)[:, None]
        alphas = (1 - astray) * np.eye(CLASSES)[:inside] + astray * lean[:inside]
        for answers in (sharp, blurred):
            answers[within] = _dirichlet(own, 20 * alphas[entity[within]] + 0.05)
    honest, honest_blurred = sharp.copy(), blurred.copy()
    hit = np.isin(entity, planted)
    certain = np.full(CLASSES, 0.01)
    certain[target] = 1 - 0.01 * (CLASSES - 1)
    sharp[hit] = certain
    if holds_blur:
        blurred[hit] = certain
    of = _of(sharp, blurred, entity, entities)
    apart = np.random.default_rng([seed, 1])  # references leave the model's own answers alone
    beside = {
        str(name): of
        if name in explained
        else _of(_nearly(honest, apart), _nearly(honest_blurred, apart), entity, entities)
        for name in references
    }
    return set_apart(replace(of, references=beside), {i: i for i in range(inside)})


def _dirichlet(rng, alphas):
    """One draw for each row of parameters, all at once."""
    drawn = rng.standard_gamma(alphas)
    return drawn / drawn.sum(axis=1, keepdims=True)


def _of(sharp, blurred, entity, entities):
    return ProbeTable(
        intact=sharp.astype(np.float32),
        blurred=blurred.astype(np.float32),
        entity=entity,
        entities=entities,
    )


def _nearly(answers, rng):
    return 0.9 * answers + 0.1 * rng.dirichlet(np.ones(CLASSES), size=len(answers))


@functools.cache
def null(models=199, instances=INSTANCES, references=(), inside=0, misses=None):
    """A null of benign tables of the same size, seeds apart from those that tests use."""
    benign = [
        table(10_000 + m, instances=instances, references=references, inside=inside, misses=misses)
        for m in range(models)
    ]
    rows = [statistics_of(one) for one in benign]
    values = {stored_name(kind, CLEAN): np.array([row[kind] for row in rows]) for kind in rows[0]}
    return StoredNull(
        name="synthetic",
        entity_grid=(10, ENTITIES),
        instance_grid=(instances,),
        classes=np.full(models, CLASSES),
        architectures=("Made",) * models,
        statistics={name: np.stack([v, v], axis=1)[..., None] for name, v in values.items()},
        made={},
    )


def null_for(of):
    """Benign tables with the same references, and as many entities that mean a label."""
    inside = 0 if of.inside is None else len(of.inside.tested)
    return null(references=tuple(of.references), inside=inside)


def verdict(of, *, fpr=0.01, rule=None, against=None):
    """Findings and skips of one rule (or all) on a table."""
    rules = [r for r in shipped_rules() if rule in (None, r.id)]
    gathered = gather(
        of,
        against or null_for(of),
        entities=BANK,
        labels=LABELS,
        rng=np.random.default_rng(0),
        clean_per_class=CLEAN,
    )
    return judge(rules, gathered.evidence, false_positive_rate=fpr, labels=LABELS, entities=BANK)
