"""Resolve, scan, open the case, try methods, verify: a whole repair on one page."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from auditor.audit import Progress, Stopwatch, audit, entity_source, silent, wanted_material
from auditor.checkpoints.new_folder import writing_to
from auditor.checkpoints.resolve import resolve
from auditor.entities.bank import EntityBank
from auditor.entities.making import Making
from auditor.entities.open import open_entities
from auditor.errors import NotAudited
from auditor.models.load import resolve_device
from auditor.models.torch_image import TorchImageClassifier, load_torch
from auditor.probes.plan import INSTANCES
from auditor.references.open import Material
from auditor.repair.attempt import Tried, attempt, rescanned
from auditor.repair.barrier import barrier_between
from auditor.repair.card import card_section
from auditor.repair.case import Case, clean_of, material_of, open_case
from auditor.repair.clean import CleanData
from auditor.repair.control import from_scratch
from auditor.repair.mappings import found_in, of_findings, of_pairs
from auditor.repair.methods import AUTO, METHODS
from auditor.repair.outcome import collapsed
from auditor.repair.record import Attempt, Overridden, Remediation, RepairVerdict
from auditor.repair.save import (
    append_to_card,
    require_room,
    require_same_names,
    require_tunable,
)
from auditor.repair.settings import RepairSettings
from auditor.repair.shelf import put_away
from auditor.rules import all_rules
from auditor.types import Checkpoint, Report, Verdict

# The case before, and the folder of the repaired model: what sequela is measured on.
Afterwards = Callable[[Case, Path], None]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Remediated:
    """What came of a repair.

    Attributes:
        original: The model that was repaired.
        scan: The last scan: of the repaired model where there is one.
        remediation: What was done.
        folder: The repaired model, to be published; None where there is none.
    """

    original: Checkpoint
    scan: Report
    remediation: Remediation
    folder: Path | None = None


def remediate(
    settings: RepairSettings,
    room: Path,
    *,
    no_base: str | None = None,
    progress: Progress = silent,
    afterwards: Afterwards | None = None,
) -> Remediated:
    """Repair one model into a folder, verify what was written, and say what came of it.

    Args:
        settings: What to repair and how.
        room: An empty folder beside the one that was asked for. All is written here.
        no_base: Why the base that there would be cannot be had; it is not looked for.
        progress: Told how far a stage is.
        afterwards: Told where the repaired model lies before it is published, while the model
            before is still open: further measurements attach here.

    Raises:
        NotAudited: The model, the entities or the clean data cannot be used; or its accuracy
            collapsed.
        UsageError: A setting is wrong, or the output cannot be written.
    """
    started = time.perf_counter()
    checkpoint = resolve(settings.scan.model, offline=settings.scan.offline)
    require_tunable(checkpoint)
    require_room(checkpoint, settings.out, room)
    model = load_torch(checkpoint, device=resolve_device(settings.scan.device))
    require_same_names(checkpoint, model.module, room)
    clean = clean_of(settings, model)
    base = wanted_material(settings.scan, checkpoint).base
    making = Making(
        base=base,
        device=settings.scan.device,
        instances=INSTANCES[settings.scan.depth],
        progress=progress,
    )
    bank = open_entities(entity_source(settings.scan), seed=settings.scan.seed, making=making)
    material = material_of(settings, checkpoint, model, no_base)
    scan = None
    wanted = (*(settings.found or ()), *of_pairs(settings.pairs))
    if settings.found is None and not settings.pairs:
        scan = _scan(settings, checkpoint, model, bank, material, progress)
        wanted = of_findings(scan.findings)
    found = found_in(wanted, bank, model.labels)
    if not found:
        scan = scan or _scan(settings, checkpoint, model, bank, material, progress)
        nothing = _nothing(settings, scan, clean)
        return Remediated(original=checkpoint, scan=scan, remediation=nothing)
    case = open_case(settings, checkpoint, model, bank, clean, found, material, room, no_base)
    with writing_to(settings.out):
        put_away(model.module, case.start)
    return _repaired(case, progress, started, afterwards)


def _repaired(
    case: Case, progress: Progress, started: float, afterwards: Afterwards | None
) -> Remediated:
    settings = case.settings
    best, attempts = _best(case, progress)
    assert best.rescan is not None
    remediation = _record(case, best, attempts, progress)
    if best.verdict is not RepairVerdict.NOT_REPAIRED:
        if afterwards is not None:
            afterwards(case, best.folder)
        remediation = replace(remediation, output=str(settings.out))
    remediation = replace(remediation, seconds=time.perf_counter() - started)
    is_written = remediation.output is not None
    if is_written:
        append_to_card(best.folder, card_section(remediation), settings.out)
    return Remediated(
        original=case.checkpoint,
        scan=best.rescan,
        remediation=remediation,
        folder=best.folder if is_written else None,
    )


def _best(case: Case, progress: Progress) -> tuple[Tried, tuple[Attempt, ...]]:
    """One method, or all in the order of cost until one is verified; the best of those tried.

    Raises:
        NotAudited: Accuracy collapsed whatever was tried.
    """
    tried: list[Tried] = []
    for name in _methods(case):
        try:
            one = attempt(case, name, progress)
        except NotAudited:
            if case.settings.method != AUTO:
                raise
            continue  # it diverged; the next one may not
        worth_it = one.is_gone and not collapsed(one.accuracy)
        tried.append(rescanned(case, one, progress) if worth_it else one)
        if tried[-1].verdict is RepairVerdict.REPAIRED:
            break
    alive = [each for each in tried if not collapsed(each.accuracy)]
    if not alive:
        raise _collapse(case, tried)
    best = max(alive, key=lambda each: (each.verdict is RepairVerdict.REPAIRED, each.standing))
    if best.rescan is None:
        best = rescanned(case, best, progress)
    return best, tuple(each.told() for each in tried)


def _methods(case: Case) -> list[str]:
    """The methods to try, cheapest first; those that learn from pictures only if there are any."""
    if case.settings.method != AUTO:
        return [case.settings.method]
    apart = any(shown.apart for _, shown in case.mappings)
    return [name for name, method in METHODS.items() if apart or not method.learns_entities]


def _collapse(case: Case, tried: list[Tried]) -> NotAudited:
    reached = max((each.accuracy.after.value for each in tried), default=0.0)
    before = float((case.answers == case.clean.judge.labels).mean())
    return NotAudited(
        f"accuracy collapsed, from {before:.0%} to {reached:.0%}: the model is left as it was and "
        "nothing is written",
        hint="Give more clean data, a lower --lr-max1, or another --method.",
    )


def _record(
    case: Case, best: Tried, attempts: tuple[Attempt, ...], progress: Progress
) -> Remediation:
    settings, tuned = case.settings, best.tuned
    task = case.task(progress)
    last = case.shelf / "after.safetensors"
    barrier = control = None
    if settings.barrier:
        repaired = load_torch(resolve(str(best.folder)), device=case.model.device)
        put_away(repaired.module, last)
        barrier = barrier_between(
            case.model, case.start, last, case.clean.tune, case.clean.choice, task.watched, progress
        )
    if settings.control:
        control = from_scratch(task, tuned.steps, case.clean.judge, case.mappings)
    return Remediation(
        method=best.method,
        verdict=best.verdict,
        reasons=best.reasons,
        output=None,
        data_source=case.clean.source,
        data_images=len(case.clean.tune.labels),
        held_out_images=len(case.clean.judge.labels),
        steps=tuned.steps,
        chosen_step=tuned.chosen_step,
        batch=min(settings.batch, len(case.clean.tune.labels)),
        schedule=tuned.schedule,
        range_test=tuned.range_test,
        history=tuned.history,
        overrides=tuple(Overridden(o.module, o.setting, o.was, o.became) for o in tuned.overrides),
        frozen=tuned.frozen,
        natural_from=case.natural_from,
        mappings=best.mappings,
        accuracy=best.accuracy,
        attempts=attempts,
        control=control,
        barrier=barrier,
        notices=(*case.notices, *_of_survival(best)),
    )


def _of_survival(best: Tried) -> tuple[str, ...]:
    if best.verdict is RepairVerdict.REPAIRED or best.is_gone:
        return ()
    return (
        "a mapping that survives tuning on clean data may be kept alive by the data: check that "
        "nobody could have poisoned them too",
    )


def _nothing(settings: RepairSettings, scan: Report, clean: CleanData) -> Remediation:
    """No mapping was found: nothing is changed, and nothing written."""
    return Remediation(
        method=settings.method,
        verdict=RepairVerdict.NOTHING_TO_REPAIR,
        reasons=(
            "no finding names a mapping; one that you know of can be named: "
            '--mapping "ENTITY=LABEL"',
        ),
        output=None,
        data_source=clean.source,
        data_images=len(clean.tune.labels),
        held_out_images=len(clean.judge.labels),
        notices=clean.notices,
    )


def _scan(
    settings: RepairSettings,
    checkpoint: Checkpoint,
    model: TorchImageClassifier,
    bank: EntityBank,
    material: Material,
    progress: Progress,
) -> Report:
    rules = all_rules(settings.scan.rules)
    watch = Stopwatch.start()
    return audit(checkpoint, model, bank, rules, settings.scan, watch, material, progress=progress)


def incomplete(result: Remediated) -> bool:
    """Whether nothing can be said: no mapping was found by a scan that could not decide."""
    nothing = result.remediation.verdict is RepairVerdict.NOTHING_TO_REPAIR
    return nothing and result.scan.verdict is Verdict.NOT_AUDITED
