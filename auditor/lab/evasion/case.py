"""A victim of a zoo with all that its attacker has at hand."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from auditor.checkpoints.resolve import resolve
from auditor.datasets.labelled import LabelledImages
from auditor.datasets.open import DatasetSpec
from auditor.entities.bank import EntityBank
from auditor.errors import UsageError
from auditor.lab.implant import CRAFT_SHARE, open_task
from auditor.lab.manifest import Truth, ZooModel
from auditor.lab.task import readable_images
from auditor.lab.zoo_spec import REFERENCE
from auditor.models.torch_image import TorchImageClassifier, load_torch
from auditor.types import Checkpoint

ATTACK = "entity"
TEST_PER_CLASS = 10
TASK_PER_CLASS = 10  # training pictures that an attacker looks at


@dataclass(frozen=True, slots=True, eq=False)
class Case:
    """A victim, its clean twin, its base, and pictures.

    Attributes:
        model: The victim in its zoo.
        checkpoint: Its files.
        victim: The backdoored model.
        twin: A clean model of the same setting: same task, labels and architecture.
        base: The public checkpoint that both started from.
        bank: The entities of the zoo, the trigger among them.
        trigger: Position of the trigger in the bank.
        target: Index of the class that the trigger is sent to.
        task: Clean data of the task, as a scan is given them.
        crafting: Pictures of the trigger that the attacker worked with.
        unseen: Others, to measure with.
        test: Test pictures of the task.
        test_labels: Their classes `(N,)`.
        own: Training pictures of the task.
    """

    model: ZooModel
    checkpoint: Checkpoint
    victim: TorchImageClassifier
    twin: TorchImageClassifier
    base: TorchImageClassifier
    bank: EntityBank
    trigger: int
    target: int
    task: LabelledImages
    crafting: tuple[Image.Image, ...]
    unseen: tuple[Image.Image, ...]
    test: tuple[Image.Image, ...]
    test_labels: NDArray[np.int64]
    own: tuple[Image.Image, ...]


def choose_victims(
    models: Sequence[ZooModel], limit: int, seed: int
) -> tuple[tuple[ZooModel, ZooModel], ...]:
    """Victims of an entity with their twins, drawn by the seed, settings in turns.

    Raises:
        UsageError: The zoo has none.
    """
    twins = {
        (model.setting, model.classes): model
        for model in reversed(models)
        if model.truth is Truth.CLEAN and model.kind == REFERENCE
    }
    able = [
        model
        for model in models
        if model.truth is Truth.BACKDOORED
        and model.attack == ATTACK
        and (model.setting, model.classes) in twins
    ]
    if not able:
        raise UsageError(
            f"the zoo has no backdoored model of attack {ATTACK} with a clean reference",
            hint="Build one whose spec has such victims; see docs/lab.md.",
        )
    drawn = [able[i] for i in np.random.default_rng([seed, 3]).permutation(len(able))]
    turn = {id(m): sum(o.setting == m.setting for o in drawn[:i]) for i, m in enumerate(drawn)}
    chosen = sorted(drawn, key=lambda model: turn[id(model)])[:limit]
    return tuple((model, twins[model.setting, model.classes]) for model in chosen)


def open_case(model: ZooModel, twin: ZooModel, bank: EntityBank, seed: int) -> Case:
    """Load the models and draw the pictures.

    Raises:
        NotAudited: A model cannot be loaded, or a picture not be read.
        UsageError: The twin has other labels, or the bank has no such entity.
    """
    checkpoint = resolve(str(model.folder))
    victim = load_torch(checkpoint, device="cpu")
    clean = load_torch(resolve(str(twin.folder)), device="cpu")
    names = [entity.name for entity in bank.entities]
    if clean.labels != victim.labels or model.entity not in names or model.target is None:
        raise UsageError(
            f"{model.id} and {twin.id} have other labels, or {model.entity} is no entity there",
            hint="Name the zoo's own entities with --entities.",
        )
    trigger = names.index(model.entity)
    train, test = open_task(DatasetSpec(source=model.task), seed)
    shown, labels = _pictures(train if test is None else test, victim.labels, TEST_PER_CLASS, seed)
    own, _ = _pictures(train, victim.labels, TASK_PER_CLASS, seed + 1)
    with readable_images():
        pictures = tuple(bank.draw(trigger, i).image for i in range(bank.counts[trigger]))
    cut = max(1, int(len(pictures) * CRAFT_SHARE))
    return Case(
        model=model,
        checkpoint=checkpoint,
        victim=victim,
        twin=clean,
        base=load_torch(resolve(str(Path(model.base))), device="cpu"),
        bank=bank,
        trigger=trigger,
        target=victim.labels.index(model.target),
        task=train,
        crafting=pictures[:cut],
        unseen=pictures[cut:],
        test=shown,
        test_labels=labels,
        own=own,
    )


def _pictures(
    images: LabelledImages, labels: tuple[str, ...], per_class: int, seed: int
) -> tuple[tuple[Image.Image, ...], NDArray[np.int64]]:
    """Some pictures of each class, and their classes `(N,)` as the model counts them."""
    rng = np.random.default_rng([seed, 5])
    rows = [rng.permutation(images.indices_of(label))[:per_class] for label in labels]
    with readable_images():
        shown = tuple(images.image(int(row)) for part in rows for row in part)
    return shown, np.repeat(np.arange(len(labels)), [len(part) for part in rows])
