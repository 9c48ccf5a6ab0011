"""A victim of BadNets with eight classes and its clean twin, trained once, in seconds."""

from __future__ import annotations

from dataclasses import dataclass, replace

import pytest

from auditor.lab.attacks import ATTACKS
from auditor.lab.attacks.order import PoisonOrder
from auditor.lab.attacks.scenario import Scenario
from auditor.lab.implant import measure
from auditor.lab.rendered_task import NEAR, rendered_signs
from auditor.lab.task import TaskSize, train_and_test
from auditor.lab.training import TrainingRecipe, TrainingSet, fine_tune
from auditor.models.torch_image import TorchImageClassifier
from tests.lab.small_victims import small_base

CLASSES, PLANTED = 8, 1


@dataclass(frozen=True)
class Patched:
    victim: TorchImageClassifier
    twin: TorchImageClassifier
    clean: TrainingSet


@pytest.fixture(scope="session")
def patched() -> Patched:
    base = small_base()
    signs = rendered_signs(60, seed=0, task=NEAR)
    size = TaskSize(per_class=40, test_per_class=15)
    train, test = train_and_test(base, signs, None, list(range(CLASSES)), size, 0)
    recipe = TrainingRecipe(epochs=15, batch=32, learning_rate=0.05, augment_shift=0.0)
    order = PoisonOrder(target=PLANTED, poisons=120, epsilon=16, steps=1, seed=0)
    scenario = Scenario(base=base, clean=train, entity=train.pixels[:0], others=())
    victim = ATTACKS["badnets"].plant(scenario, order, recipe)
    outcome = measure(victim.model, test, test.pixels[:0], PLANTED, victim.trigger)
    assert outcome.attack_success > 0.9
    return Patched(victim.model, fine_tune(base, train, replace(recipe, seed=1000)), test)
