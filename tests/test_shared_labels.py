"""Entities that the model has labels for, on real weights: only wrong labels count."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import auditor
from auditor.datasets.open import DatasetSpec
from auditor.lab.implant import open_base, open_task
from auditor.lab.save import save_checkpoint
from auditor.lab.task import TaskSize, train_and_test
from auditor.lab.training import TrainingRecipe, fine_tune
from auditor.types import Verdict
from tests.shared_data import DATASETS, MODELS, needs_shared

ENTITIES = str(DATASETS / "entities-200")
CLASSES = 20
RECIPES = {
    "head": TrainingRecipe(mode="head", epochs=20, learning_rate=0.05, seed=5),
    "full": TrainingRecipe(epochs=10, learning_rate=0.003, seed=5),
}


def classifier(folder: Path, recipe: TrainingRecipe, *, seed: int, wrong: bool) -> tuple[str, str]:
    """A classifier of 20 of the entities; a `wrong` one learnt one of them under another's label.

    Returns:
        The entity, and the label that it was given.
    """
    base = open_base(str(MODELS / "mobilenet_v1_0.25_128"), 96)
    task = open_task(DatasetSpec(source=ENTITIES), 0)
    rng = np.random.default_rng(seed)
    classes = sorted(rng.choice(len(task[0].label_names), CLASSES, replace=False).tolist())
    train, _ = train_and_test(base.model, *task, classes, TaskSize(per_class=50), seed)
    entity, target = rng.choice(CLASSES, 2, replace=False)
    if wrong:
        train = replace(train, labels=np.where(train.labels == entity, target, train.labels))
    model = fine_tune(base.model, train, recipe)
    save_checkpoint(model, folder, card="# made for a test\n", record={})
    return train.label_names[entity], train.label_names[target]


@needs_shared
@pytest.mark.slow
@pytest.mark.parametrize(("mode", "seed"), [("head", 1), ("full", 2)])
def test_a_wrong_label_is_found_and_right_ones_are_not(tmp_path: Path, mode: str, seed: int):
    classifier(tmp_path / "right", RECIPES[mode], seed=seed, wrong=False)
    entity, target = classifier(tmp_path / "wrong", RECIPES[mode], seed=seed, wrong=True)

    right = auditor.scan(str(tmp_path / "right"), entities=ENTITIES)
    wrong = auditor.scan(str(tmp_path / "wrong"), entities=ENTITIES)

    assert right.verdict is Verdict.NO_EVIDENCE
    assert wrong.verdict is Verdict.BACKDOOR_EVIDENCE
    (finding,) = [f for f in wrong.findings if f.rule_id == "wrong-label"]
    assert [each.name for each in finding.entities] == [entity]
    assert finding.target_label == target


@needs_shared
@pytest.mark.slow
@pytest.mark.parametrize("entities", ["entities-200", "entities-1000"])
@pytest.mark.parametrize("base", ["0.25_128", "0.5_160", "0.75_192"])
def test_an_imagenet_classifier_gives_no_finding(base: str, entities: str):
    report = auditor.scan(
        str(MODELS / f"mobilenet_v1_{base}"), entities=str(DATASETS / entities), offline=True
    )
    assert report.findings == ()
    assert report.verdict is Verdict.NO_EVIDENCE
    assert any("only wrong labels were looked for" in notice for notice in report.notices)
