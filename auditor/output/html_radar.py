"""The radar of a repair's harms: where its spokes and marks stand. The templates draw them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from auditor.output.sequela_v1 import HarmV1
from auditor.output.sequela_wording import Component

WIDTH, HEIGHT = 440.0, 280.0
CENTRE = (WIDTH / 2, HEIGHT / 2)
NONE, MOST = 16.0, 104.0  # radius of no harm, and of the outermost ring
_OUTERMOST = (0.1, 0.2, 0.5, 1.0)
_RINGS = 2  # between no harm and the outermost
_FEWEST = 3  # spokes; fewer are no radar


@dataclass(frozen=True, slots=True)
class Point:
    """A place on the page."""

    x: float
    y: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Spoke:
    """One component; without a harm it has no marks."""

    name: str
    tip: Point
    label: Point
    anchor: str
    harm: float | None
    at: Point | None
    mild: Point | None
    grave: Point | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Ring:
    """All places of one harm."""

    radius: float
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Radar:
    """Spokes in the order of their names; `outline` joins neighbours that both have a harm."""

    spokes: tuple[Spoke, ...]
    rings: tuple[Ring, ...]
    outline: str
    is_closed: bool


def radar(components: Sequence[Component]) -> Radar | None:
    """The radar of components; None where there is nothing to draw."""
    ordered = sorted(components, key=lambda component: component.name)
    harms = [component.harm for component in ordered if component.harm is not None]
    if len(ordered) < _FEWEST or not harms:
        return None
    grave = max(harm.high for harm in harms)
    outermost = next(value for value in _OUTERMOST if grave <= value)
    spokes = tuple(
        _spoke(component.name, component.harm, 2 * math.pi * number / len(ordered), outermost)
        for number, component in enumerate(ordered)
    )
    return Radar(
        spokes=spokes,
        rings=tuple(
            Ring(radius=_radius(value, 1.0), text=f"{value * outermost:.2g}")
            for value in (step / _RINGS for step in range(_RINGS + 1))
        ),
        outline=_outline([spoke.at for spoke in spokes]),
        is_closed=len(harms) == len(ordered),
    )


def _spoke(name: str, harm: HarmV1 | None, angle: float, outermost: float) -> Spoke:
    side = math.sin(angle)
    return Spoke(
        name=name,
        tip=_place(MOST, angle),
        label=_place(MOST + 12, angle),
        anchor="middle" if abs(side) < 0.2 else "start" if side > 0 else "end",
        harm=None if harm is None else harm.value,
        at=None if harm is None else _place(_radius(harm.value, outermost), angle),
        mild=None if harm is None else _place(_radius(harm.low, outermost), angle),
        grave=None if harm is None else _place(_radius(harm.high, outermost), angle),
    )


def _radius(harm: float, outermost: float) -> float:
    return round(NONE + (MOST - NONE) * min(harm / outermost, 1.0), 1)


def _place(radius: float, angle: float) -> Point:
    """Angles go round from the top, as on a clock."""
    x, y = CENTRE
    return Point(round(x + radius * math.sin(angle), 1), round(y - radius * math.cos(angle), 1))


def _outline(points: Sequence[Point | None]) -> str:
    """Lines between neighbours; a component that is not known leaves a gap, not a dent."""
    pieces = []
    for here, after in zip(points, [*points[1:], points[0]], strict=True):
        if here is not None and after is not None:
            pieces.append(f"M{here.x} {here.y}L{after.x} {after.y}")
    return "".join(pieces)
