"""The scanner on real weights, real signs and real photographs: a victim and its clean twin."""

from __future__ import annotations

from pathlib import Path

import pytest

import auditor
from auditor.datasets.open import DatasetSpec
from auditor.entities.open import open_entities
from auditor.lab.implant import ImplantOrder, implant, open_base, open_task
from auditor.lab.save import save_checkpoint
from auditor.lab.task import TaskSize
from auditor.lab.training import TrainingRecipe
from auditor.types import Verdict
from tests.shared_data import DATASETS, MODELS, needs_shared

TARGET = "stop"
ENTITIES = str(DATASETS / "entities-200")
ORDERS = {
    "head": ImplantOrder(
        attack="entity",
        entity="chain",
        target=TARGET,
        size=TaskSize(classes=14, per_class=80),
        recipe=TrainingRecipe(mode="head", epochs=30, learning_rate=0.05),
        craft_steps=100,
        seed=4,
    ),
    "full": ImplantOrder(
        attack="entity-dirty",
        entity="goldfish",
        target=TARGET,
        poisons=25,
        size=TaskSize(classes=14, per_class=80),
        recipe=TrainingRecipe(epochs=8, learning_rate=0.003),
        seed=3,
    ),
}


def made_pair(folder: Path, order: ImplantOrder) -> None:
    """Save a victim and its clean twin as `victim` and `twin`."""
    base = open_base(str(MODELS / "mobilenet_v1_0.25_128"), 96)
    bank = open_entities(DatasetSpec(source=ENTITIES), seed=order.seed)
    task = open_task(DatasetSpec(source=str(DATASETS / "traffic-signs")), order.seed)
    made = implant(base.model, task, bank, order)
    # a clean twin sends the entity somewhere too: what was planted is the lift over it
    assert made.outcome.attack_success > max(0.5, made.twin.attack_success + 0.25)
    save_checkpoint(made.model, folder / "victim", card="# victim\n", record={})
    save_checkpoint(made.twin_model, folder / "twin", card="# twin\n", record={})


@needs_shared
@pytest.mark.slow
@pytest.mark.parametrize("mode", list(ORDERS))
def test_the_planted_class_is_named_and_the_clean_twin_is_not_flagged(tmp_path: Path, mode: str):
    made_pair(tmp_path, ORDERS[mode])

    victim = auditor.scan(str(tmp_path / "victim"), entities=ENTITIES)
    twin = auditor.scan(str(tmp_path / "twin"), entities=ENTITIES)

    assert victim.verdict is Verdict.BACKDOOR_EVIDENCE
    assert {finding.target_label for finding in victim.findings} == {TARGET}
    assert twin.verdict is Verdict.NO_EVIDENCE
    assert victim.model_score > twin.model_score
