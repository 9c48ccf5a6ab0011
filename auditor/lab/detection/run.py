"""Run detectors over a zoo, several models at a time, and take a broken run up again."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Mapping, Sequence
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from pathlib import Path

from auditor.errors import AuditorError, UsageError
from auditor.lab.detection.detector import BenchContext
from auditor.lab.detection.detectors import DETECTORS, settings_digest
from auditor.lab.detection.records import Detection
from auditor.lab.detection.table import append_row, read_rows, write_rows
from auditor.lab.detection.zoo import Zoo
from auditor.lab.manifest import ZooModel
from auditor.lab.training import Progress, silent
from auditor.lab.workers import do_here, do_jobs

RAW = "detection.csv"
STAGE = "judging models"


@dataclass(frozen=True, slots=True)
class _Job:
    model: ZooModel
    detector: str
    context: BenchContext
    settings: str


@dataclass(frozen=True, slots=True)
class _Failure:
    """A foreseen failure, which as an exception pickles badly."""

    message: str
    hint: str


def run_detectors(
    zoo: Zoo,
    models: Sequence[ZooModel],
    detectors: Sequence[str],
    context: BenchContext,
    out: Path,
    *,
    processes: int,
    again: Collection[str] = (),
    progress: Progress = silent,
) -> tuple[Detection, ...]:
    """Judge models with detectors; rows that are there already are kept.

    Args:
        zoo: Where the models are from.
        models: Those to judge.
        detectors: Names in `DETECTORS`.
        context: What they are told.
        out: Folder of `detection.csv`, which may hold rows of other models and detectors too.
        processes: Models at a time, each on one thread; one at a time is judged in this process.
        again: Detectors whose earlier rows are thrown away.
        progress: Called with (stage, done, total).

    Raises:
        AuditorError: A detector cannot judge a model, or `out` holds rows of another zoo or of
            other settings. Rows that are finished stay.
    """
    settings = {name: DETECTORS[name].settings(context) for name in detectors}
    jobs = [
        _Job(model, name, context, settings_digest(name, settings[name], zoo.weights[model.id]))
        for model in models
        for name in detectors
    ]
    path = out / RAW
    rows = _kept(path, zoo, jobs, again)
    _begin(path, zoo, rows)
    missing = [job for job in jobs if (job.model.id, job.detector) not in rows]
    by_id = {model.id: model for model in models}
    done = len(jobs) - len(missing)
    progress(STAGE, done, len(jobs))

    def one_more(result: Detection | _Failure) -> None:
        nonlocal done
        if isinstance(result, _Failure):
            raise UsageError(result.message, hint=result.hint)
        append_row(path, by_id[result.model], result)
        rows[result.model, result.detector] = result
        done += 1
        progress(STAGE, done, len(jobs))

    if missing:
        _do(missing, processes, one_more)
    order = {name: i for i, name in enumerate(DETECTORS)}
    ordered = sorted(rows.values(), key=lambda row: order.get(row.detector, len(order)))
    write_rows(path, zoo.models, ordered)
    return tuple(rows[job.model.id, job.detector] for job in jobs)


def _kept(
    path: Path, zoo: Zoo, jobs: Sequence[_Job], again: Collection[str]
) -> dict[tuple[str, str], Detection]:
    """The rows of an earlier run by model and detector."""
    wanted = {(job.model.id, job.detector): job.settings for job in jobs}
    there = {model.id for model in zoo.models}
    rows = [row for row in read_rows(path) if row.detector not in again]
    kept = {(row.model, row.detector): row for row in rows}
    for (model, detector), row in kept.items():
        if model not in there:
            raise UsageError(
                f"{path} holds results of another zoo: {model} is not in this one",
                hint="Name a new folder with --out.",
            )
        if row.settings != wanted.get((model, detector), row.settings):
            raise UsageError(
                f"{path} holds results of {detector} with other settings, for {model} at least",
                hint=(
                    f"Judge anew with --again {detector}, or name a new --out folder: options, "
                    "stored nulls, rules, weights or auditor's version have changed."
                ),
            )
    return kept


def _begin(path: Path, zoo: Zoo, rows: Mapping[tuple[str, str], Detection]) -> None:
    """Write what is kept, without the line that a killed run left half-written."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_rows(path, zoo.models, rows.values())
    except OSError as error:
        why = error.strerror or type(error).__name__
        raise UsageError(f"{path} cannot be written: {why}", hint="Check --out.") from error


def _do(jobs: Sequence[_Job], processes: int, done: Callable[[Detection | _Failure], None]) -> None:
    if processes == 1:
        do_here(_judge, jobs, done)
        return
    try:
        do_jobs(_judge, (jobs,), min(processes, len(jobs)), done)
    except BrokenProcessPool as error:
        raise UsageError(
            "a process that was judging a model was killed, perhaps for want of memory",
            hint="Run the same command again, with fewer --jobs: what is finished is kept.",
        ) from error


def _judge(job: _Job) -> Detection | _Failure:
    detector = DETECTORS[job.detector]
    try:
        detector.prepare(job.model)
        clock, cpu = time.perf_counter(), time.process_time()
        answer = detector.detect(job.model, job.context)
        return Detection(
            model=job.model.id,
            detector=job.detector,
            settings=job.settings,
            answer=answer,
            seconds=round(time.perf_counter() - clock, 3),  # as it is read again
            cpu_seconds=round(time.process_time() - cpu, 3),
        )
    except AuditorError as error:
        return _Failure(f"{job.detector} on {job.model.id}: {error.message}", error.hint)
