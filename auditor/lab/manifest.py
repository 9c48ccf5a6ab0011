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
from auditor.checkpoints.json_file import read_json_object
from auditor.errors import UsageError
from auditor.lab.save import RECORD
from auditor.lab.zoo_spec import ModelPlan, ZooSpec

MANIFEST = "manifest.json"
TIMES = "times.json"
HASHED = ("config.json", "model.safetensors", "preprocessor_config.json")


class Truth(StrEnum):
    """What a model of a zoo is. A weak attempt at a backdoor is neither of the other two."""

    CLEAN = "clean"
    BACKDOORED = "backdoored"
    FAILED = "failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class ZooModel:
    """A model of a zoo as a benchmark needs it: where it is and what is true of it."""

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
    """Write `manifest.json`, and beside it `times.json`, which alone differs between builds."""
    import torch

    entries, times = [], {}
    for plan in plans:
        record = read_json_object(out / plan.id / RECORD)
        entries.append(_entry(spec, plan, record, out / plan.id))
        times[plan.id] = record["seconds"]
    manifest = {
        "zoo": spec.name,
        "auditor": __version__,
        "torch": torch.__version__,
        "spec": spec.model_dump(mode="json"),
        "models": entries,
    }
    _replace(out / MANIFEST, manifest)
    _replace(out / TIMES, times)


def _entry(spec: ZooSpec, plan: ModelPlan, record: dict[str, Any], folder: Path) -> dict[str, Any]:
    outcome = record["outcome"]
    success, rates = outcome["attack_success"], record["null_rates"]
    return {
        "id": plan.id,
        "truth": truth_of(spec, plan.attack, success, rates).value,
        "plan": record["plan"],
        "clean_accuracy": outcome["clean_accuracy"],
        "test_images": outcome["test_images"],
        "attack_success": success if plan.attack else None,
        "trigger_images": outcome["unseen_instances"] if plan.attack else None,
        "null_rates": rates,
        "sha256": {
            name: hashlib.sha256((folder / name).read_bytes()).hexdigest() for name in HASHED
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
    return tuple(_model(entry, zoo) for entry in read_json_object(zoo / MANIFEST)["models"])


def _model(entry: dict[str, Any], zoo: Path) -> ZooModel:
    plan = entry["plan"]
    return ZooModel(
        id=entry["id"],
        folder=zoo / entry["id"],
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
    draft.write_text(json.dumps(value, indent=1) + "\n", encoding="utf-8")
    os.replace(draft, path)
