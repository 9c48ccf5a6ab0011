"""Labelled images, whatever they were read from: the record that every source becomes."""

from __future__ import annotations

import io
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from PIL import Image

MAX_PIXELS = 50_000_000  # an image that claims more is a decompression bomb, not a photograph


class UnreadableImageError(Exception):
    """One image cannot be decoded; the caller names it, skips it and counts it."""


@dataclass(frozen=True, slots=True, eq=False)
class LabelledImages:
    """Images with a label each. Nothing is decoded until it is asked for.

    Attributes:
        source: What the user named.
        label_names: Names of the labels, in label order.
        labels: Label index of each image, `(N,)`.
        names: Where each image stands (file name, or file and row), for messages.
        load: Image i in RGB. May raise OSError or UnreadableImageError.
        about: What the source says of each label, by name: synonyms, a WordNet id.
    """

    source: str
    label_names: tuple[str, ...]
    labels: NDArray[np.int64]
    names: tuple[str, ...]
    load: Callable[[int], Image.Image]
    about: Mapping[str, Mapping[str, object]] = field(default_factory=dict)

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

    def image(self, index: int) -> Image.Image:
        """Decode one image to RGB.

        Raises:
            UnreadableImageError: The bytes are missing, truncated, huge or no image at all.
        """
        try:
            return self.load(index)
        except (OSError, UnreadableImageError) as error:
            raise UnreadableImageError(f"{self.names[index]}: {error}") from error


def decode(encoded: bytes) -> Image.Image:
    """Decode bytes to an RGB image, refusing what no photograph would be.

    Raises:
        UnreadableImageError: Not an image, truncated, or more than `MAX_PIXELS`.
    """
    try:
        with warnings.catch_warnings():
            # Pillow warns of bombs and broken metadata; the size is checked right here.
            warnings.simplefilter("ignore")
            image = Image.open(io.BytesIO(encoded))
            if image.width * image.height > MAX_PIXELS:
                raise UnreadableImageError(f"claims {image.width}x{image.height} pixels")
            return image.convert("RGB")
    except UnreadableImageError:
        raise
    except Exception as error:  # Pillow's plug-ins raise many kinds on hostile bytes
        raise UnreadableImageError(f"cannot be decoded ({type(error).__name__})") from error
