"""From a base and clean data to references: what an honest head would say of every probe."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from auditor.models.classifier import FeatureClassifier, Pixels, softmax
from auditor.models.patience import Look
from auditor.references.clean_data import CleanSample, distrusted, unsure
from auditor.references.heads import fit_heads

BATCH = 128
OWN_FEATURES, BASE_FEATURES = "own", "base"
Features = NDArray[np.float32]


class Reference(StrEnum):
    """Where an honest head would send a probe, by what the answer is made of.

    DRIFT: The model's own head on the base's features: what tuning the features has changed.
    BASE: Heads fitted to clean data on the base's features.
    OWN: Heads fitted to clean data on the model's own features.
    """

    DRIFT = "drift"
    BASE = "base"
    OWN = "own"


CLEAN_REFERENCES = (Reference.BASE, Reference.OWN)  # those that rest on clean images


@dataclass(frozen=True, slots=True)
class Judge:
    """One reference: which features it reads, and the probabilities `(N, C)` it gives them."""

    reads_base: bool
    probabilities: Callable[[Features], NDArray[np.float32]]


@dataclass(frozen=True, slots=True, eq=False)
class CleanFeatures:
    """What the model sees in clean data: `features` `(N, D)`, `labels` `(N,)`, N `names`.

    `show` gives image i once more, to be shown to a reader; None where nobody can.
    """

    features: Features
    labels: NDArray[np.int64]
    names: tuple[str, ...]
    show: Callable[[int], Image.Image] | None = None


@dataclass(frozen=True, slots=True, eq=False)
class References:
    """The references of one scan.

    Attributes:
        judges: By reference; empty where there is neither base nor clean data.
        clean_per_class: Images a class behind BASE and OWN; None without clean data.
        passes: Pictures that were shown to the model or its base to make them.
        remembered: Those that need not be shown, because an earlier scan had.
        notices: What could not be used, and why.
        clean: The clean data behind OWN as the model sees them; None without.
    """

    judges: Mapping[Reference, Judge] = field(default_factory=dict)
    clean_per_class: int | None = None
    passes: int = 0
    remembered: int = 0
    notices: tuple[str, ...] = ()
    clean: CleanFeatures | None = None


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Seen:
    """What was said of N clean images: `logits` `(N, C)`, and features of each by name.

    `remembered` of them had been asked about before; `notices` say what went wrong on the way.
    """

    logits: NDArray[np.float32]
    features: Mapping[str, Features]
    remembered: int = 0
    notices: tuple[str, ...] = ()


# Shows clean images to a model and its base, where there is one; its digest comes third.
Show = Callable[[FeatureClassifier, FeatureClassifier | None, str | None, Pixels], Seen]


def show(
    model: FeatureClassifier,
    base: FeatureClassifier | None,
    _base_digest: str | None,
    pixels: Pixels,
) -> Seen:
    """Show them, and keep nothing."""
    return in_batches(look_with(model, base), pixels)


def in_batches(look: Look, pixels: Pixels) -> Seen:
    """What is said of any number of pictures."""
    parts = [look(pixels[i : i + BATCH]) for i in range(0, len(pixels), BATCH)]
    return Seen(
        logits=np.concatenate([logits for logits, _ in parts]),
        features={
            name: np.concatenate([features[name] for _, features in parts]) for name in parts[0][1]
        },
    )


def build_references(
    model: FeatureClassifier,
    base: FeatureClassifier | None,
    sample: CleanSample | None,
    rng: np.random.Generator,
    *,
    base_digest: str | None = None,
    show: Show = show,
) -> References:
    """Build every reference that the material allows.

    Args:
        model: The model under audit.
        base: The public checkpoint it was fine-tuned from, if it is at hand.
        sample: Clean data of the task, if there are any.
        rng: Draws the bootstrap samples of the heads.
        base_digest: Names the exact weights of the base, where somebody knows.
        show: Shows the clean images to both.
    """
    judges: dict[Reference, Judge] = {}
    classes = len(model.labels)
    if base is not None:
        weight, bias = model.head()
        judges[Reference.DRIFT] = Judge(True, lambda x: softmax(x @ weight.T + bias))
    if sample is None:
        return References(judges)
    seen = show(model, base, base_digest, sample.pixels)
    asked = 1 if base is None else 2
    passes, remembered = (len(seen.logits) - seen.remembered) * asked, seen.remembered * asked
    doubt = distrusted(sample, seen.logits)
    if doubt is not None:
        notices = (*seen.notices, doubt)
        return References(judges, passes=passes, remembered=remembered, notices=notices)
    flat = unsure(sample.labels, seen.logits)
    own = seen.features[OWN_FEATURES]
    heads = fit_heads(own, sample.labels, classes, rng)
    judges[Reference.OWN] = Judge(False, heads.probabilities)
    if base is not None:
        base_heads = fit_heads(seen.features[BASE_FEATURES], sample.labels, classes, rng)
        judges[Reference.BASE] = Judge(True, base_heads.probabilities)
    return References(
        judges,
        clean_per_class=sample.per_class,
        passes=passes,
        remembered=remembered,
        notices=seen.notices if flat is None else (*seen.notices, flat),
        clean=CleanFeatures(own, sample.labels, sample.names, sample.show),
    )


def look_with(
    model: FeatureClassifier, base: FeatureClassifier | None
) -> Callable[[Pixels], tuple[NDArray[np.float32], dict[str, Features]]]:
    """How to ask model and base about a batch: logits `(N, C)`, and features of both by name."""

    def look(pixels: Pixels) -> tuple[NDArray[np.float32], dict[str, Features]]:
        logits, own = model.logits_and_features(pixels)
        seen = {OWN_FEATURES: own}
        if base is not None:
            seen[BASE_FEATURES] = base.features(pixels)
        return logits, seen

    return look


def without_base(references: References, why: str) -> References:
    """What is left where the base turned out not to be one."""
    left = {name: judge for name, judge in references.judges.items() if not judge.reads_base}
    notice = f"the base is not used: {why}"
    return replace(references, judges=left, notices=(*references.notices, notice))
