"""Measure benign fine-tunes into a stored null: what a scan's p-values are ranks among."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from auditor import __version__
from auditor.checkpoints.classifier import architecture_of
from auditor.checkpoints.json_file import read_json_object
from auditor.checkpoints.resolve import resolve
from auditor.datasets.open import DatasetSpec
from auditor.entities.bank import EntityBank
from auditor.errors import UsageError
from auditor.evidence.kinds import KINDS, stored_name
from auditor.evidence.legitimate import the_job
from auditor.evidence.null import StoredNull
from auditor.evidence.screening import first_look
from auditor.evidence.statistics import drift
from auditor.evidence.table import ProbeTable, table_of
from auditor.lab.implant import open_task
from auditor.lab.kept_tables import read_tables, write_tables
from auditor.lab.null_grid import ENTITY_GRID, INSTANCE_GRID, columns_of, grid_of, screened_grid
from auditor.lab.null_perturbed import disturb
from auditor.lab.save import RECORD, SOURCES, cited
from auditor.lab.training import Progress, silent
from auditor.lab.zoo_build import RENDERED_BASE, RENDERED_FOLDER
from auditor.models.classifier import Classifier
from auditor.models.load import Engine, load_classifier
from auditor.probes.plan import Depth, ProbePlan
from auditor.probes.reach import Search, drive_classes
from auditor.probes.run import run_probes
from auditor.probes.views import VIEWS
from auditor.references.build import CLEAN_REFERENCES, References, look_with
from auditor.references.clean_data import CLEAN_GRID
from auditor.references.open import Material, compared_with, with_features

BATCH = 128
PLAN = "plan"  # in the record of a model of a zoo
BankOf = Callable[[Mapping[str, str] | None], EntityBank]


def benign_models(rooms: Sequence[Path]) -> list[Path]:
    """The benign fine-tunes in some folders; of a zoo those with nothing planted, less its base.

    What a killed build left half-written has a hidden name, and is none.

    Raises:
        UsageError: A model there was not made by the lab.
    """
    folders = sorted(path.parent for room in rooms for path in room.glob("[!.]*/config.json"))
    tuned = [folder for folder in folders if folder.name != RENDERED_FOLDER]
    return [folder for folder in tuned if not record_of(folder).get(PLAN, {}).get("attack")]


def measure_null(
    folders: Sequence[Path],
    bank: EntityBank | BankOf,
    *,
    name: str,
    tables: Path | None = None,
    searches: bool = True,
    progress: Progress = silent,
) -> StoredNull:
    """Scan every benign fine-tune with `bank` and keep the statistics for each size of bank.

    Args:
        folders: The models.
        bank: What to probe them with; for instances that are made of a model's own base, what
            gives the bank for where that is. Models whose base is nowhere are left out then.
        name: What the null is called.
        tables: Folder where answers are kept, so that a statistic can be changed, or a broken
            run taken up again, without asking the models twice.
        searches: Drive classes and perturb probes too, which takes most of the time; a null
            without knows nothing of those kinds, and scans beside it leave them out.
        progress: Called with (stage, done, total).

    Raises:
        UsageError: There are no models, or one was not made by the lab.
    """
    if not folders:
        raise UsageError("no benign fine-tunes to measure", hint="Build them first.")
    folders, records, banks = _with_banks(folders, bank)
    fewest = min(len(each.entities) for each in banks)
    entity_grid = tuple(g for g in ENTITY_GRID if g <= fewest) or (fewest,)
    names = _stored_names(KINDS)
    asked = names if searches else _stored_names({n: k for n, k in KINDS.items() if not k.searches})
    rows, screened, classes, drifts, first_drifts = [], [], [], [], []
    for number, (folder, record) in enumerate(zip(folders, records, strict=True)):
        beside = tables_of_model(tables, folder, banks[number], record, searches=searches)
        rows.append(grid_of(beside, names, entity_grid, number))
        screened.append(screened_grid(beside, entity_grid, number))
        whole = next(iter(beside.values()))
        classes.append(whole.intact.shape[1])
        drifts.append(_or_nan(drift(whole)))
        first_drifts.append(_or_nan(drift(first_look(whole))))
        progress("measuring benign models", number + 1, len(folders))
    values = np.array(rows)  # (M, S, entities, instances)
    return StoredNull(
        name=name,
        entity_grid=entity_grid,
        instance_grid=INSTANCE_GRID,
        classes=np.array(classes),
        architectures=tuple(_architecture(folder) for folder in folders),
        statistics={key: values[:, s] for s, key in enumerate(names) if key in asked},
        drift=np.array(drifts),
        screened=columns_of(screened),
        first_drift=np.array(first_drifts),
        made={
            "auditor": __version__,
            "entities": _cited(banks),
            "clean_images_per_class": list(CLEAN_GRID),
            "models": [_without_paths(record) for record in records],
        },
    )


def _with_banks(
    folders: Sequence[Path], bank: EntityBank | BankOf
) -> tuple[Sequence[Path], Sequence[Mapping[str, Any]], list[EntityBank]]:
    """The models, what the lab wrote beside each, and the bank of each."""
    records: Sequence[Mapping[str, Any]] = [record_of(folder) for folder in folders]
    if not callable(bank):
        return folders, records, [bank] * len(folders)
    folders, records = _with_base(folders, records)
    return folders, records, [bank(_sources(record)) for record in records]


def _stored_names(kinds: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(stored_name(kind, n) for kind in kinds for n in CLEAN_GRID))


def _with_base(
    folders: Sequence[Path], records: Sequence[Mapping[str, Any]]
) -> tuple[list[Path], list[Mapping[str, Any]]]:
    """The models whose base can be loaded."""
    kept = [i for i, record in enumerate(records) if _sources(record) is not None]
    if not kept:
        raise UsageError(
            "no benign fine-tune here has a base to make instances of",
            hint="Build models of public bases with auditor lab benign.",
        )
    return [folders[i] for i in kept], [records[i] for i in kept]


def _cited(banks: Sequence[EntityBank]) -> str:
    """All sources of instances; what stands before a colon says how they were made."""
    sources = dict.fromkeys(bank.source for bank in banks)
    parts = [source.rpartition(":") for source in sources]
    return ", ".join(f"{how}{colon}{cited(what)}" for how, colon, what in parts)


def _architecture(folder: Path) -> str:
    return architecture_of(read_json_object(folder / "config.json"))


def record_of(folder: Path) -> Mapping[str, Any]:
    """What the lab wrote beside a model.

    Raises:
        UsageError: The lab did not make it.
    """
    try:
        said = json.loads((folder / RECORD).read_text(encoding="utf-8"))
        return dict(said)
    except (OSError, ValueError, TypeError) as error:
        raise UsageError(
            f"{folder / RECORD} cannot be read: {error}",
            hint="A null is measured on models that auditor lab benign made.",
        ) from error


def _without_paths(record: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in record.items() if key != SOURCES}


def tables_of_model(
    tables: Path | None,
    folder: Path,
    bank: EntityBank,
    record: Mapping[str, Any],
    *,
    searches: bool = True,
) -> dict[int, ProbeTable]:
    """Tables of one model by clean images a class: those kept, and what is missing there asked.

    Args:
        tables: Folder where answers are kept; None for nowhere.
        folder: The model.
        bank: What to probe it with.
        record: What the lab wrote beside it.
        searches: Drive classes and perturb probes too, where that is not kept.
    """
    path = None if tables is None else tables / f"{folder.parent.name}-{folder.name}.npz"
    if path is not None and path.is_file():
        beside = read_tables(path)
        whole = beside
        if not searches:
            return whole
        if not all(table.reach for table in whole.values()):  # kept before classes were driven
            whole = _driven(folder, whole)
        if not all(table.perturbed for table in whole.values()):
            whole = _disturbed(folder, whole, bank, _sources(record))
        if whole is not beside:
            write_tables(path, whole)
        return whole
    beside = probe_as_a_scan_does(folder, bank, _sources(record), searches=searches)
    if path is not None:
        write_tables(path, beside)
    return beside


def _sources(record: Mapping[str, Any]) -> Mapping[str, str] | None:
    """Where a model's base and task are; None where its base is nowhere to be loaded from."""
    plan = record.get(PLAN)
    if plan is None:
        return record.get(SOURCES)
    return None if plan["base"] == RENDERED_BASE else {key: plan[key] for key in ("base", "task")}


