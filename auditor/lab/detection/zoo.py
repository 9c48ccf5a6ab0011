"""A built zoo as the benchmark reads it."""

from __future__ import annotations

import hashlib
import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from auditor.checkpoints.json_file import MAX_INDEX_BYTES, read_json_object
from auditor.lab.attacks import ATTACKS
from auditor.lab.attacks.scenario import TriggerKind
from auditor.lab.manifest import MANIFEST, Truth, ZooModel, read_manifest

WEIGHTS = "model.safetensors"


@dataclass(frozen=True, slots=True, kw_only=True)
class Zoo:
    """Models with their truth, and what identifies them.

    Attributes:
        name: What the spec calls the zoo.
        entities: The entity source that its victims were made with.
        digest: SHA-256 of the manifest, which holds the hashes of all weights.
        models: In manifest order.
        weights: SHA-256 of the weights of each model.
    """

    name: str
    entities: str
    digest: str
    models: tuple[ZooModel, ...]
    weights: Mapping[str, str]


def open_zoo(folder: Path) -> Zoo:
    """Read a built zoo.

    Raises:
        UsageError: There is no complete zoo.
    """
    models = read_manifest(folder)
    said = read_json_object(folder / MANIFEST, limit_bytes=MAX_INDEX_BYTES)
    return Zoo(
        name=said["zoo"],
        entities=said["spec"]["entities"],
        digest=hashlib.sha256((folder / MANIFEST).read_bytes()).hexdigest(),
        models=models,
        weights={entry["id"]: entry["sha256"][WEIGHTS] for entry in said["models"]},
    )


def some_of(models: Sequence[ZooModel], limit: int | None) -> tuple[ZooModel, ...]:
    """All models, or `limit` of them: half clean as far as there are as many, in their order."""
    if limit is None:
        return tuple(models)
    clean = [m for m in models if m.truth is Truth.CLEAN]
    others = [m for m in models if m.truth is not Truth.CLEAN]
    turns = itertools.chain.from_iterable(itertools.zip_longest(clean, others))
    chosen = {m.id for m in [m for m in turns if m is not None][:limit]}
    return tuple(m for m in models if m.id in chosen)


def has_entity(model: ZooModel) -> bool:
    """Whether the model's trigger is an entity."""
    return model.attack is not None and ATTACKS[model.attack].trigger is TriggerKind.ENTITY


def one_target(model: ZooModel) -> str | None:
    """The label that a victim's trigger leads to; None for clean models and several targets."""
    if model.attack is None or ATTACKS[model.attack].sends_to:
        return None
    return model.target
