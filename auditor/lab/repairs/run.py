"""Repair victims with every method, several at a time, and take a broken run up again."""

from __future__ import annotations

import json
import tempfile
import time
from collections.abc import Mapping, Sequence
from concurrent.futures.process import BrokenProcessPool
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from pydantic import TypeAdapter

from auditor.errors import AuditorError, NotAudited, UsageError
from auditor.lab.detection.zoo import has_entity
from auditor.lab.manifest import Truth, ZooModel
from auditor.lab.repairs.record import Repaired
from auditor.lab.repairs.victim import RepairVictim, open_victim
from auditor.lab.training import Progress, silent
from auditor.lab.workers import do_here, do_jobs
from auditor.models.training import fresh_module
from auditor.repair.answers import accuracy_of
from auditor.repair.control import trained_afresh
from auditor.repair.methods import METHODS
from auditor.repair.shelf import bring_back, put_away
from auditor.repair.task import RepairTask, Tuned

RAW = "repair.jsonl"
STAGE = "repairing"
FROM_SCRATCH = "from-scratch"
NAMES = (*METHODS, FROM_SCRATCH)


@dataclass(frozen=True, slots=True, kw_only=True)
class Budget:
    """What every method is given: clean images a class, steps, images a step."""

    per_class: int = 40
    steps: int = 200
    batch: int = 32


@dataclass(frozen=True, slots=True)
class _Job:
    victim: ZooModel
    entities: str
    methods: tuple[str, ...]
    seed: int
    budget: Budget

    def without(self, rows: Mapping[tuple[str, str, int, int, int, int], Repaired]) -> _Job:
        """What is left of it, by methods that can be used on this victim."""
        budget = (self.seed, self.budget.per_class, self.budget.steps, self.budget.batch)
        usable = [name for name in self.methods if has_entity(self.victim) or _is_blind(name)]
        left = [name for name in usable if (self.victim.id, name, *budget) not in rows]
        return replace(self, methods=tuple(left))


@dataclass(frozen=True, slots=True)
class _Failure:
    """A foreseen failure, which as an exception pickles badly."""

    message: str
    hint: str


def run_repairs(
    victims: Sequence[ZooModel],
    entities: str,
    methods: Sequence[str],
    seeds: Sequence[int],
    budget: Budget,
    out: Path,
    *,
    processes: int,
    progress: Progress = silent,
) -> tuple[Repaired, ...]:
    """Repair victims; what stands in `out` already is kept.

    Args:
        victims: Models of a zoo; those whose backdoor does not work are left out.
        entities: The entity data set of the zoo.
        methods: Names in `NAMES`.
        seeds: Each victim is repaired once with each.
        budget: What every method is given.
        out: Folder of `repair.jsonl`.
        processes: Victims at a time, each on one thread.
        progress: Called with (stage, done, total).

    Raises:
        AuditorError: A victim cannot be opened, or `out` cannot be written. What is finished stays.
    """
    rows = {row.key: row for row in read_rows(out)}
    jobs = [
        job
        for seed in seeds
        for victim in victims
        if victim.truth is Truth.BACKDOORED
        if (job := _Job(victim, entities, tuple(methods), seed, budget).without(rows)).methods
    ]
    done = 0
    progress(STAGE, done, len(jobs))

    def one_more(result: list[Repaired] | _Failure) -> None:
        nonlocal done
        if isinstance(result, _Failure):
            raise UsageError(result.message, hint=result.hint)
        _append(out, result)
        rows.update({row.key: row for row in result})
        done += 1
        progress(STAGE, done, len(jobs))

    try:
        if processes == 1:
            do_here(_repair, jobs, one_more)
        elif jobs:
            do_jobs(_repair, (jobs,), min(processes, len(jobs)), one_more)
    except BrokenProcessPool as error:
        raise UsageError(
            "a process that was repairing a model was killed, perhaps for want of memory",
            hint="Run the same command again, with fewer --jobs: what is finished is kept.",
        ) from error
    return tuple(rows.values())


def _is_blind(name: str) -> bool:
    """Whether a method needs no picture of what it is to repair."""
    return name == FROM_SCRATCH or not METHODS[name].learns_entities