def probe_as_a_scan_does(
    folder: Path, bank: EntityBank, sources: Mapping[str, str] | None, *, searches: bool = True
) -> dict[int, ProbeTable]:
    """Standard scans of one model, by the clean images a class that its references rest on.

    Args:
        folder: The model.
        bank: What to probe it with.
        sources: Where its base and its task are; without them there are no references.
        searches: Drive classes and perturb probes too.
    """
    classifier = load_classifier(resolve(str(folder)), engine=Engine.AUTO, device="cpu")
    job = the_job(bank, classifier.labels)
    asked = job.bank
    plan = _plan(asked)
    materials = _materials(classifier, sources)
    first = materials[CLEAN_GRID[0]]
    probed = run_probes(
        classifier,
        asked,
        plan,
        batch_size=BATCH,
        rng=np.random.default_rng(0),
        progress=silent,
        look=None if first.model is None else look_with(first.model, first.base),
    )
    reach = _reach(classifier) if searches else {}
    beside = {
        # Nothing is held back by its name: that could only make benign models look tamer.
        n: replace(
            table_of(
                probed, plan.views, material.references, entities=len(asked.entities), own=job.own
            )[0],
            reach=reach,
        )
        for n, material in materials.items()
    }
    return disturb(classifier, asked, plan, beside, materials) if searches else beside


