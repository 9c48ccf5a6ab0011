"""What a checkpoint's own processor does to an image, split where a probe can be perturbed.

Geometry (resize, crop, pad) is left to the processor of transformers, in its Pillow form, so
that nothing is re-invented and torchvision is not needed. Rescaling and normalisation are two
numbers a channel; they are applied to whole batches behind the model boundary.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from auditor.errors import UnsupportedModel
from auditor.models.classifier import Pixels

PROCESSOR_FILE = "preprocessor_config.json"


@dataclass(frozen=True, slots=True, eq=False)
class Preprocessing:
    """Geometry by the processor, then `x = pixel * scale + offset` for each channel.

    `scale` and `offset` have shape `(3,)` and act on pixels in 0..255.
    """

    processor: Any
    scale: NDArray[np.float32]
    offset: NDArray[np.float32]

    def pixels(self, images: Sequence[Image.Image]) -> Pixels:
        """RGB images -> `(N, 3, H, W)` uint8 at the model's size."""
        out = self.processor(
            list(images), do_rescale=False, do_normalize=False, return_tensors="np"
        )["pixel_values"]
        return np.ascontiguousarray(np.clip(np.rint(out), 0, 255).astype(np.uint8))

    def normalise(self, pixels: NDArray[Any]) -> NDArray[np.float32]:
        """Pixels `(N, 3, H, W)` in 0..255 -> what the network takes."""
        scaled: NDArray[np.float32] = (
            pixels.astype(np.float32) * self.scale[:, None, None] + self.offset[:, None, None]
        )
        return scaled


def load_preprocessing(root: Path) -> Preprocessing:
    """Read `preprocessor_config.json` and check that our split equals the processor's own result.

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
    try:
        processor = AutoImageProcessor.from_pretrained(
            root, local_files_only=True, trust_remote_code=False, backend="pil"
        )
    except (OSError, ValueError, KeyError, TypeError, AttributeError, ImportError) as error:
        raise UnsupportedModel(
            f"{PROCESSOR_FILE} cannot be used: {first_line(error)}",
            hint="It must describe an image processor that transformers has in Pillow form.",
        ) from error
    scale, offset = _affine(json.loads(processor.to_json_string()))
    preprocessing = Preprocessing(processor=processor, scale=scale, offset=offset)
    _check(preprocessing)
    return preprocessing


def _affine(said: dict[str, Any]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Fold rescale_factor, image_mean and image_std into one multiply and one add."""
    factor = float(said.get("rescale_factor") or 1 / 255) if said.get("do_rescale", True) else 1.0
    if not said.get("do_normalize", True):
        return np.full(3, factor, np.float32), np.zeros(3, np.float32)
    mean = np.broadcast_to(np.asarray(said.get("image_mean", 0.0), np.float64), (3,))
    std = np.broadcast_to(np.asarray(said.get("image_std", 1.0), np.float64), (3,))
    if not (np.isfinite(mean).all() and np.isfinite(std).all() and (std > 0).all()):
        raise UnsupportedModel(
            f"{PROCESSOR_FILE} normalises by nonsense (mean {mean.tolist()}, std {std.tolist()})",
            hint="Restore the processor of the model it was fine-tuned from.",
        )
    return (factor / std).astype(np.float32), (-mean / std).astype(np.float32)


def _check(preprocessing: Preprocessing) -> None:
    """A processor may do more than we split out; then its own output differs, and we refuse."""
    ramp = np.add.outer(np.arange(90) * 2, np.arange(120)).astype(np.uint8)
    image = Image.fromarray(np.stack([ramp, ramp.T[:90, :90].repeat(2, 1)[:, :120], 255 - ramp], 2))
    try:
        theirs = np.asarray(preprocessing.processor([image], return_tensors="np")["pixel_values"])
        ours = preprocessing.normalise(preprocessing.pixels([image]))
    except (ValueError, TypeError, KeyError, RuntimeError, MemoryError) as error:
        raise UnsupportedModel(
            f"{PROCESSOR_FILE} fails on an ordinary image: {first_line(error)}",
            hint="Restore the processor of the model it was fine-tuned from.",
        ) from error
    unit = float(np.abs(preprocessing.scale).max())  # one grey level, in the network's units
    if theirs.shape != ours.shape or float(np.abs(theirs - ours).max()) > 0.51 * unit + 1e-4:
        raise UnsupportedModel(
            "the image processor does more than resize, crop and normalise",
            hint="auditor cannot perturb probes behind such a processor yet; please report it.",
        )


def first_line(error: BaseException, limit: int = 160) -> str:
    """The first line of a foreign error message, bounded: messages here are one line."""
    text = str(error).strip() or type(error).__name__
    return text.splitlines()[0][:limit]
