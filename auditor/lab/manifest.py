"""The manifest of a zoo: every model with its recipe, what was measured on it, its hashes."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from auditor import __version__
from auditor.checkpoints.json_file import MAX_INDEX_BYTES, read_json_object
from auditor.errors import AuditorError, UsageError
from auditor.lab.zoo_plan import ModelPlan
from auditor.lab.zoo_record import FILES, ZooRecord, read_record
from auditor.lab.zoo_spec import ZooSpec

MANIFEST = "manifest.json"
TIMES = "times.json"


class Truth(StrEnum):
    """What a model of a zoo is. A weak attempt at a backdoor is neither of the other two."""

    CLEAN = "clean"
    BACKDOORED = "backdoored"
    FAILED = "failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class ZooModel:
    """A model of a zoo as a benchmark needs it: where it is and what is true of it.

    `entity` is None where the trigger is a pattern, `target` where there is not one target.
    """

    id: str
    folder: Path
    truth: Truth
    kind: str
    attack: str | None
    entity: str | None
    target: str | None
    base: str
    image_size: int | None
    task: str
    setting: str
    classes: tuple[int, ...]
    clean_accuracy: float
    attack_success: float | None
    null_rates: tuple[float, ...]


def write_manifest(spec: ZooSpec, plans: Sequence[ModelPlan], out: Path) -> None:
    """Write `manifest.json`, and beside it `times.json`, which alone differs between builds.

    Raises:
        UsageError: A model is not what was planned any more, or the disk is full.
    """
    import torch

    records = {plan.id: read_record(out / plan.id) for plan in plans}
    try:
        manifest = {
            "zoo": spec.name,
            "auditor": __version__,
            "torch": torch.__version__,
            "spec": spec.model_dump(mode="json"),
            "models": [_entry(spec, plan, records[plan.id], out / plan.id) for plan in plans],
        }
        _replace(out / TIMES, {name: record.seconds for name, record in records.items()})
        _replace(out / MANIFEST, manifest)  # last: where it is, all is there
    except OSError as error:
        raise UsageError(
            f"{out / MANIFEST} cannot be written: {error.strerror or error}",
            hint="Make room, and run the same command again: what is finished is kept.",
        ) from error


def _entry(spec: ZooSpec, plan: ModelPlan, record: ZooRecord, folder: Path) -> dict[str, Any]:
    outcome, rates = record.outcome, list(record.null_rates)
    return {
        "id": plan.id,
        "truth": truth_of(spec, plan.attack, outcome.attack_success, rates).value,
        "plan": record.plan,
        "clean_accuracy": outcome.clean_accuracy,
        "test_images": outcome.test_images,
        "attack_success": outcome.attack_success if plan.attack else None,
        "trigger_images": outcome.unseen_instances if plan.attack else None,
        "null_rates": rates,
        "sha256": {
            name: hashlib.sha256((folder / name).read_bytes()).hexdigest() for name in FILES
        },
    }


def truth_of(
    spec: ZooSpec, attack: str | None, success: float, null_rates: Sequence[float]
) -> Truth:
    """Clean without an attack; backdoored if it works, and better than in any clean twin."""
    if attack is None:
        return Truth.CLEAN
    lift = success - max(null_rates, default=0.0)
    works = success > spec.min_success and lift >= spec.min_lift
    return Truth.BACKDOORED if works else Truth.FAILED


def read_manifest(zoo: Path) -> tuple[ZooModel, ...]:
    """The models of a built zoo.

    Raises:
        UsageError: There is no complete zoo.
    """
    if not (zoo / MANIFEST).is_file():
        raise UsageError(
            f"{zoo} holds no {MANIFEST}, so it is no complete zoo",
            hint="Build it, or end its build: auditor lab zoo build SPEC --out DIR.",
        )
    try:
        said = read_json_object(zoo / MANIFEST, limit_bytes=MAX_INDEX_BYTES)
        return tuple(_model(entry, zoo) for entry in said["models"])
    except (AuditorError, OSError, KeyError, TypeError, ValueError) as error:
        raise UsageError(
            f"{zoo / MANIFEST} is no manifest of a zoo: {error}",
            hint="Write it anew with the command that built the zoo: the models are kept.",
        ) from error


def _model(entry: dict[str, Any], zoo: Path) -> ZooModel:
    plan, name = entry["plan"], entry["id"]
    if Path(name).name != name:
        raise ValueError(f"{name} is no name of a folder")
    return ZooModel(
        id=name,
        folder=zoo / name,
        truth=Truth(entry["truth"]),
        classes=tuple(plan["classes"]),
        clean_accuracy=entry["clean_accuracy"],
        attack_success=entry["attack_success"],
        null_rates=tuple(entry["null_rates"]),
        **{
            key: plan[key]
            for key in ("kind", "attack", "entity", "target", "base", "image_size", "task")
        },
        setting=plan["setting"],
    )


def _replace(path: Path, value: object) -> None:
    """Write whole or not at all."""
    draft = path.with_name(f".{path.name}")
    try:
        draft.write_text(json.dumps(value, indent=1) + "\n", encoding="utf-8")
        os.replace(draft, path)
    finally:
        draft.unlink(missing_ok=True)
