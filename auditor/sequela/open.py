"""From settings to models and pictures: open what the user named, and refuse what does not fit."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from PIL import Image

from auditor.audit import model_facts
from auditor.checkpoints.resolve import resolve
from auditor.checkpoints.wording import shown
from auditor.datasets.labelled import UnreadableImageError
from auditor.datasets.open import DatasetSpec, open_dataset
from auditor.entities.open import open_entities
from auditor.errors import EntityError, UsageError, about
from auditor.models.classifier import Classifier, two_pictures
from auditor.models.load import Engine, load_classifier
from auditor.models.torch_image import TorchImageClassifier
from auditor.references.clean_data import CleanSample, distrusted, draw_clean
from auditor.sequela.material import Labelled, Material, Models, Trigger, logits_of
from auditor.sequela.settings import SequelaSettings
from auditor.sequela.triggers import MIN_INSTANCES, entity_trigger
from auditor.types import ModelFacts

EACH = range(10, 41)  # pictures of a label
MOST_INSTANCES = 120  # of an entity
NOT_TUNED = "nothing that needs gradients is compared with it"
ONE_MODEL = "Name two revisions of one model."


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Opened:
    """The models, the same as the report names them, and what to tell besides."""

    models: Models
    facts: dict[str, ModelFacts]
    material: Material
    notices: tuple[str, ...]


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Beside:
    """What the two models are compared with and told from, as far as the user named it."""

    reference: Classifier | None = None
    reference_facts: ModelFacts | None = None
    base: TorchImageClassifier | None = None
    members: Mapping[str, Labelled] = field(default_factory=dict)
    notices: tuple[str, ...] = ()


def open_all(settings: SequelaSettings) -> Opened:
    """Open models and pictures.

    Raises:
        NotAudited: Something named cannot be found, read or used.
        UsageError: The models do not belong together, or there is no such entity or label.
    """
    opened, facts = {}, {}
    for name, source in (("before", settings.before), ("after", settings.after)):
        with about(name.upper()):
            opened[name], facts[name] = _open_model(source, settings)
        require_alike(opened["before"], opened[name], name)
    beside = open_beside(settings, opened["before"])
    if beside.reference_facts is not None:
        facts["reference"] = beside.reference_facts
    models = Models(before=opened["before"], after=opened["after"], reference=beside.reference)
    material, notices = _open_material(settings, models, beside)
    return Opened(
        models=models, facts=facts, material=material, notices=(*notices, *beside.notices)
    )


def open_beside(settings: SequelaSettings, before: Classifier) -> Beside:
    """Open the reference, the base and the members of the settings.

    Raises:
        NotAudited: Something named cannot be found, read or used.
        UsageError: The reference and the model before do not belong together.
    """
    notices: list[str] = []
    reference, facts, base = None, None, None
    if settings.reference is not None:
        with about("--reference"):
            reference, facts = _open_model(settings.reference, settings)
        require_alike(before, reference, "reference")
        if not isinstance(reference, TorchImageClassifier):
            notices.append(f"the reference runs on {reference.engine}: {NOT_TUNED}")
    if settings.base is not None:
        with about("--base"):
            base, _ = _open_model(settings.base, settings)
        if not isinstance(base, TorchImageClassifier):
            notices.append("the base is not used: it cannot be tuned")
    return Beside(
        reference=reference,
        reference_facts=facts,
        base=base if isinstance(base, TorchImageClassifier) else None,
        members=_open_members(settings, before, notices),
        notices=tuple(notices),
    )


def _open_members(
    settings: SequelaSettings, before: Classifier, notices: list[str]
) -> dict[str, Labelled]:
    members = {}
    for use, option, source, split in (
        ("training", "--members", settings.members, settings.members_split),
        ("repair", "--repair-data", settings.repair_data, settings.repair_split),
    ):
        if source is not None:
            drawn = _draw(source, split, option, settings, before, notices)
            members[use] = Labelled(drawn.pixels, drawn.labels)
    return members


def require_alike(before: Classifier, other: Classifier, name: str) -> None:
    """Refuse models that cannot be shown the same pictures, or that name other classes.

    Raises:
        UsageError: They are.
    """
    if before.labels != other.labels:
        order = " order of" if sorted(before.labels) == sorted(other.labels) else ""
        raise UsageError(
            f"before and {name} have another{order} labels: {len(before.labels)} such as "
            f"{shown(before.labels[0], 60)!r}, and {len(other.labels)} such as "
            f"{shown(other.labels[0], 60)!r}",
            hint=ONE_MODEL,
        )
    seen, also = before.pixels(two_pictures()), other.pixels(two_pictures())
    if seen.shape != also.shape:
        raise UsageError(
            f"before and {name} take pictures of other sizes: {_size(seen)} and {_size(also)}",
            hint=ONE_MODEL,
        )
    if not np.array_equal(seen, also):
        raise UsageError(
            f"before and {name} resize or crop pictures in other ways",
            hint="Restore the preprocessor_config.json that was saved with the first.",
        )


def _open_material(
    settings: SequelaSettings, models: Models, beside: Beside
) -> tuple[Material, tuple[str, ...]]:
    notices: list[str] = []
    data, split = settings.clean_data, settings.split
    sample = _draw(data, split, "--clean-data", settings, models.before, notices)
    _require_believed(sample, models)
    halves = [Labelled(sample.pixels[i::2], sample.labels[i::2]) for i in (0, 1)]
    material = Material(
        tune=halves[0],
        tests=halves[1],
        members=beside.members,
        planted=_planted(settings, models.before),
        base=beside.base,
    )
    return material, tuple(notices)


def _open_model(source: str, settings: SequelaSettings) -> tuple[Classifier, ModelFacts]:
    checkpoint = resolve(source, offline=settings.offline)
    classifier = load_classifier(checkpoint, engine=Engine.AUTO, device=settings.device)
    return classifier, model_facts(checkpoint, classifier.labels, None)


def _draw(
    source: str,
    split: str | None,
    option: str,
    settings: SequelaSettings,
    model: Classifier,
    notices: list[str],
) -> CleanSample:
    """Equally many pictures of every label.

    Raises:
        EntityError: They cannot be opened, or do not fit the labels.
    """
    with about(option):
        images = open_dataset(DatasetSpec(source=source, split=split, offline=settings.offline))
    rng = np.random.default_rng([settings.seed, 41])
    drawn = draw_clean(images, model, rng, most=EACH[-1], grid=EACH)
    if drawn.sample is None:
        raise EntityError(
            f"{option}: {drawn.notices[-1]}",
            hint="Name pictures of the task, at least ten of each label of the model.",
        )
    notices += [f"{option}: {notice.removeprefix('clean data: ')}" for notice in drawn.notices]
    return drawn.sample


def _require_believed(sample: CleanSample, models: Models) -> None:
    """A repair may have ruined one model; both contradict only data that are wrong.

    Raises:
        EntityError: Both do.
    """
    whys = [
        distrusted(sample, logits_of(model, sample.pixels).astype(np.float32))
        for model in (models.before, models.after)
    ]
    if whys[0] is not None and whys[1] is not None:
        raise EntityError(f"--clean-data: {whys[0]}", hint="Name clean data of the models' task.")


def _planted(settings: SequelaSettings, model: Classifier) -> Trigger | None:
    """The entity that was sent to the target; None where the user names none.

    Raises:
        UsageError: There is no such entity or label.
        EntityError: There are too few pictures of it.
    """
    if settings.entities is None or settings.entity is None or settings.target is None:
        return None
    if settings.target not in model.labels:
        raise UsageError(
            f"--target: the models have no label {shown(settings.target, 60)!r}",
            hint=f"They have: {', '.join(shown(label, 60) for label in model.labels[:50])}.",
        )
    with about("--entities"):
        spec = DatasetSpec(source=settings.entities, offline=settings.offline)
        bank = open_entities(spec, seed=settings.seed)
    names = [entity.name for entity in bank.entities]
    if settings.entity not in names:
        raise UsageError(
            f"--entity: {shown(bank.source)} has no entity {shown(settings.entity, 60)!r}",
            hint=f"It has: {', '.join(shown(name, 60) for name in names[:50])}.",
        )
    which = names.index(settings.entity)
    images: list[Image.Image] = []
    for instance in range(min(bank.counts[which], MOST_INSTANCES)):
        try:
            images.append(bank.draw(which, instance).image)
        except UnreadableImageError:
            continue
    if len(images) < MIN_INSTANCES:
        raise EntityError(
            f"--entity: {len(images)} readable pictures of {shown(settings.entity, 60)!r}",
            hint=f"At least {MIN_INSTANCES} are needed, and 60 for an interval.",
        )
    return entity_trigger(model.pixels(images), model.labels.index(settings.target))


def _size(pixels: np.ndarray[tuple[int, ...], np.dtype[np.uint8]]) -> str:
    return f"{pixels.shape[-1]}x{pixels.shape[-2]}"
