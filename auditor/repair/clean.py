"""Clean data for a repair: what is tuned on, what chooses the best moment, what judges.

Three sets that share no image: a repair that is judged by the images that chose it looks better
than it is. What cannot be used is an error here: without clean data there is no repair.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from auditor.datasets.labelled import LabelledImages
from auditor.datasets.open import DatasetSpec, find_dataset
from auditor.errors import EntityError
from auditor.models.classifier import Classifier
from auditor.references.clean_data import CleanSample, Drawn, contradicted, draw_clean
from auditor.repair.answers import logits_of
from auditor.repair.task import Pictures

TEST_SPLIT = "test"
FEWEST = 10  # images a class
HELD_OUT = 0.25  # of the images of every class, where the data set has no test split
MOST_HELD_OUT = 50  # a class
MATCH = "Name clean images of every label of the model, in folders or a column of those names."


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class CleanData:
    """Clean images of one task, apart by what they are for.

    Attributes:
        source: What the user named.
        tune: To tune on.
        tune_names: Where each of these stands in the data set.
        choice: By which the best moment is chosen.
        judge: By which the result is judged.
        notices: What a reader should know of them.
    """

    source: str
    tune: Pictures
    tune_names: tuple[str, ...]
    choice: Pictures
    judge: Pictures
    notices: tuple[str, ...]


def open_clean(
    spec: DatasetSpec, model: Classifier, *, per_class: int, rng: np.random.Generator
) -> CleanData:
    """Open clean data and draw the three sets, each with the same number of images a class.

    Args:
        spec: The data set. A split named "test" is what is held out; without one a quarter is.
        model: Whose labels count; it must know the task.
        per_class: Most images a class to tune on.
        rng: Draws the images.

    Raises:
        EntityError: They cannot be opened, do not match the labels, are too few of any class, or
            the model contradicts their labels.
    """
    try:
        found = find_dataset(spec)
        images = found.read()
        apart = TEST_SPLIT in found.splits and len(found.splits) > 1
        test = found.read(TEST_SPLIT).with_labels(images.label_names) if apart else None
    except EntityError as error:
        raise EntityError(f"--clean-data: {error.message}", hint=error.hint) from error
    most = per_class if test is not None else round(per_class / (1 - HELD_OUT))
    sample, notices = _required(_drawn(images, model, rng, FEWEST, most))
    why = contradicted(sample.labels, logits_of(model, sample.pixels))
    if why is not None:
        raise _unusable(why)
    if test is None:
        held = max(2, round(HELD_OUT * sample.per_class))
        tuned_on = _rows(sample, range(held, sample.per_class))
        held_out = _part(sample, _rows(sample, range(min(held, MOST_HELD_OUT))))
        choice, judge = _halves(held_out, min(held, MOST_HELD_OUT))
    else:
        other, more = _required(_drawn(test, model, rng, 2, MOST_HELD_OUT))
        notices = tuple(dict.fromkeys((*notices, *more)))
        tuned_on = list(range(len(sample.labels)))
        choice, judge = _halves(Pictures(other.pixels, other.labels), other.per_class)
    return CleanData(
        source=spec.source,
        tune=_part(sample, tuned_on),
        tune_names=tuple(sample.names[i] for i in tuned_on),
        choice=choice,
        judge=judge,
        notices=notices,
    )


def _drawn(
    images: LabelledImages, model: Classifier, rng: np.random.Generator, least: int, most: int
) -> Drawn:
    return draw_clean(images, model, rng, most=most, grid=range(least, most + 1))


def _required(drawn: Drawn) -> tuple[CleanSample, tuple[str, ...]]:
    if drawn.sample is None:
        raise _unusable(drawn.why or "")
    return drawn.sample, drawn.notices


def _unusable(why: str) -> EntityError:
    return EntityError(f"--clean-data cannot repair this model: {why}", hint=MATCH)


def _rows(sample: CleanSample, within: range) -> list[int]:
    """Rows of the same images of every class; a sample holds one class after another."""
    starts = range(0, len(sample.labels), sample.per_class)
    return [start + i for start in starts for i in within]


def _part(sample: CleanSample, rows: Sequence[int]) -> Pictures:
    return Pictures(sample.pixels[rows], sample.labels[rows])


def _halves(pictures: Pictures, per_class: int) -> tuple[Pictures, Pictures]:
    """To choose by and to judge by: every other image of each class."""
    within = np.arange(len(pictures.labels)) % per_class
    halves = (within % 2 == 0, within % 2 == 1)
    first, second = (Pictures(pictures.pixels[rows], pictures.labels[rows]) for rows in halves)
    return first, second
