"""Build a zoo: every model of a spec, several at a time, to be taken up again when broken off."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from auditor.checkpoints.json_file import read_json_object
from auditor.checkpoints.new_folder import sweep_rooms_of
from auditor.datasets.open import DatasetSpec
from auditor.entities.open import open_entities
from auditor.errors import AuditorError, UsageError
from auditor.lab.implant import open_base, open_task
from auditor.lab.manifest import write_manifest
from auditor.lab.rendered_base import BASE_CARD, BaseRecipe, rendered_base
from auditor.lab.save import RECORD, save_checkpoint
from auditor.lab.training import Progress, silent
from auditor.lab.workers import do_jobs
from auditor.lab.zoo_model import build_model
from auditor.lab.zoo_plan import Catalogue, ModelPlan, plans_of
from auditor.lab.zoo_record import AGAIN, is_built
from auditor.lab.zoo_spec import REFERENCE, ZooSpec

if sys.platform != "win32":
    import fcntl

RENDERED_BASE = "rendered"  # as a setting's base: pre-trained on the spot, kept in the zoo
RENDERED_FOLDER = "rendered-base"
PICTURES_TO_PLANT = 2  # of an entity: one to craft with, another to measure with


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
            model of another recipe, another build is at work there, the disk is full, or a
            worker was killed. What is finished stays; nothing half-written does.
    """
    plans = plans_of(spec, catalogue_of(spec))
    with _alone_in(out):
        _sweep(out, plans)
        jobs = [_job(plan, spec, plans, out) for plan in plans]
        missing = [job for job in jobs if not _is_built(job)]
        if missing:
            _make_base(spec, out, progress)
            try:
                _build_missing(missing, len(jobs), processes, progress)
            finally:
                _sweep(out, plans)
        write_manifest(spec, plans, out)
    return plans


def catalogue_of(spec: ZooSpec) -> Catalogue:
    """Open every data set and base of a spec, so that what is absent is said before hours pass.

    Raises:
        UsageError: One cannot be opened; the message names it and who asks for it.
    """
    labels: dict[str, tuple[str, ...]] = {}
    openable = cache(open_base)
    for setting in spec.settings:
        if setting.task not in labels:
            with _asked_for_by(f"setting {setting.name}: task", setting.task):
                task, _ = open_task(DatasetSpec(source=setting.task), seed=0)
                labels[setting.task] = task.label_names
        if setting.base != RENDERED_BASE:
            with _asked_for_by(f"setting {setting.name}: base", setting.base):
                openable(setting.base, setting.image_size)
    with _asked_for_by("entities", spec.entities):
        bank = open_entities(DatasetSpec(source=spec.entities), seed=0)
    enough = [
        entity.name
        for entity, pictures in zip(bank.entities, bank.counts, strict=True)
        if pictures >= PICTURES_TO_PLANT
    ]
    return Catalogue(labels, tuple(enough))


@contextmanager
def _asked_for_by(who: str, source: str) -> Iterator[None]:
    """Turn any failure to open data into one that says what in the spec asked for it."""
    try:
        yield
    except AuditorError as error:
        named = error.message if source in error.message else f"{source}: {error.message}"
        raise UsageError(f"{who}: {named}", hint=error.hint) from error


@contextmanager
def _alone_in(out: Path) -> Iterator[None]:
    """Make the folder and hold it: a second build would sweep away what the first is writing."""
    try:
        out.mkdir(parents=True, exist_ok=True)
        if not os.access(out, os.R_OK | os.W_OK | os.X_OK):
            raise PermissionError(0, "permission denied")
    except OSError as error:
        why = error.strerror or type(error).__name__
        raise UsageError(f"{out} cannot be written: {why}", hint="Check --out.") from error
    with _locked(out):
        yield


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    if sys.platform == "win32":  # whoever starts two builds there is not stopped
        yield
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        with suppress(OSError):  # a file system without locks
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as error:
                raise UsageError(
                    f"another build is at work in {folder}",
                    hint="Wait for it or end it; what it has finished is kept.",
                ) from error
        yield
    finally:
        os.close(handle)  # and with it the lock, as when this process is killed


def _is_built(job: _Job) -> bool:
    return is_built(job.plan, job.folder, entities=job.entities, references=len(job.references))


def _build_missing(
    missing: Sequence[_Job], all_models: int, processes: int, progress: Progress
) -> None:
    done = all_models - len(missing)
    progress("building models", done, all_models)

    def one_more(failed: tuple[str, str] | None) -> None:
        nonlocal done
        if failed is not None:
            raise UsageError(failed[0], hint=failed[1])
        done += 1
        progress("building models", done, all_models)

    # Victims are measured against the references, which therefore come first.
    references = [job for job in missing if job.plan.kind == REFERENCE]
    others = [job for job in missing if job.plan.kind != REFERENCE]
    try:
        do_jobs(_build, (references, others), min(processes, len(missing)), one_more)
    except BrokenProcessPool as error:
        raise UsageError(
            "a process that was building a model was killed, perhaps for want of memory",
            hint="Run the same command again, with fewer --jobs: what is finished is kept.",
        ) from error


def _build(job: _Job) -> tuple[str, str] | None:
    """In a worker: None, or message and hint of a foreseen failure (which pickles badly)."""
    try:
        build_model(job.plan, job.base, job.entities, job.references, job.folder)
    except AuditorError as error:
        return f"{job.plan.id}: {error.message}", error.hint
    except MemoryError:
        return f"{job.plan.id}: out of memory", "Run the same command again, with fewer --jobs."
    except Exception as error:
        raise RuntimeError(f"{job.plan.id}: {error!r}") from error
    return None


def _make_base(spec: ZooSpec, out: Path, progress: Progress) -> None:
    """Pre-train the rendered base where a setting wants it and it is not there."""
    import torch

    folder = out / RENDERED_FOLDER
    if not any(setting.base == RENDERED_BASE for setting in spec.settings):
        return
    if (folder / RECORD).exists():
        _require_seed(folder, spec.seed)
        return
    threads = torch.get_num_threads()
    torch.set_num_threads(1)  # the same weights on every machine
    try:
        model = rendered_base(BaseRecipe(seed=spec.seed), progress=progress)
    finally:
        torch.set_num_threads(threads)
    save_checkpoint(model, folder, card=BASE_CARD, record={"seed": spec.seed})


def _require_seed(folder: Path, seed: int) -> None:
    try:
        made_with = read_json_object(folder / RECORD).get("seed")
    except AuditorError as error:
        raise UsageError(f"{folder}: {error.message}", hint=AGAIN) from error
    if made_with != seed:
        raise UsageError(f"{folder} was made with the seed {made_with}, not {seed}", hint=AGAIN)


def _job(plan: ModelPlan, spec: ZooSpec, plans: Sequence[ModelPlan], out: Path) -> _Job:
    references = tuple(
        out / other.id
        for other in plans
        if other.kind == REFERENCE and other.setting == plan.setting
    )
    base = str(out / RENDERED_FOLDER) if plan.base == RENDERED_BASE else plan.base
    return _Job(plan, base, spec.entities, references, out / plan.id)


def _sweep(out: Path, plans: Iterable[ModelPlan]) -> None:
    """Remove the half-written folders that killed workers left."""
    for name in [*(plan.id for plan in plans), RENDERED_FOLDER]:
        sweep_rooms_of(out / name)
