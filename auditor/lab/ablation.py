"""What each kind of perturbed probe adds: the search over a zoo with and without it.

The models are asked once, as a deep scan asks them; every search is made of the same answers.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from auditor import __version__
from auditor.checkpoints.classifier import architecture_of
from auditor.checkpoints.json_file import read_json_object
from auditor.entities.bank import EntityBank
from auditor.errors import UsageError
from auditor.evidence.comparison import of_the_sharpest, size_of
from auditor.evidence.kinds import KINDS, available, stored_name
from auditor.evidence.null import StoredNull, adjusted_p, model_statistic
from auditor.evidence.perturbed import Perturbed
from auditor.evidence.table import ProbeTable
from auditor.lab.detection.figures import Resampling
from auditor.lab.detection.metrics import Scores, auroc
from auditor.lab.detection.zoo import Zoo
from auditor.lab.manifest import Truth, ZooModel
from auditor.lab.null import record_of, tables_of_model
from auditor.lab.training import Progress, silent
from auditor.references.build import Reference
from auditor.references.clean_data import CLEAN_GRID

Document = dict[str, Any]
PRESENT = "without perturbed probes"
# What is searched: the ordinary kinds or not, and which kinds of perturbed probes.
SEARCHES: Mapping[str, tuple[bool, tuple[Perturbed, ...]]] = {
    PRESENT: (True, ()),
    "and the ladder": (True, (Perturbed.LADDER,)),
    "and collisions": (True, (Perturbed.COLLISIONS,)),
    "and both": (True, tuple(Perturbed)),
    "the ladder alone": (False, (Perturbed.LADDER,)),
    "collisions alone": (False, (Perturbed.COLLISIONS,)),
}
# What a scan is given, and which references that allows.
MATERIALS: Mapping[str, tuple[Reference, ...]] = {
    "nothing": (),
    "base": (Reference.DRIFT,),
    "base, clean data": tuple(Reference),
}
THIRD = 3


@dataclass(frozen=True, slots=True)
class Searched:
    """What one search said of one model: its largest statistic, and the p-value of that."""

    score: float
    p_value: float


# By material and search, one for each model; None where there is nothing to search.
Results = Mapping[tuple[str, str], Sequence[Searched | None]]


def measure_ablation(
    zoo: Zoo,
    models: Sequence[ZooModel],
    bank: EntityBank,
    null: StoredNull,
    tables: Path,
    *,
    progress: Progress = silent,
) -> Results:
    """Ask every model, and search its answers in every way.

    Args:
        zoo: Where the models are from.
        models: Those to ask.
        bank: What to ask about.
        null: What benign fine-tunes show, to perturbed probes too.
        tables: Folder where answers are kept, so that a broken run can be taken up again.
        progress: Called with (stage, done, total).

    Raises:
        UsageError: The null knows nothing of perturbed probes.
    """
    lacking = [
        name
        for name, kind in KINDS.items()
        if kind.perturbed is not None and not _measured(null, name)
    ]
    if lacking:
        raise UsageError(
            f"{null.name} does not say what benign models show of {', '.join(lacking)}",
            hint="Measure it again: auditor lab null, with --tables where its answers are kept.",
        )
    results: dict[tuple[str, str], list[Searched | None]] = {
        (material, search): [] for material in MATERIALS for search in SEARCHES
    }
    for number, model in enumerate(models):
        beside = tables_of_model(tables, model.folder, bank, record_of(model.folder))
        per_class = _most_clean(beside)
        architecture = architecture_of(read_json_object(model.folder / "config.json"))
        for (material, search), row in results.items():
            table = given(beside[per_class], MATERIALS[material])
            against = _only(null, search, per_class)
            row.append(searched(table, against, per_class, architecture))
        progress("asking models", number + 1, len(models))
    return results


def given(table: ProbeTable, references: Sequence[Reference]) -> ProbeTable:
    """The table of a scan that has these references only, and is not asked for patterns."""
    perturbed = {
        name: one
        for name, one in table.perturbed.items()
        if name != Perturbed.COLLISIONS or Reference.BASE in references
    }
    kept = {name: one for name, one in table.references.items() if name in references}
    return replace(table, references=kept, perturbed=perturbed, reach={})


def _most_clean(beside: Mapping[int, ProbeTable]) -> int:
    """Clean images a class: as many as the model was compared with, the most there is."""
    return max(
        n for n in CLEAN_GRID if Reference.BASE in beside[n].references or n == CLEAN_GRID[0]
    )


def _measured(null: StoredNull, kind: str) -> bool:
    return any(
        np.isfinite(null.statistics[name]).any()
        for n in CLEAN_GRID
        if (name := stored_name(kind, n)) in null.statistics
    )


def _only(null: StoredNull, search: str, per_class: int) -> StoredNull:
    """The null of what a search asks; a kind that it does not hold is left out of the search."""
    ordinary, perturbed = SEARCHES[search]
    wanted = {
        stored_name(name, per_class)
        for name, kind in KINDS.items()
        if (ordinary if kind.perturbed is None else kind.perturbed in perturbed)
    }
    kept = {name: values for name, values in null.statistics.items() if name in wanted}
    return replace(null, statistics=kept)


def searched(
    table: ProbeTable, null: StoredNull, per_class: int, architecture: str
) -> Searched | None:
    """What `gather` says of the model as a whole, without the evidence for it.

    Args:
        table: What the model answered.
        null: What benign models show; what it does not hold is not searched.
        per_class: Clean images a class behind the references.
        architecture: The model's.
    """
    kinds = available(table)
    size = size_of(table, table.intact.shape[1])
    against = of_the_sharpest(null, list(kinds), per_class).alike(architecture).beside(size)
    largest = {name: kinds[name].values(table).max() for name in against.statistics}
    if not largest:
        return None
    p_values = [adjusted_p(against, name, np.array([v]), size)[0] for name, v in largest.items()]
    return Searched(
        score=model_statistic(against, {name: float(v) for name, v in largest.items()}, size),
        p_value=float(min(p_values)),
    )


def document_of(
    zoo: Zoo,
    models: Sequence[ZooModel],
    results: Results,
    null: StoredNull,
    *,
    fpr: float,
    seed: int,
    command: str,
) -> Document:
    """Everything that `ablation.json` holds. It names no path of this machine."""
    truths = [model.truth for model in models]
    return {
        "auditor": __version__,
        "command": command,
        "zoo": {"name": zoo.name, "manifest_sha256": zoo.digest},
        "null": {"name": null.name, "benign_models": null.models},
        "fpr": fpr,
        "models": {
            truth.value: sum(one is truth for one in truths)
            for truth in (Truth.CLEAN, Truth.BACKDOORED)
        },
        "materials": {
            material: _of_material(material, truths, results, fpr, Resampling(seed))
            for material in MATERIALS
        },
    }


def _of_material(
    material: str, truths: Sequence[Truth], results: Results, fpr: float, resampling: Resampling
) -> Document:
    before = results[material, PRESENT]
    found = {}
    for search in SEARCHES:
        after = results[material, search]
        both = [(truth, b, a) for truth, b, a in zip(truths, before, after, strict=True) if b and a]
        clean = [(b, a) for truth, b, a in both if truth is Truth.CLEAN]
        victims = [(b, a) for truth, b, a in both if truth is Truth.BACKDOORED]
        weakest = sorted(victims, key=lambda pair: pair[0].score)[: len(victims) // THIRD]
        if clean and victims:
            found[search] = {
                "clean_called": resampling.mean(_called(clean, fpr)),
                "all": _figures(clean, victims, fpr, resampling),
                "weakest_third": _figures(clean, weakest, fpr, resampling),
            }
    return found


def _figures(
    clean: Sequence[tuple[Searched, Searched]],
    victims: Sequence[tuple[Searched, Searched]],
    fpr: float,
    resampling: Resampling,
) -> Document | None:
    """Of a search, and what it gains over that without perturbed probes, on the same draws."""
    if not victims:
        return None
    groups = [_scores(clean), _scores(victims)]
    gain = resampling.of(lambda c, v: auroc(c[:, 1], v[:, 1]) - auroc(c[:, 0], v[:, 0]), groups)
    return {
        "victims": len(victims),
        "auroc": resampling.of(lambda c, v: auroc(c[:, 1], v[:, 1]), groups),
        "gain": gain,
        "called": resampling.mean(_called(victims, fpr)),
    }


def _scores(pairs: Sequence[tuple[Searched, Searched]]) -> Scores:
    return np.array([[before.score, after.score] for before, after in pairs], dtype=np.float64)


def _called(pairs: Sequence[tuple[Searched, Searched]], fpr: float) -> Scores:
    return np.array([after.p_value <= fpr for _, after in pairs], dtype=np.float64)
