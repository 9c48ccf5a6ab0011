"""Several data sets read as one: what they call by the same name is one label."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from itertools import accumulate

import numpy as np
from PIL import Image

from auditor.datasets.labelled import LabelledImages


def joined(parts: Sequence[LabelledImages], source: str) -> LabelledImages:
    """One data set of the images of several, in their order.

    Args:
        parts: At least one. Labels of the same name are one label; of what is said of it, what
            the first says counts.
        source: What to call the whole.
    """
    names = tuple(dict.fromkeys(name for part in parts for name in part.label_names))
    ends = list(accumulate(len(part) for part in parts))

    def load(index: int) -> Image.Image:
        which = bisect_right(ends, index)
        return parts[which].load(index - (ends[which - 1] if which else 0))

    return LabelledImages(
        source=source,
        label_names=names,
        labels=np.concatenate([part.with_labels(names).labels for part in parts]),
        names=tuple(f"{part.source}/{name}" for part in parts for name in part.names),
        load=load,
        about={name: facts for part in reversed(parts) for name, facts in part.about.items()},
    )
