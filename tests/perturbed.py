"""Synthetic answers to perturbed probes beside those to ordinary ones: known truth, no model."""

from __future__ import annotations

import functools

import numpy as np

from auditor.evidence.gather import gather
from auditor.evidence.kinds import statistics_of, stored_name
from auditor.evidence.null import StoredNull
from auditor.evidence.perturbed import Perturbed, collision_table, ladder_table, with_perturbed
from auditor.judge import judge
from auditor.probes.collisions import PICTURES, Collisions
from auditor.probes.ladder import RUNGS, TAKE_DETAIL, Ladder
from auditor.rules import shipped_rules
from tests.tables import ALL, BANK, CLASSES, CLEAN, ENTITIES, INSTANCES, LABELS, table

SURE = 0.8  # the probability that a planted class gets


def perturbed_table(seed, *, target=None, planted=range(ENTITIES), only=None, honest_too=False):
    """A benign model's answers; of the `planted` entities those that a `target` is in store for.

    On the ladder it holds where detail is left, and pictures moved towards these entities go there.
    `only` one kind of probe shows it; honest heads on the base say the same where they are
    `honest_too`.
    """
    rng = np.random.default_rng([seed, 4])
    rows = list(planted) if target is not None else []
    ladder = _leaning(rng, len(RUNGS))
    moved = _leaning(rng, PICTURES)
    fair = 0.8 * moved + 0.2 * _leaning(rng, PICTURES)  # almost as the model answered before
    detailed = ~np.isin(list(RUNGS), TAKE_DETAIL)
    if only in (None, Perturbed.LADDER):
        ladder[np.ix_(rows, detailed)] = _sure(target)
    if only in (None, Perturbed.COLLISIONS):
        moved[rows] = _sure(target)
        if honest_too:
            fair[rows] = _sure(target)
    everyone = np.arange(ENTITIES)
    found = Collisions(
        moved=moved,
        still=np.eye(CLASSES, dtype=np.float32)[:PICTURES],
        seen=fair,
        entity=everyone,
        label=np.arange(PICTURES),
    )
    tables = {
        Perturbed.LADDER: ladder_table(Ladder(ladder, everyone), entities=ENTITIES),
        Perturbed.COLLISIONS: collision_table(found, lambda seen: seen, entities=ENTITIES),
    }
    return with_perturbed(table(seed, references=ALL), tables)


def _leaning(rng, probes):
    """Each entity leans its own way, and each of its probes a little otherwise: `(E, N, C)`."""
    lean = rng.dirichlet(np.full(CLASSES, 0.5), size=ENTITIES)
    drawn = rng.standard_gamma(np.repeat(8 * lean[:, None] + 0.05, probes, axis=1))
    return (drawn / drawn.sum(axis=2, keepdims=True)).astype(np.float32)


def _sure(target):
    answer = np.full(CLASSES, (1 - SURE) / (CLASSES - 1), np.float32)
    if target is not None:
        answer[target] = SURE
    return answer


@functools.cache
def null_with_perturbed(models=120):
    rows = [statistics_of(perturbed_table(10_000 + m)) for m in range(models)]
    return StoredNull(
        name="synthetic",
        entity_grid=(10, ENTITIES),
        instance_grid=(INSTANCES,),
        classes=np.full(models, CLASSES),
        architectures=("Made",) * models,
        statistics={
            stored_name(kind, CLEAN): np.repeat([row[kind] for row in rows], 2).reshape(
                models, 2, 1
            )
            for kind in rows[0]
        },
        made={},
    )


def verdict_on_perturbed(of, *, rule):
    """Findings and skips of one rule on a table with answers to perturbed probes."""
    gathered = gather(
        of,
        null_with_perturbed(),
        entities=BANK,
        labels=LABELS,
        rng=np.random.default_rng(0),
        clean_per_class=CLEAN,
    )
    rules = [one for one in shipped_rules() if one.id == rule]
    return judge(rules, gathered.evidence, false_positive_rate=0.01, labels=LABELS, entities=BANK)
