"""`--entities SRC` -> entity bank: photographs from a data set, or rendered ones."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import replace

import numpy as np

from auditor.checkpoints.progress import Progress
from auditor.checkpoints.wording import shown
from auditor.datasets.labelled import LabelledImages
from auditor.datasets.open import DatasetSpec, open_dataset
from auditor.entities.bank import EntityBank, Instance
from auditor.entities.rendered import RENDERED_ENTITIES, render
from auditor.errors import EntityError
from auditor.types import Entity, InstanceSource

AUTO = "auto"
RENDERED = "rendered"
RENDERED_INSTANCES = 256  # as many as anyone asks for; each is drawn when it is needed
RENDERED_SIZE = 64  # pixels; the size of the photographs that nulls are made with
MIN_ENTITIES = 2


def open_entities(spec: DatasetSpec, *, seed: int, progress: Progress | None = None) -> EntityBank:
    """Open the bank that `spec.source` names: `auto`, `rendered`, or any data-set SRC.

    Args:
        spec: The source; for `auto` and `rendered` only its name matters.
        seed: Chooses which instances are drawn, and in what order.
        progress: Told about each file of a Hub data set while it is downloaded.

    Raises:
        EntityError: The data set cannot be found or read, or has fewer than two entities
            with instances.
        UsageError: A column named by the user does not exist.
    """
    if spec.source == AUTO:
        return _rendered(seed, why="auto: no photographs were named with --entities")
    if spec.source == RENDERED:
        return _rendered(seed, why="")
    return _photographs(open_dataset(spec, progress=progress), seed)


def _rendered(seed: int, *, why: str) -> EntityBank:
    def draw(entity: int, instance: int) -> Instance:
        name = RENDERED_ENTITIES[entity]
        rng = np.random.default_rng([seed, entity, instance])
        return Instance(f"rendered/{name}/{instance}", render(name, rng=rng, size=RENDERED_SIZE))

    return EntityBank(
        source=RENDERED,
        instance_source=InstanceSource.RENDERED,
        entities=tuple(
            Entity(id=slug(name), name=name, source=InstanceSource.RENDERED)
            for name in RENDERED_ENTITIES
        ),
        counts=(RENDERED_INSTANCES,) * len(RENDERED_ENTITIES),
        draw=draw,
        why=why,
    )


def _photographs(images: LabelledImages, seed: int) -> EntityBank:
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
        instance_source=InstanceSource.PHOTOGRAPH,
        entities=_with_distinct_ids(
            _entity(images.label_names[i], images.about.get(images.label_names[i], {}))
            for i in kept
        ),
        counts=tuple(len(rows[i]) for i in kept),
        draw=draw,
        revision=images.revision,
    )


def _entity(name: str, about: Mapping[str, object]) -> Entity:
    wordnet_id = about.get("wnid")
    return Entity(
        id=slug(name) if wordnet_id is None else str(wordnet_id),
        name=name,
        source=InstanceSource.PHOTOGRAPH,
        synonyms=_texts(about.get("synonyms")),
        hypernyms=_texts(about.get("hypernyms")),
        wordnet_id=None if wordnet_id is None else str(wordnet_id),
    )


def _texts(said: object) -> tuple[str, ...]:
    return tuple(str(each) for each in said) if isinstance(said, list) else ()


def _with_distinct_ids(entities: Iterable[Entity]) -> tuple[Entity, ...]:
    """Findings name entities by id; labels may repeat, or differ only in what no id keeps."""
    distinct: dict[str, Entity] = {}
    next_number: dict[str, int] = {}
    for entity in entities:
        name = entity.id
        while name in distinct:
            number = next_number.get(entity.id, 2)
            next_number[entity.id] = number + 1
            name = f"{entity.id}-{number}"
        distinct[name] = replace(entity, id=name)
    return tuple(distinct.values())


def slug(name: str) -> str:
    """A name as an identifier: lower case, words of any script joined by hyphens."""
    return re.sub(r"[\W_]+", "-", name.lower()).strip("-") or "unnamed"
