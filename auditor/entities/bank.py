"""Named entities with instances: what a scan asks the model about."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass, replace
from typing import NamedTuple

from PIL import Image

from auditor.types import Entity, InstanceSource


class Instance(NamedTuple):
    """One image of an entity. `name` tells a reader where to find it."""

    name: str
    image: Image.Image


@dataclass(frozen=True, slots=True, eq=False)
class EntityBank:
    """Entities and how to get at instance j of entity i.

    Attributes:
        source: What the user named, or what `auto` chose.
        instance_source: What kind of images these are.
        entities: In bank order; probes refer to entities by position.
        counts: Instances available of each entity.
        draw: (entity, instance) -> Instance. Raises UnreadableImageError.
        why: Why this bank was chosen, where the user did not choose.
        revision: The commit of a data set on the Hub; None for what lies on disk or is drawn.
        notices: What else a reader of the report should know of it.
    """

    source: str
    instance_source: InstanceSource
    entities: tuple[Entity, ...]
    counts: tuple[int, ...]
    draw: Callable[[int, int], Instance]
    why: str = ""
    revision: str | None = None
    notices: tuple[str, ...] = ()

    def without(self, positions: Collection[int]) -> EntityBank:
        """The bank less the entities at these positions."""
        left = [i for i in range(len(self.entities)) if i not in set(positions)]
        return replace(
            self,
            entities=tuple(self.entities[i] for i in left),
            counts=tuple(self.counts[i] for i in left),
            draw=lambda entity, instance: self.draw(left[entity], instance),
        )
