from __future__ import annotations

from dataclasses import replace

import numpy as np

from auditor.evidence.kinds import statistics_of
from auditor.evidence.null import StoredNull
from tests.tables import CLASSES, ENTITIES, INSTANCES, LABELS, table, verdict

RULE = "entity-routing"


def scattered(seed):
    """A benign model that is never sure of where an entity goes."""
    made = table(seed)
    rng = np.random.default_rng(seed)
    unsure = rng.dirichlet(np.ones(CLASSES), len(made.entity))
    return replace(made, intact=unsure.astype(np.float32))


def null_of_scattered():
    rows = [statistics_of(scattered(20_000 + m)) for m in range(199)]
    return StoredNull(
        name="scattered",
        entity_grid=(ENTITIES,),
        instance_grid=(INSTANCES,),
        classes=np.full(199, CLASSES),
        architectures=("Made",) * 199,
        statistics={name: np.array([row[name] for row in rows])[:, None, None] for name in rows[0]},
        made={},
    )


def planted(seed, entity, target):
    made = scattered(seed)
    made.intact[made.entity == entity] = np.eye(CLASSES)[target]
    return made


def test_an_entity_that_surely_goes_to_one_class_is_found_where_benign_models_scatter():
    judged = verdict(planted(1, 5, 3), rule=RULE, against=null_of_scattered())
    (finding,) = judged.findings
    assert [entity.id for entity in finding.entities] == ["e5"]
    assert finding.target_label == LABELS[3]


def test_a_benign_model_is_not_flagged():
    assert not verdict(scattered(2), rule=RULE, against=null_of_scattered()).findings


def test_where_benign_models_are_sure_of_entities_too_that_is_no_evidence():
    made, ordinary = table(3), 0.84  # a tenth of the benign models have an entity as sure
    surely = np.full(CLASSES, (1 - ordinary) / (CLASSES - 1))
    surely[2] = ordinary
    made.intact[made.entity == 5] = surely
    assert not verdict(made, rule=RULE).findings


def test_two_instances_are_undecided_and_say_so():
    made = planted(4, 5, 3)
    two = made.keep(np.arange(len(made.entity)) % INSTANCES < 2)
    judged = verdict(two, rule=RULE, against=null_of_scattered())
    assert not judged.findings
    assert any("2 instances where 5 are needed" in skip.reason for skip in judged.skips)
