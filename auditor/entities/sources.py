"""Banks from what a source names: a base, a diffusion model, or an entity-source file."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from auditor.checkpoints.resolve import resolve
from auditor.checkpoints.wording import shown
from auditor.datasets.features import Columns
from auditor.datasets.open import DatasetSpec, open_dataset
from auditor.datasets.several import joined
from auditor.entities.bank import EntityBank
from auditor.entities.diffusion import DiffusionOrder, diffusion_bank, entities_of
from auditor.entities.making import Making
from auditor.entities.photographs import bank_of_images
from auditor.entities.source_file import DiffusionEntry, SourceFile
from auditor.entities.synthesised.bank import synthesised_bank
from auditor.entities.synthesised.labels import named_labels, rows_of, spread
from auditor.entities.synthesised.recipe import LABELS, Budget
from auditor.errors import EntityError, NotAudited, UnsupportedModel
from auditor.models.load import resolve_device
from auditor.models.torch_image import TorchImageClassifier, load_torch
from auditor.types import Checkpoint, CheckpointFormat, Entity, InstanceSource

BASE = "base"
_OTHERWISE = "or name photographs with --entities SRC, or --entities rendered"


def base_bank(
    model: str | None,
    making: Making,
    seed: int,
    *,
    offline: bool,
    labels: int = LABELS,
    instances: int | None = None,
    most: float | None = None,
) -> EntityBank:
    """Instances synthesised from a base; `most` operations on a CPU, where that is given.

    Raises:
        EntityError: No base is named, its labels have no names, they are too few, or it would
            take more.
        NotAudited: It cannot be reached, or is no classifier that gradients go through.
    """
    if model is None:
        raise EntityError(
            "--entities base needs the base that the model was fine-tuned from",
            hint=f"Name it with --base MODEL or as --entities base:MODEL, {_OTHERWISE}.",
        )
    base, checkpoint = _open_base(model, making, offline=offline)
    return synthesised_bank(
        base,
        digest=checkpoint.digest,
        source=model,
        budget=Budget(labels=labels, instances=instances or making.instances),
        seed=seed,
        most=most,
        progress=making.progress,
    )


def diffusion_source(
    model: str,
    making: Making,
    seed: int,
    *,
    offline: bool,
    entry: DiffusionEntry | None = None,
) -> EntityBank:
    """Instances from a text-to-image pipeline, of names in a file or of labels of the base.

    Raises:
        EntityError: The pipeline cannot be reached or run, or nobody says what to draw.
        NotAudited: The base whose labels are to be drawn cannot be used.
        MissingPackage: diffusers is not installed.
    """
    entry = entry or DiffusionEntry(model=model)
    order = DiffusionOrder(
        model=model,
        entities=_to_draw(entry, making, offline=offline),
        instances=entry.instances or making.instances,
        device=resolve_device(making.device),
        offline=offline,
        seed=seed,
    )
    order = order if entry.steps is None else replace(order, steps=entry.steps)
    order = order if entry.size is None else replace(order, size=entry.size)
    return diffusion_bank(order, progress=making.progress)


def file_bank(
    file: SourceFile, source: str, making: Making, seed: int, *, offline: bool
) -> EntityBank:
    """The bank that an entity-source file describes.

    Raises:
        EntityError: A data set cannot be found or read, or holds too few entities.
        NotAudited: As for a base or a diffusion model.
    """
    if file.base is not None:
        labels = file.base.labels or LABELS
        model, count = file.base.model or making.base, file.base.instances
        return base_bank(model, making, seed, offline=offline, labels=labels, instances=count)
    if file.diffusion is not None:
        model = file.diffusion.model
        return diffusion_source(model, making, seed, offline=offline, entry=file.diffusion)
    opened = [open_dataset(spec) for spec in data_sets_of(file, offline)]
    bank = bank_of_images(joined(opened, source), seed)
    return replace(bank, notices=tuple(f"entities: {entry.pinned}" for entry in file.dataset))


def data_sets_of(file: SourceFile, offline: bool) -> tuple[DatasetSpec, ...]:
    """The data sets that an entity-source file names, each at its commit."""
    return tuple(
        DatasetSpec(
            source=entry.pinned,
            split=entry.split,
            columns=Columns(image=entry.image_column, label=entry.label_column),
            offline=offline,
        )
        for entry in file.dataset
    )


def _open_base(
    model: str, making: Making, *, offline: bool
) -> tuple[TorchImageClassifier, Checkpoint]:
    try:
        checkpoint = resolve(model, offline=offline)
        if checkpoint.format is CheckpointFormat.ONNX:
            raise UnsupportedModel("an ONNX graph gives no gradients", hint="")
        return load_torch(checkpoint, device=resolve_device(making.device)), checkpoint
    except UnsupportedModel as error:
        raise UnsupportedModel(
            f"no instances can be synthesised from {shown(model)}: {error.message}",
            hint=f"Name a base with safetensors weights and its classification head, {_OTHERWISE}.",
        ) from error
    except NotAudited as error:
        raise type(error)(
            f"the base to synthesise instances from: {error.message}", hint=error.hint
        ) from error


def _to_draw(entry: DiffusionEntry, making: Making, *, offline: bool) -> tuple[Entity, ...]:
    wanted = entry.labels or LABELS
    if entry.names is not None:
        return _names_in(Path(entry.names))[:wanted]
    if making.base is None:
        raise EntityError(
            "nobody says what the diffusion model is to draw",
            hint="Name the base with --base, whose labels are drawn then, or list names in a file: "
            'names = "names.txt" under [diffusion] in an entity-source file.',
        )
    base, _ = _open_base(making.base, making, offline=offline)
    by_label = {each.label: each.entity for each in named_labels(base.labels, making.base)}
    chosen = spread(rows_of(base), sorted(by_label), wanted)
    return tuple(replace(by_label[label], source=InstanceSource.DIFFUSION) for label in chosen)


def _names_in(path: Path) -> tuple[Entity, ...]:
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, ValueError) as error:
        raise EntityError(
            f"{shown(path)}: the names cannot be read", hint="A text file, one name a line."
        ) from error
    return entities_of([line.strip() for line in lines if line.strip()])
