"""Synthetic margins beside synthetic answers, and a null of such models: known truth."""

from __future__ import annotations

import functools
from dataclasses import replace

import numpy as np

from auditor.evidence.gather import gather
from auditor.evidence.kinds import statistics_of
from auditor.evidence.null import StoredNull
from auditor.judge import judge
from auditor.probes.reach import Search
from auditor.rules import shipped_rules
from tests.tables import BANK, CLASSES, ENTITIES, INSTANCES, LABELS, table

UNITS = 64
FURTHER = 2.0  # times as far as others a class with a trigger can be driven


def margins_table(seed, *, target=None, units=UNITS, entities=ENTITIES, only=None):
    """A benign table, and margins of classes that differ by a tenth; a `target` goes further.

    `only` one search sees the target.
    """
    rng = np.random.default_rng([seed, 3])
    reach = {}
    for search in Search:
        margins = rng.lognormal(0, 0.1, CLASSES)
        if target is not None and only in (None, search):
            margins[target] *= FURTHER
        reach[search] = margins * rng.uniform(0.9, 1.1, (units, CLASSES))
    return replace(table(seed, entities=entities), reach=reach)


@functools.cache
def null_with_margins(models=199):
    rows = [statistics_of(margins_table(10_000 + m)) for m in range(models)]
    return StoredNull(
        name="synthetic",
        entity_grid=(10, ENTITIES),
        instance_grid=(INSTANCES,),
        classes=np.full(models, CLASSES),
        architectures=("Made",) * models,
        statistics={
            kind: np.repeat([row[kind] for row in rows], 2).reshape(models, 2, 1)
            for kind in rows[0]
        },
        made={},
    )


def verdict_on_margins(of, *, fpr=0.01, rule=None):
    """Findings and skips of one rule (or all) on a table with margins."""
    rules = [r for r in shipped_rules() if rule in (None, r.id)]
    gathered = gather(
        of,
        null_with_margins(),
        entities=BANK,
        labels=LABELS,
        rng=np.random.default_rng(0),
    )
    return judge(rules, gathered.evidence, false_positive_rate=fpr, labels=LABELS, entities=BANK)
