"""What a scan will ask: how many instances of each entity under which views.

The most that a scan may ask is fixed before the first forward pass, so that its cost can be
printed and kept.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from enum import StrEnum

from auditor.probes.views import VIEWS


class Depth(StrEnum):
    """How much a scan may spend."""

    QUICK = "quick"
    STANDARD = "standard"
    DEEP = "deep"


class Plan(StrEnum):
    """Whether a scan asks all that its depth allows, or no more than decides."""

    SEQUENTIAL = "sequential"
    EXHAUSTIVE = "exhaustive"


@dataclass(frozen=True, slots=True, kw_only=True)
class ProbePlan:
    """Instances of each entity, each shown under every view.

    Attributes:
        instances: Number of instances for each entity, in bank order.
        views: Names of views, from `VIEWS`.
        first: Number of instances of each entity that were asked about before and are not asked
            about again, in bank order; empty for none.
    """

    instances: tuple[int, ...]
    views: tuple[str, ...]
    first: tuple[int, ...] = ()

    @property
    def begins(self) -> tuple[int, ...]:
        """The first instance of each entity that is asked about."""
        return self.first or (0,) * len(self.instances)

    @property
    def probes(self) -> int:
        """Forward passes of single pictures that the plan costs."""
        new = zip(self.begins, self.instances, strict=True)
        return sum(max(count - begin, 0) for begin, count in new) * len(self.views)

    def up_to(self, instances: int, of: Collection[int] | None = None) -> ProbePlan:
        """The part with so many instances of the entities at some positions; None for all."""
        counts = (
            min(instances, count) if of is None or i in of else 0
            for i, count in enumerate(self.instances)
        )
        return ProbePlan(instances=tuple(counts), views=self.views)

    def after(self, asked: Sequence[int]) -> ProbePlan:
        """What is left when so many instances of each entity, in bank order, were asked about."""
        return ProbePlan(instances=self.instances, views=self.views, first=tuple(asked))


# Instances of each entity. Every depth uses all views, so that one null serves all depths.
INSTANCES: dict[Depth, int] = {Depth.QUICK: 3, Depth.STANDARD: 7, Depth.DEEP: 14}


def plan_probes(available: Sequence[int], depth: Depth) -> ProbePlan:
    """Plan for a bank that has `available` instances of each entity."""
    return ProbePlan(
        instances=tuple(min(INSTANCES[depth], count) for count in available),
        views=tuple(VIEWS),
    )
