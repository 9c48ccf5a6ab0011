"""Spec -> plans: the complete recipe of every model of a zoo, and all draws that lead to it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np

from auditor.entities.naming import slug
from auditor.errors import UsageError
from auditor.lab.attacks import ATTACKS
from auditor.lab.attacks.order import Pairing
from auditor.lab.attacks.scenario import TriggerKind
from auditor.lab.paradigms import Paradigm
from auditor.lab.training import TrainingRecipe
from auditor.lab.zoo_spec import (
    ANY,
    REFERENCE,
    CleanGroup,
    Setting,
    VictimGroup,
    ZooSpec,
    nearest,
)

Value = TypeVar("Value")


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelPlan:
    """One model of a zoo, completely: the same plan makes the same weights.

    `kind` is the name of a victim's group and says what a clean model is otherwise. `classes`
    are label indices of the task. `attack` and what follows are None or unused for clean models;
    `entity` is None where the trigger is a pattern, `target` where there is not one target.
    """

    id: str
    kind: str
    setting: str
    base: str
    image_size: int | None
    task: str
    classes: tuple[int, ...]
    per_class: int | None
    test_per_class: int
    paradigm: Paradigm
    training: TrainingRecipe
    attack: str | None = None
    entity: str | None = None
    target: str | None = None
    poisons: int = 0
    epsilon: int = 0
    craft_steps: int = 0
    pairing: Pairing = "greedy"


@dataclass(frozen=True, slots=True)
class Catalogue:
    """The names that the data of a spec hold.

    Attributes:
        labels: Of each task.
        entities: Of the bank: those with pictures enough to plant one and to measure it.
    """

    labels: Mapping[str, tuple[str, ...]]
    entities: tuple[str, ...]


def plans_of(spec: ZooSpec, catalogue: Catalogue) -> tuple[ModelPlan, ...]:
    """Every model of the zoo: references first, because victims are measured against them.

    Raises:
        UsageError: A setting asks for more classes than there are, a victim for an entity or a
            target that the data do not have, or two groups for the same model.
    """
    settings = {s.name: s for s in spec.settings}
    plans = [
        _clean_plan(spec, setting, REFERENCE, number, catalogue)
        for setting in spec.settings
        for number in range(setting.references)
    ]
    for group in spec.clean:
        plans += [
            _clean_plan(spec, settings[name], group.kind, number, catalogue, group)
            for name in group.settings
            for number in range(group.count)
        ]
    for victims in spec.victims:
        plans += [
            _victim_plan(spec, settings[name], victims, number, catalogue)
            for name in victims.settings
            for number in range(victims.count)
        ]
    return _with_distinct_ids(plans)


def _clean_plan(
    spec: ZooSpec,
    setting: Setting,
    kind: str,
    number: int,
    catalogue: Catalogue,
    group: CleanGroup | None = None,
) -> ModelPlan:
    seed = _seed(spec.seed, setting.name, kind, number)
    changes = {} if group is None else group.training.given()
    per_class = None if group is None else group.per_class
    return ModelPlan(
        id=f"clean-{setting.name}-{kind}-{number}",
        kind=kind,
        classes=_classes(setting, catalogue.labels[setting.task]),
        training=_recipe(setting, changes, seed),
        **_shared(spec, setting, per_class),
    )


def _victim_plan(
    spec: ZooSpec,
    setting: Setting,
    group: VictimGroup,
    number: int,
    catalogue: Catalogue,
) -> ModelPlan:
    name = group.name or group.attack
    who = f"{name} in setting {setting.name}"
    attack = ATTACKS[group.attack]
    seed = _seed(spec.seed, setting.name, name, number)
    rng = np.random.default_rng([seed, 1])
    labels = catalogue.labels[setting.task]
    classes = _classes(setting, labels)
    own = tuple(labels[c] for c in classes)
    rates = group.learning_rates
    changes = group.training.given() | ({"learning_rate": _drawn(rng, rates)} if rates else {})
    by_entity = attack.trigger is TriggerKind.ENTITY
    entity = _entity(rng, group.entities, catalogue.entities, own, who) if by_entity else None
    # Drawn where it is not used too: every later draw stays the same.
    target = _name(rng, group.targets, own, f"{who}: no such label")
    return ModelPlan(
        id=f"victim-{setting.name}-{name}-{number}",
        kind=name,
        classes=classes,
        training=_recipe(setting, changes, seed),
        attack=group.attack,
        entity=entity,
        target=None if attack.sends_to else target,
        poisons=_drawn(rng, group.poisons),
        epsilon=_drawn(rng, group.epsilons),
        craft_steps=group.craft_steps,
        pairing=group.pairing,
        **_shared(spec, setting, None),
    )


def _shared(spec: ZooSpec, setting: Setting, per_class: int | None) -> dict[str, Any]:
    return {
        "setting": setting.name,
        "base": setting.base,
        "image_size": setting.image_size,
        "task": setting.task,
        "per_class": per_class or setting.per_class,
        "test_per_class": spec.test_per_class,
        "paradigm": setting.paradigm,
    }


def _recipe(setting: Setting, changes: Mapping[str, Any], seed: int) -> TrainingRecipe:
    return TrainingRecipe(**{**setting.training.given(), **changes, "seed": seed})


def _classes(setting: Setting, labels: Sequence[str]) -> tuple[int, ...]:
    count = len(labels) if setting.classes is None else setting.classes
    if count > len(labels):
        raise UsageError(
            f"setting {setting.name} asks for {count} classes; {setting.task} has {len(labels)}",
            hint="Lower `classes`.",
        )
    if count < 2:
        raise UsageError(
            f"setting {setting.name}: {setting.task} has {count} label",
            hint="A classifier needs two: choose another task.",
        )
    rng = np.random.default_rng([setting.class_seed, 3])
    return tuple(sorted(rng.permutation(len(labels))[:count].tolist()))


def _entity(
    rng: np.random.Generator,
    wanted: Sequence[str],
    there: Sequence[str],
    labels: Sequence[str],
    who: str,
) -> str:
    """A trigger; never what is also a label, because such a picture has a class of its own."""
    taken = {slug(label) for label in labels}
    foreign = [name for name in there if slug(name) not in taken]
    for name in wanted:
        if name in there and name not in foreign:
            raise UsageError(
                f"{who}: the entity {name} is a label of the task, so it is no trigger",
                hint="Choose another entity, or classes without it.",
            )
    if ANY in wanted and not foreign:
        raise UsageError(
            f"{who}: every entity is a label of the task, so none can be a trigger",
            hint="Choose other entities, or fewer classes.",
        )
    return _name(rng, wanted, foreign, f"{who}: no such entity, or none with two pictures")


def _name(rng: np.random.Generator, wanted: Sequence[str], there: Sequence[str], no: str) -> str:
    """One of `wanted`, all of which must be there: what is drawn today decides no error."""
    for name in wanted:
        if name != ANY and name not in there:
            raise UsageError(f"{no}: {name}{nearest(name, there)}", hint="Correct the spec.")
    choice = _drawn(rng, wanted)
    return _drawn(rng, there) if choice == ANY else choice


def _drawn(rng: np.random.Generator, values: Sequence[Value]) -> Value:
    return values[int(rng.integers(len(values)))]


def _seed(*parts: object) -> int:
    """A seed that depends on what a model is, so that adding others does not change it."""
    text = "/".join(str(part) for part in parts).encode()
    return int(np.random.SeedSequence(list(text)).generate_state(1)[0]) % 2**31


def _with_distinct_ids(plans: Sequence[ModelPlan]) -> tuple[ModelPlan, ...]:
    model, count = Counter(plan.id for plan in plans).most_common(1)[0]
    if count > 1:
        raise UsageError(
            f"the spec asks for {model} more than once",
            hint="Give one group another name (`kind` of clean ones), or join the groups.",
        )
    return tuple(plans)
