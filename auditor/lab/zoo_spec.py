"""What a zoo shall hold: a YAML spec, and the complete recipe of every model it asks for.

A *setting* is a base, a task and a way of fine-tuning. Its references are clean models that the
victims of the setting are compared with, so they share all that an honest user would choose.
"""

from __future__ import annotations

import difflib
import types
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Annotated, Any, TypeVar, get_args

import numpy as np
import yaml
from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    TypeAdapter,
    ValidationError,
    model_validator,
)

from auditor.errors import UsageError
from auditor.lab.attacks import ATTACKS
from auditor.lab.attacks.order import Pairing
from auditor.lab.attacks.scenario import TriggerKind
from auditor.lab.paradigms import Paradigm, require_sense
from auditor.lab.training import TrainingRecipe

ANY = "any"
REFERENCE = "reference"
Value = TypeVar("Value")


def _listed(value: object) -> object:
    return value if isinstance(value, list | tuple) else (value,)


# One value or several: YAML may leave the brackets out.
Some = BeforeValidator(_listed)


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Setting(_Strict):
    """A base, a task, and how the one is fine-tuned on the other. Paths as seen from here.

    `classes` of the task's labels are drawn with `class_seed`; None takes all.
    """

    name: str
    base: str
    image_size: int | None = Field(None, ge=16)
    task: str
    classes: int | None = Field(None, ge=2)
    class_seed: int = Field(0, ge=0)
    per_class: int | None = Field(None, ge=2)
    paradigm: Paradigm = Paradigm.TRANSFER
    training: dict[str, Any] = {}
    references: int = Field(3, ge=3)


class CleanGroup(_Strict):
    """Clean models of one kind, besides the references: hard negatives, mostly."""

    kind: str
    settings: Annotated[tuple[str, ...], Some] = Field(min_length=1)
    count: int = Field(1, ge=1)
    per_class: int | None = Field(None, ge=2)
    training: dict[str, Any] = {}


class VictimGroup(_Strict):
    """Victims of one attack: `count` in each setting. Of every list one value is drawn.

    `name` tells apart groups of one attack in one setting; it is the attack's where left out.
    """

    attack: str
    name: str = ""
    settings: Annotated[tuple[str, ...], Some] = Field(min_length=1)
    count: int = Field(1, ge=1)
    entities: Annotated[tuple[str, ...], Some] = (ANY,)
    targets: Annotated[tuple[str, ...], Some] = (ANY,)
    poisons: Annotated[tuple[int, ...], Some] = (75,)
    epsilons: Annotated[tuple[int, ...], Some] = (16,)
    learning_rates: Annotated[tuple[float, ...], Some] = ()
    pairing: Pairing = "greedy"
    craft_steps: int = Field(150, ge=1)
    training: dict[str, Any] = {}

    @model_validator(mode="after")
    def _known(self) -> VictimGroup:
        if self.attack not in ATTACKS:
            raise ValueError(f"no such attack: {self.attack}{_nearest(self.attack, ATTACKS)}")
        return self


