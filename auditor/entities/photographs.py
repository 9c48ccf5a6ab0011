"""Labelled images -> entity bank: photographs, or pictures that auditor made and kept."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from auditor.checkpoints.wording import shown
from auditor.datasets.labelled import LabelledImages
from auditor.entities.bank import EntityBank, Instance
from auditor.entities.naming import slug, with_distinct_ids
from auditor.errors import EntityError
from auditor.types import Entity, InstanceSource

MIN_ENTITIES = 2


def bank_of_images(
    images: LabelledImages, seed: int, kind: InstanceSource = InstanceSource.PHOTOGRAPH
) -> EntityBank:
    """Every label with images as an entity; the seed chooses which of them, in what order.

    Args:
        images: The pictures.
        seed: Shuffles the pictures of each label.
        kind: What kind of pictures these are.

    Raises:
        EntityError: Fewer than two labels have images.
    """
    rows = [np.flatnonzero(images.labels == i) for i in range(len(images.label_names))]
    kept = [i for i, members in enumerate(rows) if len(members)]
    if len(kept) < MIN_ENTITIES:
        raise EntityError(
            f"{shown(images.source)} holds {len(kept)} entities with images",
            hint=f"At least {MIN_ENTITIES} are needed, so that one can stand out from the others.",
        )
    orders = {i: np.random.default_rng([seed, i]).permutation(rows[i]) for i in kept}

    def draw(entity: int, instance: int) -> Instance:
        row = int(orders[kept[entity]][instance])
        return Instance(images.names[row], images.image(row))

    return EntityBank(
        source=images.source,
        instance_source=kind,
        entities=with_distinct_ids(
            _entity(images.label_names[i], images.about.get(images.label_names[i], {}), kind)
            for i in kept
        ),
        counts=tuple(len(rows[i]) for i in kept),
        draw=draw,
        revision=images.revision,
    )


def _entity(name: str, about: Mapping[str, object], kind: InstanceSource) -> Entity:
    wordnet_id = about.get("wnid")
    return Entity(
        id=slug(name) if wordnet_id is None else str(wordnet_id),
        name=name,
        source=kind,
        synonyms=_texts(about.get("synonyms")),
        hypernyms=_texts(about.get("hypernyms")),
        wordnet_id=None if wordnet_id is None else str(wordnet_id),
    )


def _texts(said: object) -> tuple[str, ...]:
    return tuple(str(each) for each in said) if isinstance(said, list) else ()
