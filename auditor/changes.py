"""The nouns of a comparison: how the vulnerabilities of one model differ from those of another.

Light on purpose, like `auditor.types`: what measures fills these records in, what writes reports
reads them, and neither knows the other.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from auditor.types import ModelFacts, Skip

Worse = Literal["higher", "lower"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One measure of two models on the same pictures.

    Attributes:
        measure: Its name, such as "robustness.eps-8".
        before: Of the model before; None where it cannot be said (`note` says why).
        after: Of the model after.
        delta: `after` less `before`.
        low: Lower end of the interval of `delta`, 95 % unless `note` says otherwise.
        high: Upper end.
        reference: Of a model that was never poisoned; None where none was given.
        worse: Which direction is the bad one.
        observations: Pictures behind it.
        label: The model's label that it is about, where it is about one.
        note: What a reader has to know to read the numbers; may be empty.
    """

    measure: str
    before: float | None
    after: float | None
    delta: float | None
    low: float | None
    high: float | None
    reference: float | None
    worse: Worse
    observations: int
    label: str | None = None
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Harm:
    """How much worse a component is, in [0, 1]: 0 is not worse at all.

    Attributes:
        component: Name of the component, such as "membership".
        value: The harm.
        low: Harm at the mild end of the interval.
        high: Harm at the grave end.
        measure: The measure that it was read from, the worst of the component.
        against: What `after` was compared with.
    """

    component: str
    value: float
    low: float
    high: float
    measure: str
    against: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Sequela:
    """What a repair changed in a model's other vulnerabilities.

    Attributes:
        score: In [0, 1], higher is worse; None where no component could be scored.
        low: The score of the mild ends of all harms.
        high: The score of the grave ends.
        harms: One for each component that was scored, worst first.
        missing: Components without a harm: the score does not know of them.
        changes: All that was measured, by component.
        skips: What could not be measured or not scored, and what would help.
        notices: What else a reader should know.
    """

    score: float | None
    low: float | None
    high: float | None
    harms: tuple[Harm, ...]
    missing: tuple[str, ...]
    changes: tuple[Change, ...]
    skips: tuple[Skip, ...]
    notices: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class SequelaReport:
    """Everything that `auditor sequela` says of two models; times are ISO 8601 in UTC."""

    tool_version: str
    started: str
    finished: str
    before: ModelFacts
    after: ModelFacts
    reference: ModelFacts | None
    settings: Mapping[str, Any]
    sequela: Sequela
    seconds: float
    peak_rss_bytes: int
    device: str
