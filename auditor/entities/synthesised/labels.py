"""Which labels of a base become entities, and what they are called."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from auditor.checkpoints.wording import shown
from auditor.entities.naming import slug, with_distinct_ids
from auditor.errors import AuditorError, EntityError
from auditor.models.torch_image import TorchImageClassifier
from auditor.types import Entity, InstanceSource

# What config.json says where nobody gave the classes names; a WordNet id alone is none either.
_NO_NAME = re.compile(r"(label|class)?[\s_-]*\d+|n\d{8}", re.IGNORECASE | re.ASCII)
_NO_THING = frozenset({"background", "none", "other", "unknown", "n/a"})
_WORDNET = re.compile(r"(?P<id>n\d{8})[\s:,_-]+(?P<names>\S.*)", re.ASCII)
HEAD_PARTS = 64  # directions of the head that labels are told apart by; the rest is noise
MOST_COMPARED = 4000  # labels that are clustered, which takes memory by the square of their number


class Named(NamedTuple):
    """A label of the base that means some kind of thing, by position in its head."""

    label: int
    entity: Entity


def named_labels(labels: Sequence[str], base: str) -> tuple[Named, ...]:
    """Every label that has a name, as an entity with an id of its own.

    Args:
        labels: The base's labels, by index.
        base: What the user named, for messages.

    Raises:
        EntityError: Most labels have no names.
    """
    with_names = [i for i, label in enumerate(labels) if _is_name(label)]
    if 2 * len(with_names) < len(labels):
        raise EntityError(
            f"{shown(base)} has no names for its labels, e.g. {shown(labels[0], 40)!r}, so nobody "
            "could say what was synthesised",
            hint="Add id2label to its config.json, or name photographs with --entities SRC.",
        )
    things = [i for i in with_names if labels[i].strip().casefold() not in _NO_THING]
    entities = with_distinct_ids(_entity(labels[i]) for i in things)
    return tuple(Named(i, entity) for i, entity in zip(things, entities, strict=True))


def rows_of(base: TorchImageClassifier) -> NDArray[np.float32]:
    """The weight of the base's last layer `(C, D)`, by which its labels are told apart.

    Raises:
        EntityError: It has no linear layer that makes its scores.
    """
    try:
        return base.head()[0]
    except AuditorError as error:
        raise EntityError(
            f"the base has no head to synthesise its labels from: {error.message}",
            hint="Name a base with a linear classification head, or photographs with --entities.",
        ) from error


def spread(head: NDArray[np.float32], labels: Sequence[int], count: int) -> list[int]:
    """`count` of the labels, spread over what the head tells apart: dogs are not asked 118 times.

    The rows of the head are clustered (Ward); of each cluster the label nearest to its middle is
    taken. The same head gives the same labels.

    Args:
        head: Weight of the last layer `(C, D)`.
        labels: Rows to choose from.
        count: How many.

    Returns:
        The chosen ones, ascending.
    """
    if count >= len(labels):
        return sorted(labels)
    if len(labels) > max(count, MOST_COMPARED):
        steps = np.linspace(0, len(labels) - 1, max(count, MOST_COMPARED)).astype(int)
        return spread(head, [labels[i] for i in steps], count)
    from scipy.cluster.hierarchy import fcluster, linkage

    rows = _directions(head[list(labels)])
    cluster = fcluster(linkage(rows, "ward"), count, "maxclust")
    chosen = []
    for number in np.unique(cluster):
        members = np.flatnonzero(cluster == number)
        middle = rows[members].mean(axis=0)
        chosen.append(labels[members[((rows[members] - middle) ** 2).sum(axis=1).argmin()]])
    rest = [label for label in labels if label not in set(chosen)]  # ties may cost a cluster
    return sorted([*chosen, *rest[: count - len(chosen)]])


def _directions(rows: NDArray[np.float32]) -> NDArray[np.float64]:
    """The head's rows less their mean, in its main directions, of unit length."""
    centred = (rows - rows.mean(axis=0)).astype(np.float64)
    left, sizes, _ = np.linalg.svd(centred, full_matrices=False)
    main: NDArray[np.float64] = (left * sizes)[:, :HEAD_PARTS]
    unit: NDArray[np.float64] = main / np.maximum(np.linalg.norm(main, axis=1)[:, None], 1e-12)
    return unit


def _is_name(label: str) -> bool:
    return _NO_NAME.fullmatch(label.strip()) is None


def _entity(label: str) -> Entity:
    """ImageNet-style labels list synonyms, the usual one first; some begin with a WordNet id."""
    found = _WORDNET.fullmatch(label.strip())
    wordnet_id = found["id"] if found else None
    said = found["names"] if found else label
    names = [name for part in said.split(",") if (name := part.strip())] or [said.strip()]
    return Entity(
        id=wordnet_id or slug(names[0]),
        name=names[0],
        source=InstanceSource.SYNTHESISED,
        synonyms=tuple(names[1:]),
        wordnet_id=wordnet_id,
    )
