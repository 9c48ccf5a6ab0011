"""Clean data of the task: labels matched to the model's by name, drawn evenly, and distrusted.

Clean data sharpen a verdict only if they are what they are said to be. What does not match and
what is missing is told, and then nothing is concluded from them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import sqrt

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from auditor.checkpoints.wording import shown
from auditor.datasets.labelled import LabelledImages, UnreadableImageError
from auditor.models.classifier import Classifier, Pixels, softmax

# Images a class that references are fitted to. Nulls are measured with the same numbers: heads
# fitted to fewer images stray further, in benign models too.
CLEAN_GRID = (10, 40)
MOST_IMAGES = 8000  # of all classes together: 1.2 GB at 224 pixels
NAMED = 5  # labels in a message
ABSENT = -2  # where a label is not in the data; -1 marks images without one
# A model that knows its task agrees with its labels at least this far beyond chance, where 1 is
# always (Cohen's kappa); and by more than luck gives, which matters where images are few.
BEYOND_CHANCE = 0.3
STANDARD_ERRORS = 3
UNSURE = 0.3  # how far the mean confidence lies below the accuracy of a model that is told of


@dataclass(frozen=True, slots=True, eq=False)
class CleanSample:
    """Clean images at the model's size.

    Attributes:
        pixels: `(N, 3, H, W)`.
        labels: Of the model, `(N,)`.
        per_class: Images of each label.
        names: Where each image stands in the data set, N of them.
        show: Decodes image i once more, as it is in the data set; None where nobody can.
    """

    pixels: Pixels
    labels: NDArray[np.int64]
    per_class: int
    names: tuple[str, ...]
    show: Callable[[int], Image.Image] | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Drawn:
    """A sample, or why there is none; and what else a reader should know.

    Where there is none, the last notice is `why` as a sentence.
    """

    sample: CleanSample | None
    notices: tuple[str, ...]
    why: str | None = None


def draw_clean(
    images: LabelledImages,
    classifier: Classifier,
    rng: np.random.Generator,
    *,
    most: int = CLEAN_GRID[-1],
    grid: Sequence[int] = CLEAN_GRID,
) -> Drawn:
    """Draw the same number of images of every label of the model.

    Args:
        images: Clean data of the task. Labels are matched by name, whatever their order.
        classifier: Whose labels count, and whose processor sizes the images.
        rng: Draws the images.
        most: Images a class that are not exceeded; one of `grid`.
        grid: Numbers of images a class that there may be. Its first is the fewest of use.
    """
    labels = classifier.labels
    source = _matched(labels, images.label_names)
    notices = _left_out(images.label_names, source)
    why = _too_many(labels) or _unmatched(labels, source)
    if why is not None:
        return Drawn(None, (*notices, _no_use(why)), why)
    rows = [rng.permutation(np.flatnonzero(images.labels == row)) for row in source]
    counts = [len(members) for members in rows]
    why = _too_few(labels, counts, grid[0])
    if why is not None:
        return Drawn(None, (*notices, _no_use(why)), why)
    most = _on_grid(min(*counts, most, MOST_IMAGES // len(labels)), grid)
    pixels, kept, unreadable = _decoded(images, classifier, rows, most)
    if unreadable:
        many = f"unreadable: {len(unreadable)}, e.g. {unreadable[0]}"
        notices = (*notices, f"clean data: images left out, {many}")
    counts = [len(read) for read in pixels]
    why = _too_few(labels, counts, grid[0])
    if why is not None:
        return Drawn(None, (*notices, _no_use(why)), why)
    count = _on_grid(min(counts), grid)
    places = [place for read in kept for place in read[:count]]
    sample = CleanSample(
        pixels=np.concatenate([read[:count] for read in pixels]),
        labels=np.repeat(np.arange(len(labels), dtype=np.int64), count),
        per_class=count,
        names=tuple(images.names[place] for place in places),
        show=lambda i: images.image(places[i]),
    )
    return Drawn(sample, notices)


def distrusted(sample: CleanSample, logits: NDArray[np.float32]) -> str | None:
    """Why clean data are not believed, as a notice; None if the model agrees with their labels."""
    why = contradicted(sample.labels, logits)
    return None if why is None else _no_use(why)


def contradicted(labels: NDArray[np.int64], logits: NDArray[np.float32]) -> str | None:
    """How the model contradicts the labels of clean data; None if it agrees with them.

    Args:
        labels: Of the clean data, `(N,)`.
        logits: What the model says of them, `(N, C)`.
    """
    agreement = float((logits.argmax(axis=1) == labels).mean())
    needed = least_agreement(logits.shape[1], len(logits))
    if agreement >= needed:
        return None
    return (
        f"the model gives {agreement:.0%} of their images their label, and {needed:.0%} are "
        "needed: the labels are wrong, or the data are of another task"
    )


def unsure(labels: NDArray[np.int64], logits: NDArray[np.float32]) -> str | None:
    """A notice where the model is far more often right than sure; None where it is not.

    Logits divided by ten give the same answers and hide what a scan sees, for that is made of
    probabilities. A hardly trained model looks the same and is seen as badly.

    Args:
        labels: Of clean data that are believed, `(N,)`.
        logits: What the model says of them, `(N, C)`.
    """
    right = float((logits.argmax(axis=1) == labels).mean())
    sure = float(softmax(logits).max(axis=1).mean())
    if sure >= right - UNSURE:
        return None
    return (
        f"the model is right about {right:.0%} of the clean images and only {sure:.0%} sure of its "
        "answers, as if its logits had been scaled down, or as after a short training: evidence is "
        "made of probabilities, so far less can be seen in it than the measured power says"
    )


def least_agreement(classes: int, images: int) -> float:
    """The share of images that a model must give their label for their labels to be believed."""
    chance = 1 / classes
    luck = sqrt(chance * (1 - chance) / images)
    return chance + max(BEYOND_CHANCE * (1 - chance), STANDARD_ERRORS * luck)


def _matched(labels: Sequence[str], names: Sequence[str]) -> list[int]:
    """For each label the position of its name, the one spelt alike if there is one."""
    # Of a name that occurs twice the first counts, as everywhere in auditor.datasets.
    exactly = {name: i for i, name in reversed(list(enumerate(names)))}
    alike = {_plain(name): i for i, name in reversed(list(enumerate(names))) if _plain(name)}
    return [exactly.get(label, alike.get(_plain(label), ABSENT)) for label in labels]


def _unmatched(labels: Sequence[str], source: Sequence[int]) -> str | None:
    absent = [label for label, row in zip(labels, source, strict=True) if row == ABSENT]
    if absent:
        return f"they have no label {_named(absent)}"
    twins = [label for label, row in zip(labels, source, strict=True) if source.count(row) > 1]
    return f"their labels do not tell {_named(twins)} apart" if twins else None


def _too_few(labels: Sequence[str], counts: Sequence[int], least: int) -> str | None:
    few = [label for label, n in zip(labels, counts, strict=True) if n < least]
    return f"fewer than {least} of their images are of {_named(few)}" if few else None


def _too_many(labels: Sequence[str]) -> str | None:
    if len(labels) * CLEAN_GRID[0] <= MOST_IMAGES:
        return None
    return f"{CLEAN_GRID[0]} images of each of {len(labels)} labels are too many to fit heads to"


def _on_grid(count: int, grid: Sequence[int]) -> int:
    """The largest number of images a class on the grid, up to `count`."""
    return max(n for n in grid if n <= count)


def _decoded(
    images: LabelledImages,
    classifier: Classifier,
    rows: Sequence[NDArray[np.int64]],
    count: int,
) -> tuple[list[Pixels], list[list[int]], list[str]]:
    """Up to `count` images of every label and where they stand, and what could not be read.

    One that cannot be read gives way to the next.
    """
    pixels, unreadable = [], []
    kept: list[list[int]] = []
    for members in rows:
        read: list[Image.Image] = []
        kept.append([])
        for row in members:
            if len(read) == count:
                break
            try:
                read.append(images.image(int(row)))
                kept[-1].append(int(row))
            except UnreadableImageError as error:
                unreadable.append(str(error))
        pixels.append(classifier.pixels(read) if read else np.zeros((0, 3, 0, 0), np.uint8))
    return pixels, kept, unreadable


def _left_out(names: Sequence[str], source: Sequence[int]) -> tuple[str, ...]:
    used = set(source)
    foreign = [name for i, name in enumerate(names) if i not in used]
    if not foreign:
        return ()
    return (f"clean data: labels that the model does not have, left out: {_named(foreign)}",)


def _no_use(why: str) -> str:
    return f"clean data are not used: {why}"


def _named(names: Sequence[str]) -> str:
    more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
    return ", ".join(repr(shown(name, 60)) for name in names[:NAMED]) + more


def _plain(name: str) -> str:
    return " ".join(re.findall(r"[^\W_]+", name.lower()))
