"""What a scan will ask: how many instances of each entity under which views.

The plan is fixed before the first forward pass, so that its cost can be printed and kept.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from auditor.probes.views import VIEWS


class Depth(StrEnum):
    """How much a scan may spend."""

    QUICK = "quick"
    STANDARD = "standard"
    DEEP = "deep"


@dataclass(frozen=True, slots=True, kw_only=True)
class ProbePlan:
    """Instances of each entity, each shown under every view.

    Attributes:
        instances: Number of instances for each entity, in bank order.
        views: Names of views, from `VIEWS`.
    """

    instances: tuple[int, ...]
    views: tuple[str, ...]

    @property
    def probes(self) -> int:
        """Forward passes of single pictures that the plan costs."""
        return sum(self.instances) * len(self.views)


# Instances of each entity. Every depth uses all views, so that one null serves all depths.
INSTANCES: dict[Depth, int] = {Depth.QUICK: 3, Depth.STANDARD: 7, Depth.DEEP: 14}


def plan_probes(available: Sequence[int], depth: Depth) -> ProbePlan:
    """Plan for a bank that has `available` instances of each entity."""
    return ProbePlan(
        instances=tuple(min(INSTANCES[depth], count) for count in available),
        views=tuple(VIEWS),
    )
