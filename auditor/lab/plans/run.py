"""Ask every model of a zoo everything once, and replay both plans on the answers."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from auditor.asking import ask
from auditor.audit import Stopwatch, audit, wanted_material
from auditor.checkpoints.resolve import resolve
from auditor.config import ScanSettings
from auditor.datasets.open import DatasetSpec
from auditor.entities.bank import EntityBank
from auditor.entities.open import open_entities
from auditor.errors import UsageError
from auditor.evidence.legitimate import the_job
from auditor.lab.detection.detector import BenchContext
from auditor.lab.detection.scanner import checkpoint_only, with_base, with_base_and_clean_data
from auditor.lab.manifest import Truth, ZooModel
from auditor.lab.plans.record import Compared, Said, append_row, read_rows
from auditor.lab.training import Progress, silent
from auditor.models.classifier import Classifier
from auditor.models.load import load_classifier
from auditor.probes.plan import Plan, ProbePlan, plan_probes
from auditor.probes.run import NothingReadError, Probed
from auditor.references.build import BASE_FEATURES, OWN_FEATURES
from auditor.references.open import Material, open_material
from auditor.rules import all_rules
from auditor.types import Checkpoint, Predictions, Report

NOTHING, BASE, DATA = "nothing", "base", "base and clean data"
GIVEN: dict[str, Callable[[ZooModel, BenchContext], ScanSettings]] = {
    NOTHING: checkpoint_only,
    BASE: with_base,
    DATA: with_base_and_clean_data,
}
CURVE = "nothing, banks of all sizes"  # instead of a name above
SIZES = (10, 25, 50, 100, 200, 1000)  # entities, of the curve of costs
CURVE_MODELS = 6  # clean models behind the curve, where nobody says how many
ROWS = "plan.jsonl"
Answers = Callable[[ProbePlan], Probed]


def compare_plans(
    models: Sequence[ZooModel],
    context: BenchContext,
    many: str | None,
    out: Path,
    *,
    progress: Progress = silent,
) -> tuple[Compared, ...]:
    """Both plans on every model, given more and more; then clean models and banks of all sizes.

    Args:
        models: Models of a zoo.
        context: Entities, rate and seed.
        many: A data set of more entities, for the curve of costs; None for those of the context.
        out: Folder of the rows; what is there is not measured again.
        progress: Called with (stage, done, total).

    Raises:
        UsageError: The folder cannot be written.
    """
    try:
        out.mkdir(parents=True, exist_ok=True)
        rows = read_rows(out / ROWS)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise UsageError(f"{out} cannot be used: {error}", hint="Name a new folder.") from error
    bank = _bank(context.entities, context)
    for number, model in enumerate(models):
        wanted = [(model.id, given, len(bank.entities), context.fpr) for given in GIVEN]
        if not all(key in rows for key in wanted):
            opened = _Opened.of(model, context, list(GIVEN))
            for given, report in opened.judged(bank, list(GIVEN)):
                _keep(out, rows, model, given, len(bank.entities), context, report)
        progress("comparing plans", number + 1, len(models))
    curve = [model for model in models if model.truth is Truth.CLEAN][:CURVE_MODELS]
    larger = bank if many is None else _bank(many, context)
    for number, model in enumerate(curve):
        _add_sizes(out, rows, model, larger, context)
        progress("banks of all sizes", number + 1, len(curve))
    return tuple(rows.values())


def _add_sizes(
    out: Path,
    rows: dict[tuple[str, str, int, float], Compared],
    model: ZooModel,
    bank: EntityBank,
    context: BenchContext,
) -> None:
    sizes = [size for size in SIZES if size <= len(bank.entities)]
    if all((model.id, CURVE, size, context.fpr) in rows for size in sizes):
        return
    order = np.random.default_rng([context.seed, 29]).permutation(len(bank.entities))
    opened = _Opened.of(model, context, [NOTHING])
    answers = opened.asked(bank)
    for size in sizes:
        left = np.sort(order[:size])
        part = bank.without(set(range(len(bank.entities))) - set(left.tolist()))
        reports = opened.both(part, NOTHING, _renumbered(answers, left, bank, opened.labels))
        _keep(out, rows, model, CURVE, size, context, reports)


def _keep(
    out: Path,
    rows: dict[tuple[str, str, int, float], Compared],
    model: ZooModel,
    given: str,
    entities: int,
    context: BenchContext,
    reports: dict[Plan, Report],
) -> None:
    row = Compared(
        model=model.id,
        truth=model.truth.value,
        given=given,
        entities=entities,
        fpr=context.fpr,
        exhaustive=_said(reports[Plan.EXHAUSTIVE]),
        sequential=_said(reports[Plan.SEQUENTIAL]),
    )
    if row.key not in rows:
        rows[row.key] = row
        append_row(out / ROWS, row)


def _said(report: Report) -> Said:
    return Said(
        verdict=report.verdict.value,
        p_value=report.model_p_value,
        probes=report.cost.probes,
        decided_by=report.cost.decided_by,
    )


def entities_asked(context: BenchContext) -> int:
    """The number of entities that a zoo is asked with."""
    return len(_bank(context.entities, context).entities)


def _bank(entities: str, context: BenchContext) -> EntityBank:
    return open_entities(DatasetSpec(source=entities), seed=context.seed)


@dataclass(frozen=True, slots=True, eq=False)
class _Opened:
    """A model, with what a scan may be given beside it."""

    checkpoint: Checkpoint
    classifier: Classifier
    settings: dict[str, ScanSettings]
    material: dict[str, Material]

    @classmethod
    def of(cls, model: ZooModel, context: BenchContext, given: Sequence[str]) -> _Opened:
        settings = {name: GIVEN[name](model, context) for name in given}
        any_settings = settings[given[0]]
        checkpoint = resolve(any_settings.model)
        classifier = load_classifier(checkpoint, engine=any_settings.engine, device="cpu")
        material = {
            name: open_material(classifier, wanted_material(each, checkpoint))
            for name, each in settings.items()
        }
        return cls(checkpoint, classifier, settings, material)

    @property
    def labels(self) -> tuple[str, ...]:
        return self.classifier.labels

    def judged(
        self, bank: EntityBank, given: Sequence[str]
    ) -> Iterator[tuple[str, dict[Plan, Report]]]:
        """Both plans on one set of answers, by what is given."""
        answers = self.asked(bank)
        for name in given:
            yield name, self.both(bank, name, answers)

    def asked(self, bank: EntityBank) -> Probed:
        """Every answer of an exhaustive plan, with all features that anything given wants."""
        name = list(self.settings)[-1]
        settings = self.settings[name]
        job = the_job(bank, self.labels)
        plan = plan_probes(job.bank.counts, settings.depth)
        rng = np.random.default_rng(settings.seed)
        return ask(
            self.checkpoint,
            self.classifier,
            job.bank,
            plan,
            self.material[name],
            settings,
            rng,
            silent,
        )

    def both(self, bank: EntityBank, given: str, answers: Probed) -> dict[Plan, Report]:
        """What both plans make of the answers."""
        material = self.material[given]
        shown = {OWN_FEATURES: material.model, BASE_FEATURES: material.base}
        features = {n: answers.features[n] for n, model in shown.items() if model is not None}
        replayed = replaying(replace(answers, features=features))
        return {
            plan: audit(
                self.checkpoint,
                self.classifier,
                bank,
                all_rules(()),
                replace(self.settings[given], plan=plan),
                Stopwatch.start(),
                material,
                answers=replayed,
            )
            for plan in Plan
        }


def replaying(answers: Probed) -> Answers:
    """Answers to parts of a plan, from those to all of it."""

    def of(part: ProbePlan) -> Probed:
        said = answers.predictions
        begins, ends = np.array(part.begins), np.array(part.instances)
        rows = (begins[said.entity] <= said.instance) & (said.instance < ends[said.entity])
        if not rows.any():
            raise NothingReadError("nothing of this part was answered", hint="")
        return _only(answers, rows)

    return of


def _only(answers: Probed, rows: np.ndarray[tuple[int], np.dtype[np.bool_]]) -> Probed:
    said = answers.predictions
    return replace(
        answers,
        predictions=Predictions(
            probabilities=said.probabilities[rows],
            entity=said.entity[rows],
            instance=said.instance[rows],
            view=said.view[rows],
        ),
        features={name: values[rows] for name, values in answers.features.items()},
    )


def _renumbered(
    answers: Probed,
    left: np.ndarray[tuple[int], np.dtype[np.int64]],
    bank: EntityBank,
    labels: tuple[str, ...],
) -> Probed:
    """The answers about some entities of a bank, at their positions in the smaller one."""
    whole = the_job(bank, labels).bank.entities
    part = the_job(bank.without(set(range(len(bank.entities))) - set(left.tolist())), labels).bank
    places = {entity.id: place for place, entity in enumerate(part.entities)}
    new = np.array([places.get(entity.id, -1) for entity in whole])
    kept = _only(answers, new[answers.predictions.entity] >= 0)
    moved = replace(kept.predictions, entity=new[kept.predictions.entity])
    names = {
        slot._replace(entity=int(new[slot.entity])): name
        for slot, name in answers.instance_names.items()
        if new[slot.entity] >= 0
    }
    return replace(kept, predictions=moved, instance_names=names)
