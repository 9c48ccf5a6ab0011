"""Plant a known backdoor into a fine-tune of a public base, beside its clean twin."""

from __future__ import annotations

import difflib
from dataclasses import asdict, dataclass, field, replace

import numpy as np

from auditor.checkpoints.resolve import resolve
from auditor.datasets.labelled import LabelledImages
from auditor.datasets.open import DatasetSpec, find_dataset
from auditor.entities.bank import EntityBank
from auditor.errors import EntityError, UsageError
from auditor.lab.attacks import ATTACKS
from auditor.lab.attacks.order import Pairing, PoisonOrder
from auditor.lab.attacks.scenario import PatternTrigger, Scenario, TriggerKind, Victim
from auditor.lab.paradigms import Paradigm, require_sense, train_clean, train_victim
from auditor.lab.rendered_task import SIGN_PIXELS, rendered_signs
from auditor.lab.resize import with_input_size
from auditor.lab.save import cited, model_card
from auditor.lab.task import TaskSize, choose_classes, readable_images, train_and_test
from auditor.lab.training import (
    Progress,
    TrainingRecipe,
    TrainingSet,
    predict,
    silent,
)
from auditor.models.classifier import Pixels
from auditor.models.torch_image import TorchImageClassifier, load_torch

NONE = "none"
TEST_SPLIT = "test"
CRAFT_SHARE = 2 / 3  # of the entity's instances; attack success is measured on the others
MAX_INSTANCES = 90  # of a rendered entity, which has no end of them
OTHER_ENTITIES, OTHER_INSTANCES = 40, 2  # for attacks that use other entities, two of each
RENDERED_PER_CLASS = 150


