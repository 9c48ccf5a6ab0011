"""Build a zoo: every model of a spec, several at a time, to be taken up again when broken off."""

from __future__ import annotations

import multiprocessing
import os
import shutil
import threading
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing.connection import wait
from pathlib import Path

from auditor.datasets.open import DatasetSpec
from auditor.entities.open import open_entities
from auditor.errors import AuditorError, UsageError
from auditor.lab.implant import open_base, open_task
from auditor.lab.manifest import write_manifest
from auditor.lab.rendered_base import BASE_CARD, BaseRecipe, rendered_base
from auditor.lab.save import save_checkpoint
from auditor.lab.training import Progress, silent
from auditor.lab.zoo_model import build_model, is_built
from auditor.lab.zoo_spec import REFERENCE, Catalogue, ModelPlan, ZooSpec, plans_of

RENDERED_BASE = "rendered"  # as a setting's base: pre-trained on the spot, kept in the zoo


@dataclass(frozen=True, slots=True)
class _Job:
    plan: ModelPlan
    base: str
    entities: str
    references: tuple[Path, ...]
    folder: Path


def build_zoo(
    spec: ZooSpec, out: Path, *, processes: int, progress: Progress = silent
) -> tuple[ModelPlan, ...]:
    """Build what is missing of a zoo under `out`, then write its manifest.

    Every model is trained on one thread, so that its weights depend neither on the number of
    processes nor on where an earlier build was broken off.

    Raises:
        AuditorError: Data are absent, the spec asks for what they do not hold, `out` holds a
            model of another recipe, or the disk is full. What is finished stays.
    """
    plans = plans_of(spec, catalogue_of(spec))
    out.mkdir(parents=True, exist_ok=True)
    _sweep(out, plans)
    base = _rendered_base(spec, out, progress)
    jobs = [_job(plan, spec, plans, out, base) for plan in plans]
    missing = [job for job in jobs if not is_built(job.plan, job.folder)]
    done = len(jobs) - len(missing)
    progress("building models", done, len(jobs))
    if missing:
        # Victims are measured against the references, which therefore come first.
        first = [job for job in missing if job.plan.kind == REFERENCE]
        rest = [job for job in missing if job.plan.kind != REFERENCE]
        with _workers(min(processes, len(missing))) as pool:
            for stage in (first, rest):
                for _ in _results(pool.submit(_build, job) for job in stage):
                    done += 1
                    progress("building models", done, len(jobs))
    write_manifest(spec, [job.plan for job in jobs], out)
    return plans


def catalogue_of(spec: ZooSpec) -> Catalogue:
    """Open every data set and base of a spec, so that what is absent is said before hours pass.

    Raises:
        UsageError: One cannot be opened; the message names it and who asks for it.
    """
    labels = {}
    for setting in spec.settings:
        with _asked_for_by(f"setting {setting.name}: task {setting.task}"):
            if setting.task not in labels:
                labels[setting.task] = open_task(DatasetSpec(source=setting.task), seed=0)[
                    0
                ].label_names
        if setting.base != RENDERED_BASE:
            with _asked_for_by(f"setting {setting.name}: base {setting.base}"):
                open_base(setting.base, setting.image_size)
    with _asked_for_by(f"entities {spec.entities}"):
        bank = open_entities(DatasetSpec(source=spec.entities), seed=0)
    return Catalogue(labels, tuple(entity.name for entity in bank.entities))


@contextmanager
def _asked_for_by(who: str) -> Iterator[None]:
    """Turn any failure to open data into one that says what in the spec asked for it."""
    try:
        yield
    except AuditorError as error:
        raise UsageError(f"{who}: {error.message}", hint=error.hint) from error


def _rendered_base(spec: ZooSpec, out: Path, progress: Progress) -> Path:
    folder = out / "rendered-base"
    wanted = any(setting.base == RENDERED_BASE for setting in spec.settings)
    if wanted and not folder.exists():
        import torch

        threads = torch.get_num_threads()
        torch.set_num_threads(1)  # the same weights on every machine
        try:
            model = rendered_base(BaseRecipe(seed=spec.seed), progress=progress)
        finally:
            torch.set_num_threads(threads)
        save_checkpoint(model, folder, card=BASE_CARD, record={"seed": spec.seed})
    return folder


def _job(
    plan: ModelPlan, spec: ZooSpec, plans: Sequence[ModelPlan], out: Path, rendered: Path
) -> _Job:
    references = tuple(
        out / other.id
        for other in plans
        if other.kind == REFERENCE and other.setting == plan.setting
    )
    base = str(rendered) if plan.base == RENDERED_BASE else plan.base
    return _Job(plan, base, spec.entities, references, out / plan.id)


def _sweep(out: Path, plans: Iterable[ModelPlan]) -> None:
    """Remove the half-written folders that a killed build left; see `save_checkpoint`."""
    for name in [*(plan.id for plan in plans), "rendered-base"]:
        for room in out.glob(f".{name}-*"):
            shutil.rmtree(room, ignore_errors=True)


def _workers(processes: int) -> ProcessPoolExecutor:
    return ProcessPoolExecutor(
        max_workers=processes,
        mp_context=multiprocessing.get_context("spawn"),  # a forked torch may hang
        initializer=_begin_work,
    )


def _begin_work() -> None:
    import torch

    torch.set_num_threads(1)
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    """A killed build must not leave workers that go on writing into its folder."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        wait([parent.sentinel])
        os._exit(1)


def _build(job: _Job) -> tuple[str, str] | None:
    """In a worker: None, or message and hint of a foreseen failure (which pickles badly)."""
    try:
        build_model(job.plan, job.base, job.entities, job.references, job.folder)
    except AuditorError as error:
        return f"{job.plan.id}: {error.message}", error.hint
    return None


def _results(futures: Iterable[Future[tuple[str, str] | None]]) -> Iterable[None]:
    waiting = list(futures)
    try:
        for future in as_completed(waiting):
            failed = future.result()
            if failed is not None:
                raise UsageError(failed[0], hint=failed[1])
            yield None
    finally:
        for future in waiting:
            future.cancel()