class ZooSpec(_Strict):
    """A zoo. An attempt counts as backdoored above `min_success` and `min_lift` over every twin."""

    name: str
    entities: str
    seed: int = Field(0, ge=0)
    min_success: float = Field(0.5, ge=0, le=1)
    min_lift: float = Field(0.25, ge=0, le=1)
    test_per_class: int = Field(30, ge=1)
    settings: tuple[Setting, ...] = Field(min_length=1)
    clean: tuple[CleanGroup, ...] = ()
    victims: tuple[VictimGroup, ...] = ()

    @model_validator(mode="after")
    def _consistent(self) -> ZooSpec:
        names = [s.name for s in self.settings]
        if len(set(names)) < len(names):
            raise ValueError("two settings have one name")
        asked = [g.settings for g in self.clean] + [g.settings for g in self.victims]
        for group in asked:
            for name in group:
                if name not in names:
                    raise ValueError(f"no such setting: {name}{_nearest(name, names)}")
        for victims in self.victims:
            for name in victims.settings:
                paradigm = self.settings[names.index(name)].paradigm
                try:
                    require_sense(victims.attack, paradigm)
                except UsageError as error:
                    raise ValueError(f"{name}: {error.message}. {error.hint}") from error
        return self


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelPlan:
    """One model of a zoo, completely: the same plan makes the same weights.

    `kind` is the attack of a victim and says what a clean model is otherwise. `classes` are
    label indices of the task. `attack` and what follows are None or unused for clean models.
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
    """The names that the data of a spec hold: labels of each task, entities of the bank."""

    labels: Mapping[str, tuple[str, ...]]
    entities: tuple[str, ...]


def read_spec(path: Path) -> ZooSpec:
    """Read a spec from YAML.

    Raises:
        UsageError: It cannot be read, or a key, attack or value is wrong; the nearest known
            name is suggested.
    """
    try:
        spec = ZooSpec.model_validate(yaml.safe_load(path.read_text(encoding="utf-8")))
        for i, setting in enumerate(spec.settings):
            recipe_of(setting.training, {}, seed=0, where=f"settings.{i}.training")
        for i, clean in enumerate(spec.clean):
            recipe_of({}, clean.training, seed=0, where=f"clean.{i}.training")
        for i, victims in enumerate(spec.victims):
            recipe_of({}, victims.training, seed=0, where=f"victims.{i}.training")
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"]) or "the spec"
        raise UsageError(
            f"{path}: {where}: {first['msg'].removeprefix('Value error, ')}",
            hint=_key_hint(first["type"], first["loc"]),
        ) from error
    except UsageError as error:
        raise UsageError(f"{path}: {error.message}", hint=error.hint) from error
    except (OSError, ValueError, yaml.YAMLError) as error:  # YAML's dates raise ValueError
        raise UsageError(f"{path} cannot be read: {error}", hint="Check the path.") from error
    return spec


def recipe_of(
    setting: Mapping[str, Any], group: Mapping[str, Any], *, seed: int, where: str
) -> TrainingRecipe:
    """The setting's training with the group's changes.

    Raises:
        UsageError: A key is unknown or a value wrong.
    """
    merged = {**setting, **group}
    known = [f.name for f in fields(TrainingRecipe) if f.name != "seed"]
    for key in merged:
        if key not in known:
            raise UsageError(
                f"{where}: no such key: {key}{_nearest(key, known)}",
                hint=f"There are: {', '.join(known)}.",
            )
    try:
        return TypeAdapter(TrainingRecipe).validate_python({**merged, "seed": seed})
    except ValidationError as error:
        first = error.errors()[0]
        raise UsageError(
            f"{where}.{'.'.join(str(p) for p in first['loc'])}: {first['msg']}",
            hint="Correct the value.",
        ) from error


def plans_of(spec: ZooSpec, catalogue: Catalogue) -> tuple[ModelPlan, ...]:
    """Every model of the zoo: references first, because victims are measured against them.

    Raises:
        UsageError: A setting asks for more classes than there are, or a victim for an entity
            or a target that the data do not have.
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
    changes = {} if group is None else group.training
    per_class = None if group is None else group.per_class
    return ModelPlan(
        id=f"clean-{setting.name}-{kind}-{number}",
        kind=kind,
        classes=_classes(setting, catalogue.labels[setting.task]),
        training=recipe_of(setting.training, changes, seed=seed, where=f"clean {kind}"),
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
    seed = _seed(spec.seed, setting.name, name, number)
    rng = np.random.default_rng([seed, 1])
    labels = catalogue.labels[setting.task]
    classes = _classes(setting, labels)
    own = tuple(labels[c] for c in classes)
    by_entity = ATTACKS[group.attack].trigger is TriggerKind.ENTITY
    rates = group.learning_rates
    changes = dict(group.training) | ({"learning_rate": _drawn(rng, rates)} if rates else {})
    foreign = [name for name in catalogue.entities if name not in own]  # a label is no trigger
    entity = _name(rng, group.entities, foreign, "entity") if by_entity else None
    return ModelPlan(
        id=f"victim-{setting.name}-{name}-{number}",
        kind=name,
        classes=classes,
        training=recipe_of(setting.training, changes, seed=seed, where=group.attack),
        attack=group.attack,
        entity=entity,
        target=_name(rng, group.targets, own, f"label in setting {setting.name}"),
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


def _classes(setting: Setting, labels: Sequence[str]) -> tuple[int, ...]:
    count = len(labels) if setting.classes is None else setting.classes
    if count > len(labels):
        raise UsageError(
            f"setting {setting.name} asks for {count} classes; {setting.task} has {len(labels)}",
            hint="Lower `classes`.",
        )
    rng = np.random.default_rng([setting.class_seed, 3])
    return tuple(sorted(rng.permutation(len(labels))[:count].tolist()))


def _name(
    rng: np.random.Generator, wanted: tuple[str, ...], there: Sequence[str], what: str
) -> str:
    choice = _drawn(rng, wanted)
    if choice == ANY:
        return _drawn(rng, there)
    if choice not in there:
        raise UsageError(
            f"no such {what}: {choice}{_nearest(choice, there)}", hint="Correct the spec."
        )
    return choice


def _drawn(rng: np.random.Generator, values: Sequence[Value]) -> Value:
    return values[int(rng.integers(len(values)))]


def _seed(*parts: object) -> int:
    """A seed that depends on what a model is, so that adding others does not change it."""
    text = "/".join(str(part) for part in parts).encode()
    return int(np.random.SeedSequence(list(text)).generate_state(1)[0]) % 2**31


def _with_distinct_ids(plans: Sequence[ModelPlan]) -> tuple[ModelPlan, ...]:
    ids = [plan.id for plan in plans]
    for plan in plans:
        if ids.count(plan.id) > 1:
            raise UsageError(
                f"two groups of the spec ask for {plan.id}",
                hint="Join them, or give their settings other names.",
            )
    return tuple(plans)


def _key_hint(kind: str, place: tuple[int | str, ...]) -> str:
    if kind != "extra_forbidden":
        return "Correct the value."
    model: Any = ZooSpec
    for part in place[:-1]:
        if isinstance(part, str) and part in model.model_fields:
            model = next(
                (a for a in get_args(model.model_fields[part].annotation) if _is_model(a)), model
            )
    known = list(model.model_fields)
    nearest = _nearest(str(place[-1]), known).removeprefix("; ")
    return f"{nearest[:1].upper()}{nearest[1:]}{' ' if nearest else ''}Keys: {', '.join(known)}."


def _is_model(annotation: object) -> bool:
    if isinstance(annotation, types.GenericAlias):
        return False
    return isinstance(annotation, type) and issubclass(annotation, BaseModel)


def _nearest(name: str, known: Sequence[str] | Mapping[str, object]) -> str:
    near = difflib.get_close_matches(name, list(known), n=1, cutoff=0.4)
    return f"; did you mean {near[0]}?" if near else ""