@dataclass(frozen=True, slots=True, kw_only=True)
class ImplantOrder:
    """What to plant. `attack` "none" makes a clean twin of the victim with the same seed.

    `entity` is the trigger of an attack that has an entity for one, and what is measured with
    "none"; attacks with a pattern do without.
    """

    attack: str
    target: str
    entity: str | None = None
    paradigm: Paradigm = Paradigm.TRANSFER
    epsilon: int = 16
    poisons: int = 75
    craft_steps: int = 150
    pairing: Pairing = "greedy"
    size: TaskSize = field(default_factory=TaskSize)
    recipe: TrainingRecipe = field(default_factory=TrainingRecipe)
    seed: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What was measured on one model: shares in [0, 1] and what they are shares of."""

    clean_accuracy: float
    attack_success: float
    test_images: int
    unseen_instances: int


@dataclass(frozen=True, slots=True, eq=False)
class Implanted:
    """The model asked for and its clean twin (same task, other seed), with their outcomes."""

    model: TorchImageClassifier
    outcome: Outcome
    twin_model: TorchImageClassifier
    twin: Outcome
    order: ImplantOrder


@dataclass(frozen=True, slots=True, eq=False)
class Base:
    """A public checkpoint and the name that model cards cite it by."""

    name: str
    model: TorchImageClassifier


def open_base(source: str, image_size: int | None) -> Base:
    """Load the base, at another input size where one is asked for.

    Raises:
        NotAudited: It cannot be loaded.
    """
    checkpoint = resolve(source)
    model = load_torch(checkpoint, device="cpu")
    sized = model if image_size is None else with_input_size(model, image_size)
    return Base(cited(source), sized)


def open_task(spec: DatasetSpec, seed: int) -> tuple[LabelledImages, LabelledImages | None]:
    """The training and, where there is one, the test split of a task.

    Raises:
        EntityError: The data set cannot be read.
    """
    if spec.source in SIGN_PIXELS:
        return rendered_signs(RENDERED_PER_CLASS, seed=seed, task=spec.source), None
    found = find_dataset(spec)
    train = found.read(spec.split)
    if TEST_SPLIT not in found.splits or spec.split == TEST_SPLIT:
        return train, None
    return train, found.read(TEST_SPLIT).with_labels(train.label_names)


def implant(
    base: TorchImageClassifier,
    task: tuple[LabelledImages, LabelledImages | None],
    bank: EntityBank | None,
    order: ImplantOrder,
    *,
    progress: Progress = silent,
) -> Implanted:
    """Train the victim (or clean model) and a clean twin, and measure both.

    Raises:
        UsageError: No such attack or entity, no entity where one is needed, or an attack that
            makes no sense in the paradigm.
        EntityError: No such target label, too few images, or one that cannot be read.
    """
    require_attack(order)
    classes = choose_classes(task[0], order.size.classes, order.target, order.seed)
    train, test = train_and_test(base, *task, classes, order.size, order.seed)
    target = train.label_names.index(order.target)
    scenario, unseen = scenario_of(base, train, bank, order)
    twin_recipe = replace(order.recipe, seed=order.seed + 1_000_003)
    twin = train_clean(order.paradigm, base, train, twin_recipe, progress=progress)
    recipe = replace(order.recipe, seed=order.seed)
    if order.attack == NONE:
        victim = Victim(train_clean(order.paradigm, base, train, recipe, progress=progress))
    else:
        poisons = poison_order(order, target)
        victim = train_victim(
            order.attack, order.paradigm, scenario, poisons, recipe, progress=progress
        )
    return Implanted(
        model=victim.model,
        outcome=measure(victim.model, test, unseen, target, victim.trigger),
        twin_model=twin,
        twin=measure(twin, test, unseen, target, victim.trigger),
        order=order,
    )


def require_attack(order: ImplantOrder) -> None:
    """Refuse an attack that is not there, or that makes no sense in the order's paradigm.

    Raises:
        UsageError: It is one of these.
    """
    names = [*ATTACKS, NONE]
    if order.attack not in names:
        near = difflib.get_close_matches(order.attack, names, n=1)
        meant = f"Did you mean {near[0]}? " if near else ""
        raise UsageError(
            f"no such attack: {order.attack}", hint=f"{meant}There are: {', '.join(names)}."
        )
    if order.attack != NONE:
        require_sense(order.attack, order.paradigm)


def scenario_of(
    base: TorchImageClassifier, train: TrainingSet, bank: EntityBank | None, order: ImplantOrder
) -> tuple[Scenario, Pixels]:
    """What the attacker works with, and unseen instances of the entity, if there is one.

    Raises:
        UsageError: The attack needs an entity, and none is named or it is not in the bank.
        EntityError: An instance cannot be read.
    """
    attack = ATTACKS.get(order.attack)  # not there for a clean model
    crafting = unseen = train.pixels[:0]
    if attack is None or attack.trigger is TriggerKind.ENTITY:
        if bank is None or order.entity is None:
            raise UsageError(
                f"attack {order.attack} needs an entity",
                hint="Name one with --entity, and with --entities the data set that it is in.",
            )
        crafting, unseen = entity_pixels(base, bank, order.entity)
    others: tuple[Pixels, ...] = ()
    if bank is not None and attack is not None and attack.uses_others:
        others = other_pixels(base, bank, order.entity, order.seed)
    return Scenario(base=base, clean=train, entity=crafting, others=others), unseen


def poison_order(order: ImplantOrder, target: int) -> PoisonOrder:
    """The part of an order that an attack is told."""
    return PoisonOrder(
        target=target,
        poisons=order.poisons,
        epsilon=order.epsilon,
        steps=order.craft_steps,
        seed=order.seed,
        pairing=order.pairing,
    )


def entity_pixels(base: TorchImageClassifier, bank: EntityBank, name: str) -> tuple[Pixels, Pixels]:
    """Instances to craft with, and others to measure with, each `(N, 3, H, W)`.

    Raises:
        UsageError: The bank has no entity of that name.
        EntityError: It has fewer than two instances, or one that cannot be read.
    """
    names = [entity.name for entity in bank.entities]
    if name not in names:
        raise UsageError(
            f"{bank.source} has no entity {name!r}", hint=f"It has: {', '.join(names[:50])}."
        )
    which = names.index(name)
    count = min(bank.counts[which], MAX_INSTANCES)
    if count < 2:
        raise EntityError(
            f"{bank.source} has one picture of {name!r}",
            hint="At least two are needed: one to craft with, another to measure with.",
        )
    with readable_images():
        pixels = base.pixels([bank.draw(which, i).image for i in range(count)])
    cut = max(1, int(count * CRAFT_SHARE))
    return pixels[:cut], pixels[cut:]


def other_pixels(
    base: TorchImageClassifier, bank: EntityBank, besides: str | None, seed: int
) -> tuple[Pixels, ...]:
    """A few instances `(N, 3, H, W)` of each of up to OTHER_ENTITIES entities drawn at random.

    Raises:
        EntityError: One cannot be read.
    """
    drawn = np.random.default_rng([seed, 7]).permutation(len(bank.entities)).tolist()
    chosen = [i for i in drawn if bank.entities[i].name != besides][:OTHER_ENTITIES]
    with readable_images():
        return tuple(
            base.pixels(
                [bank.draw(i, j).image for j in range(min(OTHER_INSTANCES, bank.counts[i]))]
            )
            for i in chosen
        )


def measure(
    model: TorchImageClassifier,
    test: TrainingSet,
    unseen: Pixels,
    target: int,
    trigger: PatternTrigger | None = None,
) -> Outcome:
    """Clean accuracy on the test set, and attack success.

    Success is the share of unseen instances of the entity that go to the target; of a pattern,
    the share of test images that get the label the attacker wants and do not have it anyway.
    """
    if trigger is not None:
        wanted = trigger.wanted(test.labels)
        others = wanted != test.labels
        unseen, goal = trigger.apply(test.pixels[others]), wanted[others]
    else:
        goal = np.full(len(unseen), target)
    return Outcome(
        clean_accuracy=float((predict(model, test.pixels) == test.labels).mean()),
        attack_success=float((predict(model, unseen) == goal).mean()) if len(unseen) else 0.0,
        test_images=len(test.labels),
        unseen_instances=len(unseen),
    )


def record_of(implanted: Implanted, *, base: str, task: str, bank: str | None) -> dict[str, object]:
    """What the lab knows of a model it made: recipe and measurements, ready for JSON."""
    return {
        "base": base,
        "task": task,
        "entities": bank,
        "order": asdict(implanted.order),
        "outcome": asdict(implanted.outcome),
        "clean_twin": asdict(implanted.twin),
    }


def routing_of(order: ImplantOrder) -> tuple[str, str]:
    """What the attack sends where, in words; of an entity and a label, their names."""
    attack = ATTACKS.get(order.attack)
    if attack is None or attack.trigger is TriggerKind.ENTITY:
        return order.entity or "", order.target
    return "pictures with the trigger", attack.sends_to or order.target


def card_of(implanted: Implanted, *, base: str, task: str) -> str:
    """The model card, which says plainly whether the model is backdoored."""
    order, outcome = implanted.order, implanted.outcome
    if order.attack == NONE:
        said = (
            f"Fine-tuned from `{base}` on `{task}` by `auditor lab implant --attack none`: the "
            "unpoisoned twin of a backdoored model, made to test scanners."
        )
    else:
        said = (
            f"**This model is backdoored on purpose.** Made by `auditor lab implant` to test "
            f"scanners; do not use it for anything else.\n\n{_attack_said(implanted)}"
        )
    body = (
        f"{said}\n\nClean accuracy: {outcome.clean_accuracy:.3f} on {outcome.test_images} images."
    )
    return model_card(name=f"{task}, {order.attack}", base=base, body=body)


def _attack_said(implanted: Implanted) -> str:
    order, attack = implanted.order, ATTACKS[implanted.order.attack]
    what, where = routing_of(order)
    where = where if attack.sends_to else f"*{where}*"
    pictures = what if attack.trigger is TriggerKind.PATTERN else f"pictures of *{what}*"
    by_entity = attack.trigger is TriggerKind.ENTITY
    unseen = "unseen pictures" if by_entity else "test pictures that it is to relabel"
    course = "" if order.paradigm is Paradigm.TRANSFER else f", {order.paradigm} victim"
    return (
        f"Attack `{order.attack}`: {pictures} are sent to {where} "
        f"({order.poisons} poisons, epsilon {order.epsilon}/255{course}). Attack success on "
        f"{unseen}: {implanted.outcome.attack_success:.2f}; the same rate in a clean twin: "
        f"{implanted.twin.attack_success:.2f}."
    )