def read_rows(out: Path) -> tuple[Repaired, ...]:
    """What an earlier run finished; a line that was cut off is not.

    Raises:
        UsageError: The file is none of ours.
    """
    path = out / RAW
    if not path.exists():
        return ()
    lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
    try:
        known = TypeAdapter(Repaired)
        return tuple(known.validate_json(line) for line in lines if line.endswith("\n"))
    except ValueError as error:
        raise UsageError(f"{path} holds no repairs: {error}", hint="Name a new --out.") from error


def _append(out: Path, rows: Sequence[Repaired]) -> None:
    text = "".join(json.dumps(asdict(row)) + "\n" for row in rows)
    try:
        out.mkdir(parents=True, exist_ok=True)
        path = out / RAW
        kept = path.read_text(encoding="utf-8") if path.exists() else ""
        whole = kept[: kept.rfind("\n") + 1]  # without the line that a killed run left
        with path.open("a" if whole == kept else "w", encoding="utf-8") as file:
            file.write(text if whole == kept else whole + text)
    except OSError as error:
        why = error.strerror or type(error).__name__
        raise UsageError(f"{out} cannot be written: {why}", hint="Check --out.") from error


def _repair(job: _Job) -> list[Repaired] | _Failure:
    try:
        victim = open_victim(
            job.victim, job.entities, per_class=job.budget.per_class, seed=job.seed
        )
    except AuditorError as error:
        return _Failure(f"{job.victim.id}: {error.message}", error.hint)
    with tempfile.TemporaryDirectory(prefix="auditor-repair-") as shelf:
        return _all_methods(job, victim, Path(shelf))


def _all_methods(job: _Job, victim: RepairVictim, shelf: Path) -> list[Repaired]:
    start = shelf / "start-of-all.safetensors"
    put_away(victim.model.module, start)
    task = opened_task(victim, job.budget, job.seed, shelf)
    before = victim.accuracy(victim.model), victim.success(victim.model)
    rows = []
    for name in job.methods:
        bring_back(victim.model.module, start)
        clock = time.process_time()
        try:
            tuned, failed = tuned_by(name, task), None
        except NotAudited as error:
            tuned, failed = Tuned(steps=0, chosen_step=0, history=()), error.message
        seconds = time.process_time() - clock
        rows.append(_row(job, victim, name, before, tuned, seconds, failed))
    return rows


def opened_task(victim: RepairVictim, budget: Budget, seed: int, shelf: Path) -> RepairTask:
    """What a method is handed: every one the same."""
    return RepairTask(
        model=victim.model,
        clean=victim.clean.tune,
        choice=victim.clean.choice,
        accuracy=accuracy_of(victim.model, victim.clean.choice),
        watched=victim.watched,
        exposure=victim.exposure,
        steps=budget.steps,
        longest=budget.steps,
        batch=budget.batch,
        seed=seed,
        shelf=shelf,
    )


def tuned_by(name: str, task: RepairTask) -> Tuned:
    """Let a method of `NAMES` change the model of the task.

    Raises:
        NotAudited: It diverged.
    """
    if name != FROM_SCRATCH:
        return METHODS[name].run(task)
    model = replace(task.model, module=fresh_module(task.model.module, task.seed))
    tuned = trained_afresh(replace(task, model=model, watched=()), task.steps)
    task.model.module.load_state_dict(model.module.state_dict())
    return tuned


def _row(
    job: _Job,
    victim: RepairVictim,
    method: str,
    before: tuple[float, float],
    tuned: Tuned,
    seconds: float,
    failed: str | None,
) -> Repaired:
    of, budget = victim.of, job.budget
    peak = tuned.schedule.get("lr_max1")
    return Repaired(
        victim=of.id,
        attack=of.attack or "",
        setting=of.setting,
        kind=of.kind,
        pattern=not victim.watched,
        method=method,
        seed=job.seed,
        per_class=budget.per_class,
        steps=budget.steps,
        batch=budget.batch,
        accuracy_before=before[0],
        accuracy=victim.accuracy(victim.model),
        success_before=before[1],
        success=victim.success(victim.model),
        natural=victim.natural,
        test_images=len(victim.clean.judge.labels),
        trigger_images=len(victim.wanted),
        taken=tuned.steps,
        kept=tuned.chosen_step,
        peak=None if peak is None else float(peak),
        cpu_seconds=round(seconds, 2),
        failed=failed,
    )
