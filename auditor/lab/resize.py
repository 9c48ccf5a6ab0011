"""Run a base at another input size than its processor says: smaller is faster."""

from __future__ import annotations

import copy
from dataclasses import replace

from auditor.errors import UsageError
from auditor.models.preprocessing import preprocessing_of
from auditor.models.torch_image import TorchImageClassifier


def with_input_size(model: TorchImageClassifier, pixels: int) -> TorchImageClassifier:
    """The same weights behind a processor that resizes and crops to `pixels` by `pixels`.

    The margin between resize and crop keeps its proportion.

    Raises:
        UsageError: The processor does not take one size, so that it cannot be scaled.
    """
    processor = copy.deepcopy(model.preprocessing.processor)
    size, crop = dict(processor.size), getattr(processor, "crop_size", None)
    crops = bool(getattr(processor, "do_center_crop", False)) and crop is not None
    if "shortest_edge" in size:
        before = int(crop["height"]) if crops and crop is not None else int(size["shortest_edge"])
        processor.size = {"shortest_edge": round(int(size["shortest_edge"]) * pixels / before)}
    elif {"height", "width"} <= size.keys():
        processor.size = {"height": pixels, "width": pixels}
    else:
        raise UsageError(
            f"--image-size does not fit this base's processor (size {size})",
            hint="Leave --image-size out.",
        )
    if crops:
        processor.crop_size = {"height": pixels, "width": pixels}
    return replace(model, preprocessing=preprocessing_of(processor))
