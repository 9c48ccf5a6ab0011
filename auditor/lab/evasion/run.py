"""Scan victims under every evasion, and measure whether the backdoor still works."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from auditor.audit import Stopwatch, audit
from auditor.config import ScanSettings
from auditor.datasets.open import DatasetSpec
from auditor.entities.open import open_entities
from auditor.errors import UsageError
from auditor.lab.detection.detector import BenchContext
from auditor.lab.detection.detectors import settings_digest
from auditor.lab.detection.scanner import answer_of, scan_depends_on
from auditor.lab.detection.zoo import Zoo
from auditor.lab.evasion.case import Case, choose_victims, open_case
from auditor.lab.evasion.deployment import Ask, as_scanned
from auditor.lab.evasion.evasions import BASE_AND_DATA, CHECKPOINT, EVASIONS, Staged
from auditor.lab.evasion.rows import Key, Row, append_row, read_rows, write_rows
from auditor.lab.manifest import ZooModel
from auditor.lab.training import Progress, silent
from auditor.probes.plan import Plan
from auditor.references.open import Material, compared_with, with_features
from auditor.rules import all_rules
from auditor.types import Report

RAW = "evasion.csv"
STAGE = "evading"


@dataclass(frozen=True, slots=True)
class _Plan:
    """A victim with its twin, and the settings of each of its rows."""

    victim: ZooModel
    twin: ZooModel
    settings: Mapping[Key, str]


def run_evasions(
    zoo: Zoo, context: BenchContext, limit: int, out: Path, *, progress: Progress = silent
) -> tuple[Row, ...]:
    """Every evasion on so many victims; rows that are there already are kept.

    Raises:
        AuditorError: A victim cannot be loaded, or `out` holds rows of other settings.
    """
    plans = [
        _Plan(victim, twin, _settings(victim, zoo.weights[victim.id], context))
        for victim, twin in choose_victims(zoo.models, limit, context.seed)
    ]
    path = out / RAW
    rows = _kept(path, plans)
    write_rows(path, rows.values())
    wanted = [key for plan in plans for key in plan.settings]
    progress(STAGE, len(rows), len(wanted))
    bank = open_entities(DatasetSpec(source=context.entities), seed=context.seed)
    for plan in plans:
        missing = [key for key in plan.settings if key not in rows]
        if missing:
            case = open_case(plan.victim, plan.twin, bank, context.seed)
            for row in _measured(case, context, missing, plan.settings):
                append_row(path, row)
                rows[row.key] = row
                progress(STAGE, len(rows), len(wanted))
    write_rows(path, [rows[key] for key in wanted])
    return tuple(rows[key] for key in wanted)


def _settings(victim: ZooModel, weights: str, context: BenchContext) -> dict[Key, str]:
    depends = scan_depends_on(context)
    return {
        (victim.id, name, scan): settings_digest(f"{name} {scan}", depends, weights)
        for name, evasion in EVASIONS.items()
        for scan in evasion.scans
    }


def _kept(path: Path, plans: Sequence[_Plan]) -> dict[Key, Row]:
    """The rows of an earlier run of the same settings.

    Raises:
        UsageError: There are others.
    """
    settings = {key: said for plan in plans for key, said in plan.settings.items()}
    rows = {row.key: row for row in read_rows(path)}
    for key, row in rows.items():
        if settings.get(key) != row.settings:
            raise UsageError(
                f"{path} holds results of other settings or victims: {' '.join(key)}",
                hint="Name a new folder with --out.",
            )
    return rows


def _measured(
    case: Case, context: BenchContext, missing: Sequence[Key], settings: Mapping[Key, str]
) -> Iterator[Row]:
    for name in dict.fromkeys(key[1] for key in missing):
        staged = EVASIONS[name].stage(case)
        success = {way: _success(staged, case, ask) for way, ask in staged.asks.items()}
        scanned = _success(staged, case, as_scanned)
        accuracy = min(_accuracy(staged, case, ask) for ask in staged.asks.values())
        for key in (key for key in missing if key[1] == name):
            answer = answer_of(scan_staged(staged, case, key[2], context))
            yield Row(
                model=case.model.id,
                evasion=name,
                scan=key[2],
                found=answer.called,
                target_named=answer.called and answer.targets[0] == case.model.target,
                p_value=answer.p_value,
                success=success,
                success_as_scanned=scanned,
                accuracy=accuracy,
                settings=settings[key],
            )


def _success(staged: Staged, case: Case, ask: Ask) -> float:
    return float((ask(staged.shipped, case.unseen, case.own) == case.target).mean())


def _accuracy(staged: Staged, case: Case, ask: Ask) -> float:
    return float((ask(staged.shipped, case.test, case.own) == case.test_labels).mean())


def scan_staged(staged: Staged, case: Case, scan: str, context: BenchContext) -> Report:
    """What `auditor scan` makes of what is handed over, given the base and the data or not."""
    shows = with_features(staged.shipped)
    material = Material(model=shows)
    if scan != CHECKPOINT and shows is not None:
        task = case.task if scan == BASE_AND_DATA else None
        material = compared_with(shows, staged.base, task, seed=context.seed)
    settings = ScanSettings(
        model=str(case.model.folder),
        base=None if scan == CHECKPOINT else case.model.base,
        fpr=context.fpr,
        seed=context.seed,
        plan=Plan.EXHAUSTIVE,
        resume=False,  # answers are kept by the files, and the model is not what they hold
    )
    return audit(
        case.checkpoint,
        staged.shipped,
        staged.bank,
        all_rules(()),
        settings,
        Stopwatch.start(),
        material,
    )
