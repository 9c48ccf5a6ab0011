from __future__ import annotations

import struct
import zlib

import numpy as np
import pytest
from PIL import Image

from auditor.datasets.labelled import (
    MAX_PIXELS,
    LabelledImages,
    UnreadableImageError,
    decode,
)
from tests.made_datasets import encoded, picture, same


def images_of(labels: list[int], names: tuple[str, ...]) -> LabelledImages:
    return LabelledImages(
        source="made",
        label_names=names,
        labels=np.array(labels),
        names=tuple(f"made[{i}]" for i in range(len(labels))),
        load=picture,
    )


def png_claiming(width: int, height: int) -> bytes:
    """A PNG without its pixels; what it claims costs nothing to write."""
    header = b"IHDR" + struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    real = encoded(picture(0))
    checksum = struct.pack(">I", zlib.crc32(header))
    return real[:12] + header + checksum + real[12 + len(header) + len(checksum) :]


@pytest.mark.parametrize("kind", ["PNG", "BMP", "GIF", "PPM", "TIFF", "WEBP"])
def test_formats(kind: str):
    flat = Image.new("RGB", (8, 6), (255, 0, 0))
    options = {"lossless": True} if kind == "WEBP" else {}
    assert same(decode(encoded(flat, kind, **options)), flat)


@pytest.mark.parametrize("mode", ["1", "L", "P", "LA", "RGBA"])
def test_every_mode_becomes_rgb(mode: str):
    assert decode(encoded(picture(0).convert(mode))).mode == "RGB"


def test_photographs_stand_upright():
    stored = picture(0)
    exif = Image.Exif()
    exif[0x0112] = 6  # the camera was held on its side
    assert same(decode(encoded(stored, "TIFF", exif=exif)), stored.transpose(Image.ROTATE_270))


def test_broken_metadata_does_not_cost_the_image():
    broken = encoded(picture(0), exif=b"Exif\0\0MM\0*\xff\xff\xff\xff")
    assert same(decode(broken), picture(0))


@pytest.mark.parametrize(
    ("raw", "why"),
    [
        (b"", "cannot be decoded"),
        (b"no image", "cannot be decoded"),
        (encoded(picture(0))[:-100], "cannot be decoded"),
        (encoded(picture(0), "EPS"), "UnidentifiedImageError"),
        (png_claiming(MAX_PIXELS // 1000, 1001), "claims 50000x1001 pixels"),
        (png_claiming(2**31 - 1, 2**31 - 1), "cannot be decoded"),
        (png_claiming(5100, 100), "claims 5100x100 pixels"),
    ],
)
def test_what_is_no_photograph_is_refused(raw: bytes, why: str):
    with pytest.raises(UnreadableImageError, match=why):
        decode(raw)


def test_image_errors_name_the_image():
    def load(index: int) -> Image.Image:
        raise FileNotFoundError(2, "No such file or directory", "/secret/path")

    images = LabelledImages(
        source="made", label_names=("a",), labels=np.array([0]), names=("a/1.png",), load=load
    )
    with pytest.raises(UnreadableImageError, match=r"^a/1\.png: No such file or directory$"):
        images.image(0)


def test_indices_of_a_label():
    images = images_of([1, 0, -1, 1], ("a", "b"))
    assert images.indices_of("b").tolist() == [0, 3]
    with pytest.raises(KeyError):
        images.indices_of("c")


def test_with_labels_counts_by_name():
    images = images_of([0, 1, 2, -1], ("a", "c", "d"))
    assert images.with_labels(("a", "b", "c")).labels.tolist() == [0, 2, -1, -1]
    assert images.with_labels(("a", "b", "c")).label_names == ("a", "b", "c")


def test_with_the_same_labels_nothing_changes_even_where_names_repeat():
    images = images_of([0, 1, 2], ("crane", "owl", "crane"))
    assert images.with_labels(("crane", "owl", "crane")).labels.tolist() == [0, 1, 2]
