"""One batch of answers as the bytes of a file, and back: nothing that was read is believed.

The file is a SHA-256 followed by what it is of: arrays in the safetensors format, which cannot
hold anything but numbers.
"""

from __future__ import annotations

import hashlib

import numpy as np
from numpy.typing import NDArray

from auditor.answers.asked import Shape
from auditor.models.patience import Answered

_DIGEST_BYTES = 32
_MOST_HEADER = 100_000  # bytes; ours are a few hundred
_LOGITS, _FIT, _FEATURES = "logits", "fit", "features."


class DamagedEntry(ValueError):  # noqa: N818 - what it is, rather than that it is an error
    """A file holds no answers to the pictures that it is named after."""


def to_bytes(answered: Answered) -> bytes:
    """The answers as the content of a file."""
    from safetensors.numpy import save

    arrays = {_LOGITS: answered.logits, _FIT: np.array([answered.fit or 0], np.int64)}
    arrays |= {_FEATURES + name: values for name, values in answered.features.items()}
    body = save({name: np.ascontiguousarray(values) for name, values in arrays.items()})
    return hashlib.sha256(body).digest() + body


def from_bytes(content: bytes, pictures: int, shape: Shape) -> Answered:
    """The answers in a file.

    Raises:
        DamagedEntry: They are not whole, or not of so many pictures and of this shape.
    """
    from safetensors import SafetensorError
    from safetensors.numpy import load

    digest, body = content[:_DIGEST_BYTES], content[_DIGEST_BYTES:]
    if hashlib.sha256(body).digest() != digest:
        raise DamagedEntry("it is not whole")
    try:
        arrays = load(body)
    except (SafetensorError, ValueError, KeyError, TypeError, OverflowError) as error:
        raise DamagedEntry("it holds no arrays") from error
    wanted = {_LOGITS: shape.classes} | {_FEATURES + n: w for n, w in shape.widths.items()}
    fit = arrays.pop(_FIT, np.zeros(0))
    if arrays.keys() != wanted.keys() or fit.shape != (1,) or fit.dtype != np.int64:
        raise DamagedEntry("it holds other arrays")
    if not all(_is(arrays[name], (pictures, width)) for name, width in wanted.items()):
        raise DamagedEntry("its arrays are of another shape, or hold no numbers")
    if not 0 <= fit[0] < max(pictures, 1):
        raise DamagedEntry("it tells of a batch that cannot be")
    return Answered(
        logits=arrays[_LOGITS],
        features={name: arrays[_FEATURES + name] for name in shape.widths},
        fit=int(fit[0]) or None,
    )


def most_bytes(pictures: int, shape: Shape) -> int:
    """No file that `to_bytes` makes of so many pictures is larger."""
    numbers = pictures * (shape.classes + sum(shape.widths.values()))
    return _DIGEST_BYTES + _MOST_HEADER + numbers * np.dtype(np.float32).itemsize


def can_be_kept(answered: Answered, shape: Shape) -> bool:
    """Whether `from_bytes` would take it back."""
    pictures = len(answered.logits)
    return (
        _is(answered.logits, (pictures, shape.classes))
        and answered.features.keys() == shape.widths.keys()
        and all(_is(answered.features[n], (pictures, w)) for n, w in shape.widths.items())
    )


def _is(values: NDArray[np.float32], shape: tuple[int, int]) -> bool:
    return values.shape == shape and values.dtype == np.float32 and bool(np.isfinite(values).all())
