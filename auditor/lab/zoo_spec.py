"""What a zoo shall hold: a YAML spec, read strictly.

A *setting* is a base, a task and a way of fine-tuning. Its references are clean models that the
victims of the setting are compared with, so they share all that an honest user would choose.
`zoo_plan` makes of a spec the recipe of every model.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Any, Literal, get_args

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
    ValidationError,
    model_serializer,
    model_validator,
)
from pydantic_core import PydanticCustomError

from auditor.checkpoints.wording import shown
from auditor.errors import UsageError
from auditor.lab.attacks import ATTACKS
from auditor.lab.attacks.order import Pairing
from auditor.lab.attacks.scenario import TriggerKind
from auditor.lab.paradigms import Paradigm, recipe_in, require_sense
from auditor.lab.spec_file import read_yaml
from auditor.lab.training import Mode, TrainingRecipe

ANY = "any"
REFERENCE = "reference"
KEYS = "docs/lab.md explains every key."
_RECIPE = TrainingRecipe()


def _listed(value: object) -> object:
    return value if isinstance(value, list | tuple) else (value,)


# One value or several: YAML may leave the brackets out.
Some = BeforeValidator(_listed)
# Names become parts of folders' names.
Name = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$", max_length=60)]
Names = Annotated[tuple[str, ...], Some, Field(min_length=1)]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class Training(_Strict):
    """What is changed of the usual recipe, with bounds within which training can work."""

    mode: Mode = _RECIPE.mode
    optimiser: Literal["sgd", "adamw"] = _RECIPE.optimiser
    epochs: int = Field(_RECIPE.epochs, ge=1)
    batch: int = Field(_RECIPE.batch, ge=2)  # batch norm cannot normalise a single image
    learning_rate: float = Field(_RECIPE.learning_rate, gt=0)
    momentum: float = Field(_RECIPE.momentum, ge=0, lt=1)
    weight_decay: float = Field(_RECIPE.weight_decay, ge=0)
    augment_shift: float = Field(_RECIPE.augment_shift, ge=0, le=0.5)
    augment_light: float = Field(_RECIPE.augment_light, ge=0, le=1)

    def given(self) -> dict[str, Any]:
        """Only what the spec says, in one order."""
        known = type(self).model_fields
        return {key: getattr(self, key) for key in known if key in self.model_fields_set}

    @model_serializer
    def _as_given(self) -> dict[str, Any]:
        return self.given()


class Setting(_Strict):
    """A base, a task, and how the one is fine-tuned on the other. Paths as seen from here.

    `classes` of the task's labels are drawn with `class_seed`; None takes all.
    """

    name: Name
    base: str
    image_size: int | None = Field(None, ge=16)
    task: str
    classes: int | None = Field(None, ge=2)
    class_seed: int = Field(0, ge=0)
    per_class: int | None = Field(None, ge=2)
    paradigm: Paradigm = Paradigm.TRANSFER
    training: Training = Training()
    references: int = Field(3, ge=3)


class CleanGroup(_Strict):
    """Clean models of one kind, besides the references: hard negatives, mostly."""

    kind: Name
    settings: Names
    count: int = Field(1, ge=1)
    per_class: int | None = Field(None, ge=2)
    training: Training = Training()


class VictimGroup(_Strict):
    """Victims of one attack: `count` in each setting. Of every list one value is drawn.

    `name` tells apart groups of one attack in one setting; it is the attack's where left out.
    """

    attack: str
    name: Name | None = None
    settings: Names
    count: int = Field(1, ge=1)
    entities: Names = (ANY,)
    targets: Names = (ANY,)
    poisons: Annotated[tuple[Annotated[int, Field(ge=1)], ...], Some, Field(min_length=1)] = (75,)
    epsilons: Annotated[
        tuple[Annotated[int, Field(ge=0, le=255)], ...], Some, Field(min_length=1)
    ] = (16,)
    learning_rates: Annotated[tuple[Annotated[float, Field(gt=0)], ...], Some] = ()
    pairing: Pairing = "greedy"
    craft_steps: int = Field(150, ge=1)
    training: Training = Training()

    @model_validator(mode="after")
    def _sensible(self) -> VictimGroup:
        if self.attack not in ATTACKS:
            raise _refusal(
                f"no such attack: {self.attack}{nearest(self.attack, ATTACKS)}",
                f"There are: {', '.join(ATTACKS)}.",
            )
        attack = ATTACKS[self.attack]
        if attack.trigger is TriggerKind.PATTERN and "entities" in self.model_fields_set:
            raise _refusal(f"the trigger of {self.attack} is no entity", "Leave `entities` out.")
        if attack.sends_to is not None and "targets" in self.model_fields_set:
            raise _refusal(
                f"{self.attack} sends pictures to {attack.sends_to}", "Leave `targets` out."
            )
        if self.learning_rates and "learning_rate" in self.training.given():
            raise _refusal(
                "learning_rates and training.learning_rate contradict each other",
                "Leave one of them out.",
            )
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
        names = [setting.name for setting in self.settings]
        for name in names:
            if names.count(name) > 1:
                raise _refusal(f"two settings have the name {name}", "Rename one of them.")
        for setting in self.settings:
            _require_mode(setting.paradigm, setting.training, f"setting {setting.name}")
        for clean in self.clean:
            self._require_group(clean, clean.kind)
        for victims in self.victims:
            self._require_group(victims, victims.name or victims.attack)
        return self

    def _require_group(self, group: CleanGroup | VictimGroup, called: str) -> None:
        if called == REFERENCE:
            raise _refusal(
                f"{REFERENCE} is what the clean twins of a setting are called",
                "Give the group another name; `references` of a setting says how many.",
            )
        settings = {setting.name: setting for setting in self.settings}
        for name in group.settings:
            if name not in settings:
                raise _refusal(
                    f"{called}: no such setting: {name}{nearest(name, settings)}",
                    f"There are: {', '.join(settings)}.",
                )
            paradigm = settings[name].paradigm
            _require_mode(paradigm, group.training, f"{called} in setting {name}")
            if isinstance(group, VictimGroup):
                _require_sense(group.attack, paradigm, name)


def _require_sense(attack: str, paradigm: Paradigm, setting: str) -> None:
    try:
        require_sense(attack, paradigm)
    except UsageError as error:
        raise _refusal(f"setting {setting}: {error.message}", error.hint) from error


def _require_mode(paradigm: Paradigm, training: Training, who: str) -> None:
    """A mode that the paradigm would silently replace by its own is a mistake."""
    given = training.given()
    if "mode" in given and recipe_in(paradigm, TrainingRecipe(**given)).mode != given["mode"]:
        raise _refusal(
            f"{who}: mode {given['mode']} contradicts the paradigm {paradigm}",
            "Leave `mode` out, or choose another paradigm.",
        )


def _refusal(message: str, hint: str) -> PydanticCustomError:
    """What a validator raises so that `read_spec` finds a hint of its own with the message."""
    return PydanticCustomError("refusal", "{said}", {"said": message, "hint": hint})


def read_spec(path: Path) -> ZooSpec:
    """Read a spec from YAML.

    Raises:
        UsageError: It cannot be read, or a key, attack or value is wrong; the nearest known
            name is suggested.
    """
    said = read_yaml(path)
    if not isinstance(said, dict):
        what = "is empty" if said is None else "is no mapping of keys to values"
        raise UsageError(f"{path} {what}", hint=f"reports/zoos/small.yaml is an example. {KEYS}")
    try:
        return ZooSpec.model_validate(said)
    except ValidationError as error:
        message, hint = _first(error)
        raise UsageError(f"{path}: {message}", hint=hint) from error


def _first(error: ValidationError) -> tuple[str, str]:
    """The complaint that helps most, in one line, and what to do about it."""
    # A mistyped key is also a missing one; its own name helps more.
    details: list[Any] = sorted(
        error.errors(include_url=False), key=lambda each: each["type"] != "extra_forbidden"
    )
    kind, place, message = (details[0][key] for key in ("type", "loc", "msg"))
    if kind == "refusal":
        hint = details[0]["ctx"]["hint"]
    elif kind == "extra_forbidden":
        known = _keys_at(place[:-1])
        message = f"no such key: {place[-1]}{nearest(str(place[-1]), known)}"
        place, hint = place[:-1], f"There are: {', '.join(known)}."
    else:
        message = _PLAINER.get(kind, message)
        hint = _HINTS.get(kind, f"Correct the value. {KEYS}")
    where = ".".join(str(part) for part in place)
    return shown(f"{where}: {message}" if where else message, 400), shown(hint, 1000)


_PLAINER = {
    "model_type": "Input should be a mapping of keys to values",
    "tuple_type": "Input should be a list",
    "string_pattern_mismatch": "a name is made of letters, digits, '.', '_' and '-'",
    "missing": "this key is required",
}
_HINTS = {
    "string_type": "Put it in quotes if it is a text: YAML takes yes, no and 7 for other things.",
    "string_pattern_mismatch": "Names become names of folders: choose another.",
}


def _keys_at(place: tuple[int | str, ...]) -> list[str]:
    """The keys that there are at a place in a spec, such as ("victims", 0, "training")."""
    model: type[BaseModel] = ZooSpec
    for part in place:
        if isinstance(part, str):
            kind = model.model_fields[part].annotation
            model = next(a for a in (*get_args(kind), kind) if _is_model(a))
    return list(model.model_fields)


def _is_model(annotation: object) -> bool:
    return isinstance(annotation, type) and issubclass(annotation, BaseModel)


def nearest(name: str, known: Iterable[str]) -> str:
    """The end of a sentence that says `name` is unknown: what was probably meant."""
    near = difflib.get_close_matches(name, list(known), n=1, cutoff=0.4)
    return f"; did you mean {near[0]}?" if near else ""
