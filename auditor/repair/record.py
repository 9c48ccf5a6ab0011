"""The nouns of a repair. Frozen records of plain numbers; nothing here loads anything heavy."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import NamedTuple

Schedule = Mapping[str, float]


class RepairVerdict(StrEnum):
    """What became of the mappings that were found."""

    REPAIRED = "repaired"
    PARTLY = "partly"
    NOT_REPAIRED = "not repaired"
    NOTHING_TO_REPAIR = "nothing to repair"


class MappingState(StrEnum):
    """What became of one mapping: at the natural rate, closer to it, or where it was."""

    GONE = "gone"
    WEAKER = "weaker"
    THERE = "there"


class Share(NamedTuple):
    """A share with its 95 % interval, and of how many."""

    value: float
    low: float
    high: float
    observations: int


class Moment(NamedTuple):
    """The model after some steps of tuning.

    `loss` is the mean since the moment before; `accuracy` that on the clean images which choose
    the best moment; `success` the share of each mapping's pictures that go to its class.
    """

    step: int
    rate: float
    loss: float
    accuracy: float
    success: tuple[float, ...]


class RangeTest(NamedTuple):
    """A learning-rate range test: the smoothed loss at each rate, and the rate it chose."""

    rates: tuple[float, ...]
    losses: tuple[float, ...]
    chosen: float
    why: str


class Overridden(NamedTuple):
    """A setting of the checkpoint that was changed while tuning, and restored on saving."""

    module: str
    setting: str
    was: float
    became: float


@dataclass(frozen=True, slots=True, kw_only=True)
class MappingOutcome:
    """A mapping before and after: the share of its entities' pictures that go to its class.

    `id` is the finding's fingerprint, or the pair as the user named it. `natural` is what honest
    heads do with the same pictures; the mapping is gone where `after` is at most `accepted`.
    """

    id: str
    entities: tuple[str, ...]
    target_index: int
    target_label: str
    before: Share
    after: Share
    natural: Share
    accepted: float
    state: MappingState


@dataclass(frozen=True, slots=True, kw_only=True)
class AccuracyOutcome:
    """Accuracy on held-out clean images before and after; `loss` is what was lost, in pairs.

    `per_class` holds label, images, share right before and share right after.
    """

    before: Share
    after: Share
    loss: Share
    per_class: tuple[tuple[str, int, float, float], ...]


class Attempt(NamedTuple):
    """A method that was tried: what came of it and how long it took."""

    method: str
    verdict: RepairVerdict
    accuracy: float
    success: tuple[float, ...]
    steps: int
    seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Control:
    """The same architecture from fresh weights, on the same clean data, for the same steps."""

    steps: int
    accuracy: Share
    success: tuple[Share, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Barrier:
    """Along the straight line from the weights before (0) to those after (1).

    `height` is the most that the loss rises above the line between its two ends. A low one says
    that the repaired model lies in the same basin as the backdoored one, from where published
    attacks bring backdoors back cheaply.
    """

    at: tuple[float, ...]
    losses: tuple[float, ...]
    accuracies: tuple[float, ...]
    success: tuple[tuple[float, ...], ...]
    height: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Remediation:
    """What was done to a model, and what it did to it.

    `reasons` say why the verdict is not a better one. `output` is the folder that was written,
    None where none was. `natural_from` says whose answer the natural rates are.
    """

    method: str
    verdict: RepairVerdict
    reasons: tuple[str, ...]
    output: str | None
    data_source: str
    data_images: int
    held_out_images: int
    steps: int = 0
    chosen_step: int = 0
    batch: int = 0
    seconds: float = 0.0
    schedule: Schedule = field(default_factory=dict, hash=False)
    range_test: RangeTest | None = None
    history: tuple[Moment, ...] = ()
    overrides: tuple[Overridden, ...] = ()
    frozen: tuple[str, ...] = ()
    natural_from: str = ""
    mappings: tuple[MappingOutcome, ...] = ()
    accuracy: AccuracyOutcome | None = None
    attempts: tuple[Attempt, ...] = ()
    control: Control | None = None
    barrier: Barrier | None = None
    notices: tuple[str, ...] = ()
