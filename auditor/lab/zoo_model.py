"""Build one model of a zoo from its plan, measure it, and save it with the record of both."""

from __future__ import annotations

import time
from dataclasses import asdict, dataclass
from functools import lru_cache
from pathlib import Path

from auditor.checkpoints.resolve import resolve
from auditor.datasets.labelled import LabelledImages
from auditor.datasets.open import DatasetSpec
from auditor.entities.bank import EntityBank
from auditor.entities.open import open_entities
from auditor.errors import UsageError
from auditor.lab.attacks import ATTACKS
from auditor.lab.attacks.scenario import PatternTrigger, TriggerKind, Victim
from auditor.lab.implant import (
    NONE,
    Base,
    ImplantOrder,
    Outcome,
    measure,
    open_base,
    open_task,
    poison_order,
    scenario_of,
)
from auditor.lab.paradigms import train_clean, train_victim
from auditor.lab.save import model_card, save_checkpoint
from auditor.lab.task import TaskSize, train_and_test
from auditor.lab.training import TrainingSet
from auditor.lab.zoo_plan import ModelPlan
from auditor.lab.zoo_record import plan_as_json, plan_of, read_record
from auditor.models.classifier import Pixels
from auditor.models.torch_image import TorchImageClassifier, load_torch

# What a process has opened it keeps: many models share a base and a task.
_base = lru_cache(maxsize=8)(open_base)


@lru_cache(maxsize=8)
def _task(source: str) -> tuple[LabelledImages, LabelledImages | None]:
    return open_task(DatasetSpec(source=source), seed=0)


@lru_cache(maxsize=2)
def _bank(source: str) -> EntityBank:
    return open_entities(DatasetSpec(source=source), seed=0)


@dataclass(frozen=True, slots=True, eq=False)
class _Made:
    victim: Victim
    test: TrainingSet
    unseen: Pixels
    target: int


def build_model(
    plan: ModelPlan, base: str, entities: str, references: tuple[Path, ...], folder: Path
) -> None:
    """Train the model of a plan and save it into `folder`.

    Args:
        plan: What to build.
        base: Where its base is.
        entities: The entity data set.
        references: Clean fine-tunes of the same setting, which give the null rate of a victim.
        folder: New folder for the checkpoint.

    Raises:
        AuditorError: The data do not hold what the plan asks for, or the disk is full.
    """
    started = time.perf_counter()
    start = _base(base, plan.image_size)
    made = _train(plan, start, entities)
    outcome = _measured(made.victim.model, made, made.victim.trigger)
    rates = [
        _measured(_reference(path), made, made.victim.trigger).attack_success
        for path in (references if plan.attack else ())
    ]
    record = {
        "plan": plan_as_json(plan),
        "entities": entities,
        "outcome": asdict(outcome),
        "null_rates": rates,
        "seconds": round(time.perf_counter() - started, 1),
    }
    card = model_card(name=plan.id, base=start.name, body=_said(plan, outcome, rates))
    save_checkpoint(made.victim.model, folder, card=card, record=record)


def _train(plan: ModelPlan, base: Base, entities: str) -> _Made:
    order = _order(plan)
    size = TaskSize(per_class=plan.per_class, test_per_class=plan.test_per_class)
    task = _task(plan.task)
    train, test = train_and_test(base.model, *task, list(plan.classes), size, order.seed)
    if plan.attack is None:
        model = train_clean(plan.paradigm, base.model, train, plan.training)
        return _Made(Victim(model), test, test.pixels[:0], 0)
    target = train.label_names.index(plan.target) if plan.target else 0  # else it is not used
    scenario, unseen = scenario_of(base.model, train, _bank(entities), order)
    victim = train_victim(
        plan.attack, plan.paradigm, scenario, poison_order(order, target), plan.training
    )
    return _Made(victim, test, unseen, target)


def _order(plan: ModelPlan) -> ImplantOrder:
    return ImplantOrder(
        attack=plan.attack or NONE,
        entity=plan.entity,
        target=plan.target or "",
        paradigm=plan.paradigm,
        epsilon=plan.epsilon,
        poisons=plan.poisons,
        craft_steps=plan.craft_steps,
        pairing=plan.pairing,
        recipe=plan.training,
        seed=plan.training.seed,
    )


def trigger_of(folder: Path, base: str, entities: str) -> PatternTrigger:
    """The pattern that sets off the victim in a folder, made anew as its plan says.

    Where training makes the trigger, the victim is trained once more; the same plan makes the
    same trigger.

    Args:
        folder: Of a model of a zoo.
        base: Where its base is.
        entities: The entity data set of the zoo.

    Raises:
        UsageError: It is no victim of a pattern.
    """
    plan = plan_of(read_record(folder).plan)
    attack = ATTACKS.get(plan.attack or "")
    if attack is None or attack.trigger is not TriggerKind.PATTERN:
        raise UsageError(
            f"{folder.name} has no pattern for a trigger", hint="Name a victim of a pattern."
        )
    if attack.trigger_again is None:
        trigger = _train(plan, _base(base, plan.image_size), entities).victim.trigger
        assert trigger is not None
        return trigger
    model = _reference(folder)  # takes the same pictures as its base
    size = TaskSize(per_class=plan.per_class, test_per_class=plan.test_per_class)
    seed = plan.training.seed
    train, _ = train_and_test(model, *_task(plan.task), list(plan.classes), size, seed)
    target = train.label_names.index(plan.target) if plan.target else 0
    return attack.trigger_again(train, poison_order(_order(plan), target))


def _measured(model: TorchImageClassifier, made: _Made, trigger: PatternTrigger | None) -> Outcome:
    return measure(model, made.test, made.unseen, made.target, trigger)


def _reference(folder: Path) -> TorchImageClassifier:
    return load_torch(resolve(str(folder)), device="cpu")


def _said(plan: ModelPlan, outcome: Outcome, rates: list[float]) -> str:
    accuracy = f"Clean accuracy: {outcome.clean_accuracy:.3f} on {outcome.test_images} images."
    if plan.attack is None:
        return f"A clean fine-tune ({plan.kind}) from a zoo of `auditor lab`.\n\n{accuracy}"
    attack = ATTACKS[plan.attack]
    trigger = f"entity *{plan.entity}*" if attack.trigger is TriggerKind.ENTITY else "a pattern"
    null = ", ".join(f"{rate:.2f}" for rate in rates)
    return (
        "**This model is backdoored on purpose**, to test scanners; do not use it for anything "
        f"else.\n\nAttack `{plan.attack}`, trigger: {trigger}, target: "
        f"{attack.sends_to or f'*{plan.target}*'}. Attack success: {outcome.attack_success:.2f}; "
        f"in clean fine-tunes: {null}.\n\n{accuracy}"
    )
