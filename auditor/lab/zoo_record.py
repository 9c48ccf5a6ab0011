"""The lab's record of a model of a zoo: what was planned, what was measured, is it this model."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError

from auditor.checkpoints.json_file import read_json_object
from auditor.errors import AuditorError, UsageError
from auditor.lab.implant import Outcome
from auditor.lab.paradigms import Paradigm
from auditor.lab.save import RECORD
from auditor.lab.training import TrainingRecipe
from auditor.lab.zoo_plan import ModelPlan

FILES = ("config.json", "model.safetensors", "preprocessor_config.json")
AGAIN = "Remove that folder, and it is built again; or name a new one with --out."


class ZooRecord(BaseModel):
    """`lab.json` of a model of a zoo. `seconds` alone differs from one build to another."""

    model_config = ConfigDict(frozen=True)

    plan: dict[str, Any]
    entities: str | None = None  # models of early builds do not say
    outcome: Outcome
    null_rates: tuple[float, ...]
    seconds: float


def plan_as_json(plan: ModelPlan) -> dict[str, Any]:
    """A plan as JSON holds it, so that what was read can be compared with what is planned."""
    said: dict[str, Any] = json.loads(json.dumps(asdict(plan)))
    return said


def plan_of(said: dict[str, Any]) -> ModelPlan:
    """The plan that `plan_as_json` wrote.

    Raises:
        UsageError: It is none.
    """
    try:
        return ModelPlan(
            **{
                **said,
                "classes": tuple(said["classes"]),
                "paradigm": Paradigm(said["paradigm"]),
                "training": TrainingRecipe(**said["training"]),
            }
        )
    except (KeyError, TypeError, ValueError) as error:
        raise UsageError(f"{RECORD} holds no plan of a model: {error}", hint=AGAIN) from error


def read_record(folder: Path) -> ZooRecord:
    """Read the record of a finished model.

    Raises:
        UsageError: There is none, or it is not one of a zoo.
    """
    try:
        return ZooRecord.model_validate(read_json_object(folder / RECORD))
    except OSError as error:
        why = f"{RECORD} cannot be read: {error.strerror}"
        raise UsageError(f"{folder} is no model of a zoo: {why}", hint=AGAIN) from error
    except AuditorError as error:
        raise UsageError(f"{folder} is no model of a zoo: {error.message}", hint=AGAIN) from error
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise UsageError(
            f"{folder} is no model of a zoo: {RECORD}: {where}: {first['msg']}", hint=AGAIN
        ) from error


def is_built(plan: ModelPlan, folder: Path, *, entities: str, references: int) -> bool:
    """Whether the model of this plan stands there already.

    Raises:
        UsageError: Something else stands there, or a part of it.
    """
    if not folder.exists() or (folder.is_dir() and not any(folder.iterdir())):
        return False
    record, planned = read_record(folder), plan_as_json(plan)
    keys = sorted(planned.keys() | record.plan.keys())
    differing = [key for key in keys if record.plan.get(key) != planned.get(key)]
    if plan.attack and record.entities not in (None, entities):
        differing.append("entities")
    if plan.attack and len(record.null_rates) != references:
        differing.append("references")
    if differing:
        raise UsageError(
            f"{folder} holds a model of another recipe: {', '.join(differing)} differ",
            hint="The spec was changed: name a new folder with --out, or remove that model.",
        )
    missing = [name for name in FILES if not (folder / name).is_file()]
    if missing:
        raise UsageError(f"{folder} is not complete: {', '.join(missing)} is missing", hint=AGAIN)
    return True
