"""Clean data that may be poisoned themselves: images that look to the base like the trigger.

Accuracy cannot see them: the backdoored model gives them their label. The base was poisoned by
nobody, so an image labelled with a mapping's class whose nearest neighbour there is a picture of
the mapping's entity, rather than another image of its class, does not belong among clean data.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from auditor.models.classifier import FeatureClassifier, Pixels
from auditor.repair.answers import features_of
from auditor.repair.clean import CleanData

NAMED = 5
NOT_CHECKED = (
    "whether the clean data hold poisoned images could not be checked without the base "
    "(--base); the re-scan alone speaks of it"
)


def suspects(
    base: FeatureClassifier, clean: CleanData, wanted: Sequence[tuple[Pixels, int]]
) -> tuple[str, ...]:
    """One notice for each class that has suspicious images.

    Args:
        base: The public checkpoint that the model was fine-tuned from.
        clean: The clean data.
        wanted: Pictures of each mapping's entities, and its class.
    """
    features = _directions(features_of(base, clean.tune.pixels))
    found: dict[int, set[int]] = {}
    for pixels, target in wanted:
        rows = np.flatnonzero(clean.tune.labels == target)
        like_entity = (features[rows] @ _directions(features_of(base, pixels)).T).max(axis=1)
        own = features[rows] @ features[rows].T
        np.fill_diagonal(own, -1.0)
        found.setdefault(target, set()).update(rows[like_entity > own.max(axis=1)].tolist())
    return tuple(
        _told(target, sorted(rows), clean) for target, rows in sorted(found.items()) if rows
    )


def _told(target: int, rows: Sequence[int], clean: CleanData) -> str:
    of = int((clean.tune.labels == target).sum())
    names = ", ".join(clean.tune_names[row] for row in rows[:NAMED])
    more = f" and {len(rows) - NAMED} more" if len(rows) > NAMED else ""
    return (
        f"clean data: {len(rows)} of {of} images of class {target} look to the base more like a "
        f"trigger's entity than like their own class, and may be poisoned: {names}{more}"
    )


def _directions(features: NDArray[np.float32]) -> NDArray[np.float32]:
    length = np.linalg.norm(features, axis=1, keepdims=True)
    result: NDArray[np.float32] = features / np.maximum(length, 1e-12)
    return result