def _driven(folder: Path, beside: Mapping[int, ProbeTable]) -> dict[int, ProbeTable]:
    """The tables with how far each class of the model can be driven."""
    classifier = load_classifier(resolve(str(folder)), engine=Engine.AUTO, device="cpu")
    reach = _reach(classifier)
    return {n: replace(table, reach=reach) for n, table in beside.items()}


def _disturbed(
    folder: Path,
    beside: Mapping[int, ProbeTable],
    bank: EntityBank,
    sources: Mapping[str, str] | None,
) -> dict[int, ProbeTable]:
    """The tables with what the model answers to perturbed probes."""
    classifier = load_classifier(resolve(str(folder)), engine=Engine.AUTO, device="cpu")
    asked = the_job(bank, classifier.labels).bank
    plan = _plan(asked)
    materials = _materials(classifier, sources)
    return disturb(classifier, asked, plan, beside, materials)


def _plan(asked: EntityBank) -> ProbePlan:
    most = INSTANCE_GRID[-1]
    return ProbePlan(instances=tuple(min(most, n) for n in asked.counts), views=tuple(VIEWS))


def _reach(classifier: Classifier) -> Mapping[Search, NDArray[np.float64]]:
    """As far as a deep scan drives the classes: the searches do not depend on the depth."""
    rng = np.random.default_rng([0, 13])  # of a scan with seed 0
    return drive_classes(with_features(classifier), Depth.DEEP, rng).margins


def _materials(classifier: Classifier, sources: Mapping[str, str] | None) -> dict[int, Material]:
    """What the model is compared with, by the clean images a class that it rests on."""
    shows = with_features(classifier)
    if sources is None or shows is None:
        return dict.fromkeys(CLEAN_GRID, Material())
    base = with_features(
        load_classifier(resolve(sources["base"]), engine=Engine.AUTO, device="cpu")
    )
    task, _ = open_task(DatasetSpec(source=sources["task"]), seed=0)
    made = {n: compared_with(shows, base, task, most=n, seed=0) for n in CLEAN_GRID}
    return {n: _resting_on(n, material) for n, material in made.items()}


def _resting_on(per_class: int, material: Material) -> Material:
    """Heads fitted to fewer images than asked for are measured as what they are, not as these."""
    references = material.references
    if references.clean_per_class in (None, per_class):
        return material
    on_none = {n: judge for n, judge in references.judges.items() if n not in CLEAN_REFERENCES}
    return replace(material, references=References(on_none, passes=references.passes))


def _or_nan(value: float | None) -> float:
    return np.nan if value is None else value
