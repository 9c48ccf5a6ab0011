"""From settings to references: open the base and the clean data, and say what could not be used."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import cast

import numpy as np

from auditor.checkpoints.resolve import resolve
from auditor.datasets.labelled import LabelledImages
from auditor.datasets.open import DatasetSpec, open_dataset
from auditor.errors import AuditorError, EntityError, NotAudited, UnsupportedModel
from auditor.models.classifier import Classifier, FeatureClassifier, two_pictures
from auditor.models.load import Engine, Precision, load_classifier
from auditor.references.base import shape_objection
from auditor.references.build import References, Show, build_references, show
from auditor.references.clean_data import CLEAN_GRID, draw_clean
from auditor.types import Checkpoint, CheckpointFormat

ONLY_ENTITIES = "Name a folder of class folders: --split and the columns are for --entities only."


@dataclass(frozen=True, slots=True, eq=False)
class Material:
    """What a model is compared with, besides stored benign models.

    Attributes:
        model: The model as one that shows features; None where it shows none.
        base: The public checkpoint it was fine-tuned from, where it is at hand and fits.
        references: What honest heads would say.
        base_revision: The commit of the base, where it came from the Hub.
        base_digest: Names the exact weights of `base`; None where nobody knows.
    """

    model: FeatureClassifier | None = None
    base: FeatureClassifier | None = None
    references: References = field(default_factory=References)
    base_revision: str | None = None
    base_digest: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What there is to compare with. None means that there is none.

    `base_is_declared` says that the model's card names the base, not the user: then it is no
    error if it cannot be had. `no_base` is why it cannot, where somebody has tried before.
    """

    base: str | None
    base_is_declared: bool = False
    clean_data: DatasetSpec | None
    device: str
    offline: bool
    seed: int
    precision: Precision = Precision.FLOAT32
    no_base: str | None = None


def open_material(classifier: Classifier, wanted: Wanted, show: Show = show) -> Material:
    """Open base and clean data, and build every reference that they allow.

    What cannot be used is no error: the scan goes on with less, and a notice says so.

    Args:
        classifier: The model under audit.
        wanted: What there is to compare with.
        show: Shows clean images to the model and the base.

    Raises:
        NotAudited: The base that the user named does not exist, cannot be reached or trusted;
            or the clean data cannot be opened.
    """
    shows = with_features(classifier)
    if wanted.base is None and wanted.clean_data is None:
        return Material(model=shows)
    if shows is None:
        why = f"the {classifier.engine} engine shows no features of this model"
        notice = f"{_said(wanted)} not used: {why}"
        return Material(references=References(notices=(notice,)))
    clean = None if wanted.clean_data is None else _open_clean(wanted.clean_data)
    notices: tuple[str, ...] = ()
    base, found = None, None
    if wanted.base is not None:
        base, found, notices = _open_base(shows, wanted.base, wanted)
    digest = None if found is None else found.digest
    material = compared_with(
        shows, base, clean, seed=wanted.seed, notices=notices, base_digest=digest, show=show
    )
    return material if found is None else replace(material, base_revision=found.revision)


def compared_with(
    model: FeatureClassifier,
    base: FeatureClassifier | None,
    clean: LabelledImages | None,
    *,
    seed: int,
    most: int = CLEAN_GRID[-1],
    notices: tuple[str, ...] = (),
    base_digest: str | None = None,
    show: Show = show,
) -> Material:
    """Build the references from a base and clean data that are open already.

    Args:
        model: The model under audit.
        base: Its base, if it is at hand.
        clean: Clean data of the task, if there are any.
        seed: Draws the clean images and the bootstrap samples.
        most: Clean images a class that are not exceeded; one of `CLEAN_GRID`.
        notices: What is to be told besides.
        base_digest: Names the exact weights of the base, where somebody knows.
        show: Shows clean images to the model and the base.
    """
    rng = np.random.default_rng([seed, 11])
    sample = None
    if clean is not None:
        drawn = draw_clean(clean, model, rng, most=most)
        sample, notices = drawn.sample, (*notices, *drawn.notices)
    references = build_references(model, base, sample, rng, base_digest=base_digest, show=show)
    return Material(
        model=model,
        base=base,
        base_digest=base_digest,
        references=replace(references, notices=(*notices, *references.notices)),
    )


def _open_base(
    model: FeatureClassifier, source: str, wanted: Wanted
) -> tuple[FeatureClassifier | None, Checkpoint | None, tuple[str, ...]]:
    """The base, if it can be used; the checkpoint that was looked at; and what is to be told."""
    if wanted.no_base is not None:
        return None, None, (f"{_the_base(wanted)} is not used: {wanted.no_base}",)
    checkpoint: Checkpoint | None = None
    try:
        checkpoint = resolve(source, offline=wanted.offline)
        opened = load_classifier(
            checkpoint,
            engine=Engine.AUTO,
            device=wanted.device,
            precision=_precision(checkpoint, wanted),
        )
    except NotAudited as error:
        # A card may name what it likes; what the user names is to be had. Either may be of a
        # kind that shows no features, an encoder without a head for one.
        if not wanted.base_is_declared and not isinstance(error, UnsupportedModel):
            raise type(error)(f"--base: {error.message}", hint=error.hint) from error
        return None, checkpoint, (f"{_the_base(wanted)} is not used: {error.message}",)
    base = with_features(opened)
    why = (
        f"the {opened.engine} engine shows no features of it"
        if base is None
        else shape_objection(model, base) or _size_objection(model, base)
    )
    if why is not None:
        return None, checkpoint, (f"{_the_base(wanted)} is not used: {why}",)
    return base, checkpoint, ()


def _precision(checkpoint: Checkpoint, wanted: Wanted) -> Precision:
    """That of the model's own scan; an ONNX base has none to choose."""
    onnx = checkpoint.format is CheckpointFormat.ONNX
    return Precision.FLOAT32 if onnx else wanted.precision


def _open_clean(spec: DatasetSpec) -> LabelledImages:
    try:
        return open_dataset(spec)
    except EntityError as error:
        hint = ONLY_ENTITIES if "--" in error.hint else error.hint
        raise EntityError(f"--clean-data: {error.message}", hint=hint) from error


def _the_base(wanted: Wanted) -> str:
    return "the base that the card names" if wanted.base_is_declared else "the base"


def _said(wanted: Wanted) -> str:
    """What there would be to compare with, as a subject with its verb."""
    if wanted.clean_data is None:
        return f"{_the_base(wanted)} is"
    return "clean data are" if wanted.base is None else f"{_the_base(wanted)} and clean data are"


def with_features(classifier: Classifier) -> FeatureClassifier | None:
    """The classifier as one that shows its features; None where it cannot."""
    if not hasattr(classifier, "logits_and_features"):
        return None
    shows = cast(FeatureClassifier, classifier)
    try:
        shows.head()
    except AuditorError:
        return None
    return shows


def _size_objection(model: FeatureClassifier, base: FeatureClassifier) -> str | None:
    try:
        seen = base.features(model.pixels(two_pictures()))
    except Exception as error:  # each architecture complains of a wrong size in its own way
        return f"it does not take the model's images ({type(error).__name__})"
    return None if np.isfinite(seen).all() else "its features are not numbers"
