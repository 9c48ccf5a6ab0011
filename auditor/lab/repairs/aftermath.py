"""What each method of repair leaves behind: backdoor sequela of the same victims, by method.

Beside the model before stands a clean fine-tune of the same setting, which was never poisoned.
"""

from __future__ import annotations

import copy
import json
import tempfile
import time
from collections.abc import Sequence
from concurrent.futures.process import BrokenProcessPool
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from pydantic import TypeAdapter

from auditor.changes import Sequela
from auditor.checkpoints.resolve import resolve
from auditor.errors import AuditorError, NotAudited, UsageError
from auditor.lab.manifest import Truth, ZooModel
from auditor.lab.repairs.run import Budget, opened_task, tuned_by
from auditor.lab.repairs.victim import RepairVictim, open_base_of, open_victim
from auditor.lab.save import write_whole
from auditor.lab.training import Progress, silent
from auditor.lab.workers import do_here, do_jobs
from auditor.lab.zoo_spec import REFERENCE
from auditor.models.classifier import Pixels
from auditor.models.torch_image import load_torch
from auditor.repair.shelf import bring_back, put_away
from auditor.sequela.material import Budget as SequelaBudget
from auditor.sequela.material import Labelled, Material, Models, Trigger
from auditor.sequela.measures import measure_sequela

RAW = "sequela.jsonl"
STAGE = "repairing and measuring what is left"


@dataclass(frozen=True, slots=True, kw_only=True)
class Aftermath:
    """Sequela of one repair.

    Attributes:
        victim: Id of the model in its zoo.
        attack: Its attack.
        method: How it was repaired.
        success: Attack success after, on pictures that no method saw.
        accuracy: After, on images that neither tuned nor chose.
        score: The overall score; None where no component has one.
        harms: Harm of each component that was scored.
        changes: Before, after and reference of every measure that concerns the whole model.
        missing: Components that could not be scored.
        cpu_seconds: Of measuring, on one thread; the first method of a victim pays for what all
            share.
        failed: Why there is no result; None where there is one.
    """

    victim: str
    attack: str
    method: str
    success: float
    accuracy: float
    score: float | None
    harms: dict[str, float]
    changes: dict[str, tuple[float | None, float | None, float | None]]
    missing: tuple[str, ...]
    cpu_seconds: float
    failed: str | None = None


@dataclass(frozen=True, slots=True)
class _Job:
    victim: ZooModel
    reference: ZooModel
    entities: str
    methods: tuple[str, ...]
    budget: Budget


@dataclass(frozen=True, slots=True)
class _Failure:
    """A foreseen failure, which as an exception pickles badly."""

    message: str
    hint: str


def run_aftermath(
    models: Sequence[ZooModel],
    victims: Sequence[ZooModel],
    entities: str,
    methods: Sequence[str],
    budget: Budget,
    out: Path,
    *,
    processes: int,
    progress: Progress = silent,
) -> tuple[Aftermath, ...]:
    """Repair each victim of an entity with each method and measure sequela; what is there stays.

    Args:
        models: All of the zoo, references among them.
        victims: Those to repair.
        entities: The entity data set of the zoo.
        methods: Names in `auditor.repair.methods.METHODS`.
        budget: What every method is given.
        out: Folder of `sequela.jsonl`.
        processes: Victims at a time, each on one thread. What their repairs have in common is
            measured once, so rows come victim by victim.
        progress: Called with (stage, done, total).

    Raises:
        AuditorError: A model cannot be opened, or `out` cannot be written.
    """
    rows = {(row.victim, row.method): row for row in read_aftermath(out)}
    jobs = [
        _Job(victim, _reference(models, victim), entities, missing, budget)
        for victim in victims
        if victim.truth is Truth.BACKDOORED and victim.entity is not None
        if (missing := tuple(method for method in methods if (victim.id, method) not in rows))
    ]
    done, repairs = 0, sum(len(job.methods) for job in jobs)
    progress(STAGE, done, repairs)

    def more(result: tuple[Aftermath, ...] | _Failure) -> None:
        nonlocal done
        if isinstance(result, _Failure):
            raise UsageError(result.message, hint=result.hint)
        out.mkdir(parents=True, exist_ok=True)
        rows.update({(row.victim, row.method): row for row in result})
        lines = [json.dumps(asdict(row)) + "\n" for row in rows.values()]
        write_whole(out / RAW, "".join(lines))
        done += len(result)
        progress(STAGE, done, repairs)

    try:
        if processes == 1:
            do_here(_measure, jobs, more)
        elif jobs:
            do_jobs(_measure, (jobs,), min(processes, len(jobs)), more)
    except (BrokenProcessPool, OSError) as error:
        raise UsageError(
            f"the run was broken off: {error}",
            hint="Run the same command again, with fewer --jobs: what is finished is kept.",
        ) from error
    return tuple(rows.values())


