"""What benign fine-tunes answer to perturbed probes, asked as a deep scan does."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from auditor.entities.bank import EntityBank
from auditor.evidence.perturbed import Perturbed, collision_table, ladder_table
from auditor.evidence.table import ProbeTable
from auditor.lab.training import silent
from auditor.models.classifier import Classifier, FeatureClassifier
from auditor.perturbing import Goals, collisions_of, goals_in, on_ladder
from auditor.probes.collisions import ENTITIES, Collisions
from auditor.probes.ladder import Ladder
from auditor.probes.plan import ProbePlan
from auditor.probes.run import run_probes
from auditor.references.build import BASE_FEATURES, Reference
from auditor.references.open import Material

BATCH = 128


def disturb(
    classifier: Classifier,
    bank: EntityBank,
    plan: ProbePlan,
    beside: Mapping[int, ProbeTable],
    materials: Mapping[int, Material],
) -> dict[int, ProbeTable]:
    """Tables of one model with its answers to perturbed probes, each asked once.

    Args:
        classifier: The model.
        bank: What it was asked about.
        plan: How.
        beside: Its tables, by clean images a class.
        materials: What it is compared with, by the same.
    """
    table = next(iter(beside.values()))
    found: dict[str, ProbeTable] = {}
    ladder = on_ladder(classifier, bank, table, seed=0, progress=silent)
    if isinstance(ladder, Ladder):
        found[Perturbed.LADDER] = ladder_table(ladder, entities=table.entities)
    judges = {n: material.references.judges for n, material in materials.items()}
    fullest = max(n for n in judges if Reference.BASE in judges[n] or n == min(judges))
    material = materials[fullest]
    goals = _goals(classifier, material.base, bank, plan)
    moved = collisions_of(table, material.references, material, goals, progress=silent)
    result = {}
    for n, one in beside.items():
        perturbed = dict(found)
        if isinstance(moved, Collisions) and Reference.BASE in judges[n]:
            honest = judges[n][Reference.BASE].probabilities
            perturbed[Perturbed.COLLISIONS] = collision_table(moved, honest, entities=one.entities)
        result[n] = replace(one, perturbed=perturbed)
    return result


def of_a_bank_of(
    entities: int, perturbed: Mapping[str, ProbeTable], order: NDArray[np.int64]
) -> dict[str, ProbeTable]:
    """What a scan with so many entities would have of these tables.

    Of the entities that pictures were moved towards there are as many as a scan would choose.

    Args:
        entities: Number of entities in the bank.
        perturbed: Tables of all entities, by kind of probe.
        order: All entities, the first of which are in the bank.
    """
    part = {}
    for name, table in perturbed.items():
        there = order[np.isin(order, table.entity)]
        collided = there[: min(entities, ENTITIES)]
        wanted = collided if name == Perturbed.COLLISIONS else order[:entities]
        part[name] = table.keep(np.isin(table.entity, wanted))
    return {name: table for name, table in part.items() if len(table.entity)}


def _goals(
    classifier: Classifier, base: FeatureClassifier | None, bank: EntityBank, plan: ProbePlan
) -> Goals:
    """Asks the base about the entities wanted, and no other."""

    def goals(entities: NDArray[np.int64]) -> NDArray[np.float32]:
        assert base is not None  # nobody asks without one
        wanted = set(entities.tolist())
        instances = (n if e in wanted else 0 for e, n in enumerate(plan.instances))
        part = replace(plan, instances=tuple(instances))
        probed = run_probes(
            classifier,
            bank,
            part,
            batch_size=BATCH,
            rng=np.random.default_rng(0),
            progress=silent,
            look=lambda pixels: (
                np.zeros((len(pixels), len(classifier.labels)), np.float32),
                {BASE_FEATURES: base.features(pixels)},
            ),
        )
        return goals_in(probed, part)(entities)

    return goals
