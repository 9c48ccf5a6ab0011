"""What a checkpoint's own processor does to an image, split where a probe can be perturbed.

Geometry (resize, crop, pad) is left to the processor of transformers, in its Pillow form, so
that nothing is re-invented and torchvision is not needed. Rescaling and normalisation are two
numbers a channel; they are applied to whole batches behind the model boundary.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from auditor.checkpoints.json_file import read_json_object
from auditor.checkpoints.wording import shown
from auditor.errors import UnsupportedModel
from auditor.models.classifier import Pixels
from auditor.models.geometry import BatchGeometry, batch_geometry
from auditor.models.quiet import quiet_transformers
from auditor.models.remote_code import TRUST_IT, require_code_here

PROCESSOR_FILE = "preprocessor_config.json"
MAX_SIDE = 4096  # pixels; no classifier takes more, and a processor that asks for it fills memory
ROUNDING = 1  # grey level by which two exact ways to resize may differ
SIZES_TRIED = ((64, 64), (47, 90), (131, 50), (300, 401), (37, 37))  # height, width
_RESTORE = "Restore the processor of the model it was fine-tuned from."


@dataclass(frozen=True, slots=True, eq=False)
class Preprocessing:
    """Geometry by the processor, then `x = pixel * scale + offset` for each channel.

    `scale` and `offset` have shape `(3,)` and act on pixels in 0..255. `batch` does the geometry
    of many pictures at once and equals the processor's own; None where there is no such thing.
    """

    processor: Any
    scale: NDArray[np.float32]
    offset: NDArray[np.float32]
    batch: BatchGeometry | None = None

    def pixels(self, images: Sequence[Image.Image]) -> Pixels:
        """RGB images -> `(N, 3, H, W)` uint8 at the model's size."""
        if self.batch is not None and self.batch.takes(images):
            return self.batch.pixels(images)
        grey_levels = _geometry_only(self.processor, images)
        if grey_levels.dtype == np.uint8:
            return np.ascontiguousarray(grey_levels)
        return np.ascontiguousarray(np.clip(np.rint(grey_levels), 0, 255).astype(np.uint8))

    def normalise(self, pixels: NDArray[Any]) -> NDArray[np.float32]:
        """Pixels `(N, 3, H, W)` in 0..255 -> what the network takes."""
        scaled: NDArray[np.float32] = (
            pixels.astype(np.float32) * self.scale[:, None, None] + self.offset[:, None, None]
        )
        return scaled


def load_preprocessing(root: Path, code: Collection[str] | None = None) -> Preprocessing:
    """Read `preprocessor_config.json` into a processor and split it.

    Args:
        root: The folder of the checkpoint.
        code: Files of code in it that may be run; None where the user does not trust it.

    Raises:
        UnsupportedModel: There is no processor, it is of an unknown kind, needs code that is
            not part of transformers, or does more than geometry and normalisation.
    """
    from transformers import AutoImageProcessor

    if not (root / PROCESSOR_FILE).is_file():
        raise UnsupportedModel(
            f"no {PROCESSOR_FILE} in the checkpoint, so its input size and scaling are unknown",
            hint="Add the processor of the model it was fine-tuned from.",
        )
    loader: Any = AutoImageProcessor  # typed only in parts
    mapped = read_json_object(root / PROCESSOR_FILE).get("auto_map")
    if code is not None and isinstance(mapped, dict):
        require_code_here(mapped, code)
    try:
        with quiet_transformers():
            processor = loader.from_pretrained(
                root, local_files_only=True, trust_remote_code=code is not None, backend="pil"
            )
    except Exception as error:  # whatever a stranger's file provokes in transformers
        raise UnsupportedModel(
            f"{PROCESSOR_FILE} cannot be used: {first_line(error)}",
            hint=TRUST_IT
            if mapped and code is None
            else "It must describe an image processor that transformers has in Pillow form.",
        ) from error
    return preprocessing_of(processor)


def preprocessing_of(processor: Any) -> Preprocessing:
    """Split an image processor of transformers, and check that the split equals its own result.

    Raises:
        UnsupportedModel: It does more than geometry and normalisation.
    """
    try:
        _require_small(processor)
        scale, offset = _affine(processor)
        plain = Preprocessing(processor=processor, scale=scale, offset=offset)
        _check(plain)
        batch = _equal_batch_geometry(plain)
    except UnsupportedModel:
        raise
    except Exception as error:  # whatever a stranger's settings provoke in transformers
        raise UnsupportedModel(
            f"{PROCESSOR_FILE} fails on ordinary images: {first_line(error)}", hint=_RESTORE
        ) from error
    return replace(plain, batch=batch)