def read_aftermath(out: Path) -> tuple[Aftermath, ...]:
    """What an earlier run finished.

    Raises:
        UsageError: The file is none of ours.
    """
    path = out / RAW
    try:
        lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
        return tuple(TypeAdapter(Aftermath).validate_json(line) for line in lines)
    except ValueError as error:
        raise UsageError(f"{path} holds no sequela: {error}", hint="Name a new --out.") from error


def _reference(models: Sequence[ZooModel], victim: ZooModel) -> ZooModel:
    """A clean fine-tune of the victim's setting, for the same classes."""
    alike = [m for m in models if m.kind == REFERENCE and m.setting == victim.setting]
    same = [model for model in alike if model.classes == victim.classes]
    if not same:
        raise UsageError(
            f"the zoo has no reference for {victim.id}", hint="Build the whole zoo first."
        )
    return same[0]


def _measure(job: _Job) -> tuple[Aftermath, ...] | _Failure:
    try:
        victim = open_victim(job.victim, job.entities, per_class=job.budget.per_class, seed=0)
        before = replace(victim.model, module=copy.deepcopy(victim.model.module))
        reference = load_torch(resolve(str(job.reference.folder)), device="cpu")
        models = Models(before=before, after=victim.model, reference=reference, shared={})
        with tempfile.TemporaryDirectory(prefix="auditor-sequela-") as shelf:
            start = Path(shelf) / "start-of-all.safetensors"
            put_away(victim.model.module, start)
            rows = []
            for method in job.methods:
                bring_back(victim.model.module, start)
                rows.append(_measured(method, victim, models, job.budget, start))
            return tuple(rows)
    except AuditorError as error:
        return _Failure(f"{job.victim.id}: {error.message}", error.hint)


def _measured(
    method: str, victim: RepairVictim, models: Models, budget: Budget, start: Path
) -> Aftermath:
    """Repair `victim.model`, which is the model after in `models`, and measure what is left."""
    failed = None
    try:
        tuned_by(method, opened_task(victim, budget, 0, start.parent))
    except NotAudited as error:
        failed = error.message
        bring_back(victim.model.module, start)
    clock = time.process_time()
    found = measure_sequela(models, material_of(victim), SequelaBudget(repeats=2))
    return Aftermath(
        victim=victim.of.id,
        attack=victim.of.attack or "",
        method=method,
        success=victim.success(victim.model),
        accuracy=victim.accuracy(victim.model),
        score=found.score,
        harms={harm.component: harm.value for harm in found.harms},
        changes=_changes(found),
        missing=found.missing,
        cpu_seconds=round(time.process_time() - clock, 1),
        failed=failed,
    )


def material_of(victim: RepairVictim) -> Material:
    """Pictures that neither model was tuned on, and the trigger that was planted."""
    (watched,) = victim.watched
    choice, judge, tune = victim.clean.choice, victim.clean.judge, victim.clean.tune
    return Material(
        tune=Labelled(choice.pixels, choice.labels),
        tests=Labelled(judge.pixels, judge.labels),
        members={"repair": Labelled(tune.pixels, tune.labels)},
        planted=Trigger(
            poisons=_wanted(watched.pixels, watched.target),
            tests=Labelled(victim.trigger, victim.wanted),
        ),
        base=open_base_of(victim.of),
    )


def _wanted(pixels: Pixels, target: int) -> Labelled:
    labels: NDArray[np.int64] = np.full(len(pixels), target)
    return Labelled(pixels, labels)


def _changes(found: Sequela) -> dict[str, tuple[float | None, float | None, float | None]]:
    return {
        change.measure: (change.before, change.after, change.reference)
        for change in found.changes
        if change.label is None
    }
