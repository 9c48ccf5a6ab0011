"""A task data set -> training and test images at the size of a model."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from auditor.datasets.labelled import LabelledImages, UnreadableImageError
from auditor.errors import EntityError
from auditor.lab.training import TrainingSet
from auditor.models.classifier import Classifier, Pixels

DECODE_BATCH = 256
HELD_OUT = 0.25  # of the images, where the data set has no test split


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskSize:
    """How much of a data set is used. None means all of it."""

    classes: int | None = None
    per_class: int | None = None
    test_per_class: int | None = 50


def pixels_of(model: Classifier, images: LabelledImages, rows: NDArray[np.int64]) -> Pixels:
    """Decode and resize rows of a data set: `(N, 3, H, W)` uint8.

    Raises:
        EntityError: An image cannot be read. What is trained on is to be complete.
    """
    with readable_images():
        parts = [
            model.pixels([images.image(int(row)) for row in rows[i : i + DECODE_BATCH]])
            for i in range(0, len(rows), DECODE_BATCH)
        ]
    return np.concatenate(parts)


@contextmanager
def readable_images() -> Iterator[None]:
    """The lab leaves no image out silently: one that cannot be read ends the run.

    Raises:
        EntityError: An image cannot be read.
    """
    try:
        yield
    except UnreadableImageError as error:
        raise EntityError(str(error), hint="Repair or remove this image.") from error


def choose_classes(images: LabelledImages, count: int | None, must: str, seed: int) -> list[int]:
    """Class indices of a task: all, or `count` drawn at random with `must` among them.

    Raises:
        EntityError: `must` is no label of the data set, or it has fewer classes than asked for.
    """
    names = list(images.label_names)
    if must not in names:
        raise EntityError(
            f"{images.source} has no label {must!r}", hint=f"It has: {', '.join(names[:50])}."
        )
    if count is None:
        return list(range(len(names)))
    if not 2 <= count <= len(names):
        raise EntityError(
            f"{images.source} has {len(names)} classes, not {count}", hint="Lower --classes."
        )
    kept = names.index(must)
    others = [i for i in range(len(names)) if i != kept]
    drawn = np.random.default_rng(seed).choice(others, count - 1, replace=False)
    return sorted([kept, *drawn.tolist()])


def build_set(
    model: Classifier,
    images: LabelledImages,
    classes: list[int],
    rows_of: list[NDArray[np.int64]],
) -> TrainingSet:
    """Pixels and labels of the chosen rows; labels are renumbered to `classes`' order."""
    return TrainingSet(
        pixels_of(model, images, np.concatenate(rows_of)),
        np.repeat(np.arange(len(classes)), [len(rows) for rows in rows_of]),
        tuple(images.label_names[c] for c in classes),
    )


def train_and_test(
    model: Classifier,
    train: LabelledImages,
    test: LabelledImages | None,
    classes: list[int],
    size: TaskSize,
    seed: int,
) -> tuple[TrainingSet, TrainingSet]:
    """Draw the training and the test set. Without a test split a quarter is held out.

    Raises:
        EntityError: A class has fewer than two images, or the test split none of any class.
    """
    rng = np.random.default_rng([seed, 1])
    train_rows = [rng.permutation(np.flatnonzero(train.labels == c)) for c in classes]
    short = [
        train.label_names[c] for c, rows in zip(classes, train_rows, strict=True) if len(rows) < 2
    ]
    if short:
        raise EntityError(
            f"{train.source}: fewer than two images of {short[0]!r}",
            hint="Choose other classes or add images.",
        )
    if test is None:
        held = [max(1, int(len(rows) * HELD_OUT)) for rows in train_rows]
        test, test_rows = train, [rows[:h] for rows, h in zip(train_rows, held, strict=True)]
        train_rows = [rows[h:] for rows, h in zip(train_rows, held, strict=True)]
    else:
        test_rows = [rng.permutation(np.flatnonzero(test.labels == c)) for c in classes]
        if not sum(map(len, test_rows)):
            raise EntityError(
                f"the test split of {test.source} holds no image of the classes chosen",
                hint="Choose other classes, or name a data set without a test split.",
            )
    train_rows = [rows[: size.per_class] for rows in train_rows]
    test_rows = [rows[: size.test_per_class] for rows in test_rows]
    return build_set(model, train, classes, train_rows), build_set(model, test, classes, test_rows)
