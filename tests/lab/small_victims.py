"""Victims that train in seconds: a small pre-trained base, a few rendered signs, 32 pixels."""

from __future__ import annotations

import functools
from dataclasses import dataclass, replace

import numpy as np

from auditor.datasets.open import DatasetSpec
from auditor.entities.bank import EntityBank
from auditor.entities.open import RENDERED, open_entities
from auditor.lab.attacks import ATTACKS
from auditor.lab.attacks.order import PoisonOrder
from auditor.lab.attacks.scenario import Scenario, TriggerKind, Victim
from auditor.lab.implant import Outcome, entity_pixels, measure, other_pixels
from auditor.lab.rendered_task import FAR, NEAR, rendered_signs, rendered_things
from auditor.lab.task import TaskSize, build_set, train_and_test
from auditor.lab.training import TrainingRecipe, TrainingSet, fine_tune, predict, train_all
from auditor.models.classifier import Pixels
from auditor.models.torch_image import TorchImageClassifier

SIDE = 32
TARGET = 1
ENTITY = "dog face"
FULL = TrainingRecipe(epochs=15, batch=32, learning_rate=0.05, augment_shift=0.0)
HEAD = TrainingRecipe(mode="head", epochs=40, batch=32, learning_rate=0.1)


@dataclass(frozen=True)
class Small:
    """A base and a task for it. `seed` also decides the order's and the recipes' seeds."""

    base: TorchImageClassifier
    train: TrainingSet
    test: TrainingSet
    bank: EntityBank
    seed: int

    def order(self, **changes: object) -> PoisonOrder:
        order = PoisonOrder(target=TARGET, poisons=30, epsilon=16, steps=60, seed=self.seed)
        return replace(order, **changes)

    def scenario(self, attack: str) -> tuple[Scenario, Pixels]:
        """What the attacker works with, and unseen instances of the entity."""
        crafting = unseen = self.train.pixels[:0]
        if ATTACKS[attack].trigger is TriggerKind.ENTITY:
            crafting, unseen = entity_pixels(self.base, self.bank, ENTITY)
        others = other_pixels(self.base, self.bank, ENTITY, self.seed)
        return Scenario(base=self.base, clean=self.train, entity=crafting, others=others), unseen

    def planted(
        self, attack: str, recipe: TrainingRecipe = FULL, **changes: object
    ) -> tuple[Victim, Outcome, Outcome]:
        """A victim, and the outcomes of victim and clean twin."""
        scenario, unseen = self.scenario(attack)
        victim = ATTACKS[attack].plant(scenario, self.order(**changes), recipe)
        outcomes = (
            measure(model, self.test, unseen, TARGET, victim.trigger)
            for model in (victim.model, self.twin(recipe))
        )
        return victim, *outcomes

    def share_of_others(self, model: TorchImageClassifier) -> float:
        """Share of unseen pictures of all other entities that go to the target."""
        rest = [i for i, entity in enumerate(self.bank.entities) if entity.name != ENTITY]
        pictures = [self.bank.draw(i, j).image for i in rest for j in (20, 21)]
        return float((predict(model, self.base.pixels(pictures)) == TARGET).mean())

    def twin(self, recipe: TrainingRecipe) -> TorchImageClassifier:
        return _twin(self, replace(recipe, seed=self.seed + 1000))


@functools.cache
def _twin(small: Small, recipe: TrainingRecipe) -> TorchImageClassifier:
    return fine_tune(small.base, small.train, recipe)


def sharp_signs(seed: int = 0) -> Small:
    """Four classes that a fully tuned model reads nearly always: for triggers with a pattern."""
    return _small(NEAR, 4, seed)


def soft_signs(seed: int = 0) -> Small:
    """Six classes, unlike the pictures of things: for triggers that are an entity."""
    return _small(FAR, 6, seed)


@functools.cache
def _small(task: str, classes: int, seed: int) -> Small:
    base = small_base()
    signs = rendered_signs(60, seed=seed, task=task)
    size = TaskSize(per_class=40, test_per_class=15)
    train, test = train_and_test(base, signs, None, list(range(classes)), size, seed)
    return Small(base, train, test, open_entities(DatasetSpec(source=RENDERED), seed=seed), seed)


@functools.cache
def small_base(per_class: int = 10, epochs: int = 8) -> TorchImageClassifier:
    """Pre-trained on rendered things, like `rendered_base`, but smaller in every way."""
    import torch
    from transformers import ResNetConfig, ResNetForImageClassification
    from transformers.models.vit.image_processing_pil_vit import ViTImageProcessorPil

    from auditor.models.preprocessing import preprocessing_of

    torch.set_num_threads(1)
    things = rendered_things(per_class, seed=0)
    names = things.label_names
    config = ResNetConfig(
        embedding_size=12,
        hidden_sizes=[12, 24, 48],
        depths=[1, 1, 1],
        layer_type="basic",
        id2label=dict(enumerate(names)),
        label2id={name: i for i, name in enumerate(names)},
    )
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        module = ResNetForImageClassification(config).eval()
    processor = ViTImageProcessorPil(size={"height": SIDE, "width": SIDE})
    base = TorchImageClassifier(
        labels=names, module=module, preprocessing=preprocessing_of(processor), device="cpu"
    )
    classes = list(range(len(names)))
    data = build_set(base, things, classes, [np.flatnonzero(things.labels == c) for c in classes])
    recipe = TrainingRecipe(epochs=epochs, learning_rate=0.05, augment_shift=0.0, augment_light=0.0)
    train_all(base, data, recipe)
    return base
