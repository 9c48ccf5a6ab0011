"""Labelled images, whatever they were read from: the record that every source becomes."""

from __future__ import annotations

import io
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps

MAX_PIXELS = 50_000_000  # an image that claims more is a decompression bomb, not a photograph
MAX_BYTES = 200_000_000  # of one encoded image
# Pillow opens more kinds, some of them by starting other programs.
FORMATS = ("BMP", "GIF", "JPEG", "PNG", "PPM", "TIFF", "WEBP")
# A strip of one row would be blown up to gigabytes when its short side is resized.
MAX_SIDES_RATIO = 50


class UnreadableImageError(Exception):
    """One image cannot be decoded; the caller names it, skips it and counts it."""


@dataclass(frozen=True, slots=True, eq=False)
class LabelledImages:
    """Images with a label each. Nothing is decoded until it is asked for.

    Attributes:
        source: What the user named.
        label_names: Names of the labels, in label order.
        labels: Label index of each image, `(N,)`; -1 where it has none.
        names: Where each image stands (file name, or file and row), for messages.
        load: Image i in RGB. May raise OSError or UnreadableImageError.
        about: What the source says of each label, by name: synonyms, a WordNet id.
        revision: The commit on the Hub that it was read at, None for what lies on disk.
    """

    source: str
    label_names: tuple[str, ...]
    labels: NDArray[np.int64]
    names: tuple[str, ...]
    load: Callable[[int], Image.Image]
    about: Mapping[str, Mapping[str, object]] = field(default_factory=dict)
    revision: str | None = None

    def __len__(self) -> int:
        """Number of images."""
        return len(self.names)

    def indices_of(self, label_name: str) -> NDArray[np.int64]:
        """Positions of the images of one label, in source order.

        Raises:
            KeyError: There is no such label.
        """
        try:
            label = self.label_names.index(label_name)
        except ValueError:
            raise KeyError(label_name) from None
        return np.flatnonzero(self.labels == label)

    def with_labels(self, label_names: tuple[str, ...]) -> LabelledImages:
        """The same images with labels counted as in `label_names`, by name.

        Two splits of one data set may hold different classes and then count them differently.
        Images of a label that is not among `label_names` have none (-1).
        """
        if label_names == self.label_names:
            return self
        # Of a name that occurs twice the first counts, as for `indices_of`.
        position = {name: i for i, name in reversed(list(enumerate(label_names)))}
        renumbered = np.array([*(position.get(name, -1) for name in self.label_names), -1])
        return replace(
            self, label_names=label_names, labels=renumbered[self.labels].astype(np.int64)
        )

    def image(self, index: int) -> Image.Image:
        """Decode one image to RGB.

        Raises:
            UnreadableImageError: The bytes are missing, truncated, huge or no image at all.
        """
        try:
            return self.load(index)
        except (OSError, UnreadableImageError) as error:
            why = getattr(error, "strerror", None) or error
            raise UnreadableImageError(f"{self.names[index]}: {why}") from error


def decode(encoded: bytes) -> Image.Image:
    """Decode bytes to an upright RGB image, refusing what no photograph would be.

    Raises:
        UnreadableImageError: Not an image, truncated, or larger or longer than the limits here.
    """
    try:
        with warnings.catch_warnings():
            # Pillow warns of bombs and broken metadata; the size is checked right here.
            warnings.simplefilter("ignore")
            image = Image.open(io.BytesIO(encoded), formats=FORMATS)
            _require_photograph(image.width, image.height)
            return _upright(image).convert("RGB")
    except UnreadableImageError:
        raise
    except Exception as error:  # Pillow's plug-ins raise many kinds on hostile bytes
        raise UnreadableImageError(f"cannot be decoded ({type(error).__name__})") from error


def _require_photograph(width: int, height: int) -> None:
    if width * height > MAX_PIXELS or max(width, height) > MAX_SIDES_RATIO * min(width, height):
        raise UnreadableImageError(f"claims {width}x{height} pixels")


def _upright(image: Image.Image) -> Image.Image:
    """Cameras store how they were held beside the pixels, and not always well."""
    try:
        return ImageOps.exif_transpose(image)
    except Exception:  # broken metadata; broken pixels come to light when they are converted
        return image