def _equal_batch_geometry(plain: Preprocessing) -> BatchGeometry | None:
    """The way to treat many pictures at once, if on odd sizes it does what the processor does."""
    batch = batch_geometry(plain.processor)
    if batch is None:
        return None
    rng = np.random.default_rng(0)
    for height, width in SIZES_TRIED:
        noise = rng.integers(0, 256, (height, width, 3), dtype=np.uint8)
        images = [Image.fromarray(noise), Image.fromarray(255 - noise)]
        if not batch.takes(images):
            return None
        ours, theirs = batch.pixels(images), plain.pixels(images)
        if ours.shape != theirs.shape:
            return None
        if np.abs(ours.astype(np.int16) - theirs).max() > ROUNDING:
            return None
    return batch


def _require_small(processor: Any) -> None:
    for name in ("size", "crop_size", "pad_size"):
        sides = dict(getattr(processor, name, None) or {}).values()
        if any(side is not None and side > MAX_SIDE for side in sides):
            raise UnsupportedModel(
                f"{PROCESSOR_FILE} asks for images of more than {MAX_SIDE} pixels a side",
                hint=_RESTORE,
            )


def _affine(processor: Any) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Measure scale and offset of each channel on black and white.

    Processors spell them in several ways (factors, means, offsets, a second normalisation);
    what they do to a grey level is always this.
    """
    black, white = (
        _whole(processor, [Image.new("RGB", (96, 96), (level,) * 3)])[0].astype(np.float64)
        for level in (0, 255)
    )
    middle = (slice(None), black.shape[1] // 2, black.shape[2] // 2)  # a crop may pad the edges
    offset = black[middle]
    with np.errstate(all="ignore"):
        scale = (white[middle] - offset) / 255
    if not (np.isfinite(offset).all() and np.isfinite(scale).all() and (scale > 0).all()):
        raise UnsupportedModel(
            f"{PROCESSOR_FILE} normalises by nonsense: black becomes {_listed(offset)}, "
            f"white {_listed(white[middle])}",
            hint=_RESTORE,
        )
    return scale.astype(np.float32), offset.astype(np.float32)


def _check(preprocessing: Preprocessing) -> None:
    """A processor may do more than we split out; then its own output differs, and we refuse."""
    ramp = np.add.outer(np.arange(90) * 2, np.arange(120)).astype(np.uint8)
    wide = np.stack([ramp, ramp.T[:90, :90].repeat(2, 1)[:, :120], 255 - ramp], 2)
    images = [Image.fromarray(wide), Image.fromarray(wide.transpose(1, 0, 2).copy())]
    sizes = {preprocessing.pixels([image]).shape for image in images}
    if len(sizes) > 1:
        raise UnsupportedModel(
            "the image processor makes images of different sizes, so they fit in no batch",
            hint=f"Set a fixed size or a centre crop in {PROCESSOR_FILE}.",
        )
    theirs = _whole(preprocessing.processor, images)
    ours = preprocessing.normalise(preprocessing.pixels(images))
    unit = float(np.abs(preprocessing.scale).max())  # one grey level, in the network's units
    same = theirs.shape == ours.shape and theirs.shape[1] == 3
    if not same or not float(np.abs(theirs - ours).max()) <= 0.51 * unit + 1e-4:
        raise UnsupportedModel(
            "the image processor does more than resize, crop and normalise",
            hint="auditor cannot perturb probes behind such a processor yet; please report it.",
        )


def _whole(processor: Any, images: Sequence[Image.Image]) -> NDArray[Any]:
    with np.errstate(all="ignore"):  # a standard deviation of zero is noticed in the result
        return np.asarray(processor(list(images), return_tensors="np")["pixel_values"])


def _geometry_only(processor: Any, images: Sequence[Image.Image]) -> NDArray[Any]:
    off = {"do_rescale": False, "do_normalize": False}
    if hasattr(processor, "include_top"):
        off["include_top"] = False  # EfficientNet's second normalisation
    return np.asarray(processor(list(images), return_tensors="np", **off)["pixel_values"])


def _listed(values: NDArray[Any]) -> str:
    return ", ".join(f"{value:.3g}" for value in values)


def first_line(error: BaseException, limit: int = 160) -> str:
    """The first line of a foreign error message, bounded: messages here are one line."""
    lines = str(error).strip().splitlines() or [type(error).__name__]
    return shown(lines[0], limit)
