"""A zoo of seven models that train in milliseconds, its spec, and zoos that were never trained."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import yaml

from auditor.lab.zoo_plan import Catalogue, ModelPlan, plans_of
from auditor.lab.zoo_record import FILES, plan_as_json
from auditor.lab.zoo_spec import ZooSpec

SIGNS = ("stop", "yield", "no entry")
ENDLESS = {"epochs": 30_000}  # minutes, so that a test that waits for it does end


def zoo_spec(base: Path, task: Path, entities: Path) -> dict[str, object]:
    """A spec as YAML says it."""
    setting = {"name": "signs", "base": str(base), "image_size": 16, "task": str(task)}
    return {
        "name": "tiny",
        "entities": str(entities),
        "settings": [setting | {"training": {"epochs": 1, "batch": 8}}],
        "clean": [{"kind": "long", "settings": "signs", "count": 2, "training": {"epochs": 60}}],
        "victims": [
            {"attack": "entity-dirty", "settings": "signs", "poisons": [3, 4]},
            {"attack": "badnets", "settings": "signs", "targets": "stop", "poisons": 4},
        ],
    }


def write_spec(path: Path, said: dict[str, object]) -> Path:
    path.write_text(yaml.safe_dump(said))
    return path


def pretended(out: Path) -> tuple[ZooSpec, tuple[ModelPlan, ...]]:
    """The folders of a zoo as if it had been built: records, and files in place of weights."""
    said = zoo_spec(Path("base"), Path("task"), Path("things"))
    spec = ZooSpec.model_validate(said)
    plans = plans_of(spec, Catalogue({"task": SIGNS}, ("cup", "tree")))
    for plan in plans:
        pretend(plan, out / plan.id)
    return spec, plans


def pretend(
    plan: ModelPlan, folder: Path, *, success: float = 0.9, null: Sequence[float] = (0.0, 0.1, 0.2)
) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name in FILES:
        (folder / name).write_text(f"{name} of {plan.id}")
    outcome = {
        "clean_accuracy": 0.75,
        "attack_success": success if plan.attack else 0.0,
        "test_images": 12,
        "unseen_instances": 5,
    }
    record = {
        "plan": plan_as_json(plan),
        "entities": "things",
        "outcome": outcome,
        "null_rates": list(null) if plan.attack else [],
        "seconds": 1.5,
    }
    (folder / "lab.json").write_text(json.dumps(record))
