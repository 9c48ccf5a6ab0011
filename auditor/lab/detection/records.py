"""What one detector said of one model, as the benchmark keeps it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple


class KindResult(NamedTuple):
    """The strongest evidence of one kind: in its own unit, and how rare it is."""

    value: float
    p_value: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a detector says of a model.

    Attributes:
        score: Higher is more suspect; None where the detector could give none.
        p_value: Where the detector has one.
        called: Whether it calls the model backdoored at the benchmark's false-positive rate; by
            its own customary rule where it has no p-value.
        customary: Whether it does by the rule that its users apply.
        decided: False where the detector gives no verdict (a scan that is `not-audited`).
        targets: Labels it suspects, best first; not necessarily all.
        entities: Names of entities it suspects, best first.
        group: Names of the entities that it names together as the trigger of its first target.
        probes: Single pictures sent through the model.
        kinds: The strongest evidence of each kind, where a detector has several.
    """

    score: float | None
    p_value: float | None
    called: bool
    customary: bool
    decided: bool
    targets: tuple[str, ...]
    entities: tuple[str, ...]
    probes: int
    group: tuple[str, ...] = ()
    kinds: Mapping[str, KindResult] = field(default_factory=dict, hash=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Detection:
    """One row of the raw results.

    Attributes:
        model: Id of the model in its zoo.
        detector: Name of the detector.
        settings: Digest of everything that the answer depends on besides the code.
        answer: What it said.
        seconds: By the clock, loading included.
        cpu_seconds: Of computing, which a busy machine does not lengthen.
    """

    model: str
    detector: str
    settings: str
    answer: Answer
    seconds: float
    cpu_seconds: float
