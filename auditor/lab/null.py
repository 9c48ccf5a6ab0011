"""Measure benign fine-tunes into a stored null: what a scan's p-values are ranks among."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from auditor import __version__
from auditor.checkpoints.classifier import architecture_of
from auditor.checkpoints.json_file import read_json_object
from auditor.checkpoints.resolve import resolve
from auditor.entities.bank import EntityBank
from auditor.errors import UsageError
from auditor.evidence.gather import KINDS, statistics_of
from auditor.evidence.legitimate import without_own_labels
from auditor.evidence.null import StoredNull
from auditor.evidence.table import ProbeTable, tabulate
from auditor.lab.save import RECORD, cited
from auditor.lab.training import Progress, silent
from auditor.models.load import Engine, load_classifier
from auditor.probes.plan import INSTANCES, Depth, ProbePlan
from auditor.probes.run import run_probes
from auditor.probes.views import DEGRADED, VIEWS

ENTITY_GRID = (12, 25, 50, 100, 200)
# Up to a standard scan: more instances only narrow what a benign model shows, so that for a deep
# scan this null is on the safe side.
INSTANCE_GRID = (1, INSTANCES[Depth.QUICK], INSTANCES[Depth.STANDARD])
BATCH = 128
ARRAYS = ("intact", "blurred", "votes", "entity")  # of a table, as they are kept


def measure_null(
    folders: Sequence[Path],
    bank: EntityBank,
    *,
    name: str,
    tables: Path | None = None,
    progress: Progress = silent,
) -> StoredNull:
    """Scan every benign fine-tune with `bank` and keep the statistics for each size of bank.

    Args:
        folders: The models.
        bank: What to probe them with.
        name: What the null is called.
        tables: Folder where answers are kept, so that a statistic can be changed, or a broken
            run taken up again, without asking the models twice.
        progress: Called with (stage, done, total).

    Raises:
        UsageError: There are no models, or one was not made by the lab.
    """
    if not folders:
        raise UsageError("no benign fine-tunes to measure", hint="Build them first.")
    entity_grid = tuple(g for g in ENTITY_GRID if g <= len(bank.entities)) or (len(bank.entities),)
    made = [_record(folder) for folder in folders]
    rows, classes = [], []
    for number, folder in enumerate(folders):
        table = _kept(tables, folder, bank)
        rows.append(_grid(table, entity_grid, number))
        classes.append(table.intact.shape[1])
        progress("measuring benign models", number + 1, len(folders))
    values = np.array(rows)  # (M, S, entities, instances)
    return StoredNull(
        name=name,
        entity_grid=entity_grid,
        instance_grid=INSTANCE_GRID,
        classes=np.array(classes),
        architectures=tuple(_architecture(folder) for folder in folders),
        statistics={kind: values[:, s] for s, kind in enumerate(KINDS)},
        made={"auditor": __version__, "entities": cited(bank.source), "models": made},
    )


def _architecture(folder: Path) -> str:
    return architecture_of(read_json_object(folder / "config.json"))


def _record(folder: Path) -> object:
    try:
        return json.loads((folder / RECORD).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise UsageError(
            f"{folder / RECORD} cannot be read: {error}",
            hint="A null is measured on models that auditor lab benign made.",
        ) from error


def _kept(tables: Path | None, folder: Path, bank: EntityBank) -> ProbeTable:
    if tables is None:
        return probe_as_a_scan_does(folder, bank)
    path = tables / f"{folder.parent.name}-{folder.name}.npz"
    if path.is_file():
        with np.load(path, allow_pickle=False) as kept:
            return ProbeTable(**{key: kept[key] for key in ARRAYS}, entities=int(kept["entities"]))
    table = probe_as_a_scan_does(folder, bank)
    tables.mkdir(parents=True, exist_ok=True)
    np.savez(path, entities=table.entities, **{key: getattr(table, key) for key in ARRAYS})
    return table


def probe_as_a_scan_does(folder: Path, bank: EntityBank) -> ProbeTable:
    """The table of a standard scan of one model, less the entities that are its labels."""
    classifier = load_classifier(resolve(str(folder)), engine=Engine.AUTO, device="cpu")
    foreign, _ = without_own_labels(bank, classifier.labels)
    most = INSTANCE_GRID[-1]
    plan = ProbePlan(instances=tuple(min(most, n) for n in foreign.counts), views=tuple(VIEWS))
    probed = run_probes(
        classifier,
        foreign,
        plan,
        batch_size=BATCH,
        rng=np.random.default_rng(0),
        progress=silent,
    )
    return tabulate(
        probed.predictions, plan.views, degraded=DEGRADED, entities=len(foreign.entities)
    )


def _grid(table: ProbeTable, entity_grid: Sequence[int], number: int) -> NDArray[np.float64]:
    """All statistics at every size of bank: `(S, entities, instances)`."""
    rng = np.random.default_rng([number, 7])
    order = rng.permutation(table.tested)
    rank = rank_within(table.entity)
    out = np.empty((len(KINDS), len(entity_grid), len(INSTANCE_GRID)))
    for i, entities in enumerate(entity_grid):
        chosen = np.isin(table.entity, order[:entities])
        for j, instances in enumerate(INSTANCE_GRID):
            part = table.keep(chosen & (rank < instances))
            out[:, i, j] = list(statistics_of(part).values())
    return out


def rank_within(entity: NDArray[np.int64]) -> NDArray[np.int64]:
    """Number each row among the rows of its entity, from 0: `(I,)`."""
    order = np.argsort(entity, kind="stable")
    _, starts, counts = np.unique(entity[order], return_index=True, return_counts=True)
    ranks = np.empty(len(entity), dtype=np.int64)
    ranks[order] = np.arange(len(entity)) - np.repeat(starts, counts)
    return ranks
