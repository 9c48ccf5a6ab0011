"""Tables on disk: what benign models answered, kept so that no model is asked twice."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from auditor.evidence.perturbed import Perturbed
from auditor.evidence.table import ProbeTable, with_own_labels
from auditor.probes.reach import Search

ARRAYS = ("intact", "blurred")
_MODEL = "model"
_INSIDE = "inside"
_REACH = "reach"
_PERTURBED = "perturbed"


def write_tables(path: Path, beside: Mapping[int, ProbeTable]) -> None:
    """Write tables of one model, by clean images a class, each with those of its references."""
    first = next(iter(beside.values()))
    arrays = {"entity": first.entity, "entities": np.array(first.entities)}
    arrays |= {f"{_MODEL}/{key}": getattr(first, key) for key in ARRAYS}
    if first.inside is not None:
        arrays |= {f"{_INSIDE}/{key}": getattr(first.inside, key) for key in (*ARRAYS, "entity")}
        arrays[f"{_INSIDE}/own"] = np.array(sorted(first.inside.own.items()))
    arrays |= {f"{_REACH}/{search}": margins for search, margins in first.reach.items()}
    for per_class, table in beside.items():
        arrays[f"grid/{per_class}"] = np.array(per_class)
        for name, reference in table.references.items():
            for key in ARRAYS:
                arrays[f"{per_class}/{name}/{key}"] = getattr(reference, key)
        for name, one in table.perturbed.items():
            arrays |= _perturbed_arrays(f"{_PERTURBED}/{per_class}/{name}", one)
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}")  # ends in .npz, or numpy would add it
    np.savez(draft, **arrays)  # type: ignore[arg-type]
    draft.replace(path)


def _perturbed_arrays(prefix: str, table: ProbeTable) -> dict[str, NDArray[Any]]:
    arrays: dict[str, NDArray[Any]] = {f"{prefix}/entity": table.entity}
    for name, one in {_MODEL: table, **table.references}.items():
        arrays |= {f"{prefix}/{name}/{key}": getattr(one, key) for key in ARRAYS}
    return arrays


def read_tables(path: Path) -> dict[int, ProbeTable]:
    """What `write_tables` wrote."""
    with np.load(path, allow_pickle=False) as kept:
        arrays = {key: kept[key] for key in kept.files}

    def table(prefix: str, entity: str = "entity") -> ProbeTable:
        parts = {key: arrays[f"{prefix}/{key}"] for key in ARRAYS}
        return ProbeTable(**parts, entity=arrays[entity], entities=int(arrays["entities"]))

    def perturbed(per_class: int) -> dict[str, ProbeTable]:
        return {
            str(one): _read_perturbed(arrays, prefix)
            for one in Perturbed
            if f"{(prefix := f'{_PERTURBED}/{per_class}/{one}')}/entity" in arrays
        }

    def references(per_class: int) -> dict[str, ProbeTable]:
        names = {key.split("/")[1] for key in arrays if key.startswith(f"{per_class}/")}
        return {name: table(f"{per_class}/{name}") for name in sorted(names)}

    model = table(_MODEL)
    if f"{_INSIDE}/own" in arrays:
        own = {int(entity): int(label) for entity, label in arrays[f"{_INSIDE}/own"]}
        inside = with_own_labels(table(_INSIDE, f"{_INSIDE}/entity"), own)
        model = replace(model, inside=inside)
    reach = {one: arrays[f"{_REACH}/{one}"] for one in Search if f"{_REACH}/{one}" in arrays}
    model = replace(model, reach=reach)
    grid = sorted(int(key.removeprefix("grid/")) for key in arrays if key.startswith("grid/"))
    return {n: replace(model, references=references(n), perturbed=perturbed(n)) for n in grid}


def _read_perturbed(arrays: Mapping[str, NDArray[Any]], prefix: str) -> ProbeTable:
    names = {key.split("/")[3] for key in arrays if key.startswith(f"{prefix}/")} - {"entity"}
    entity, entities = arrays[f"{prefix}/entity"], int(arrays["entities"])
    tables = {}
    for name in sorted(names):
        intact, blurred = (arrays[f"{prefix}/{name}/{key}"] for key in ARRAYS)
        tables[name] = ProbeTable(intact=intact, blurred=blurred, entity=entity, entities=entities)
    return replace(tables.pop(_MODEL), references=tables)
