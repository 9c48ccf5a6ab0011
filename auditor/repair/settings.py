"""Settings of a repair: those of the scans before and after it, and its own."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from auditor.config import ScanSettings
from auditor.errors import UsageError
from auditor.repair.methods import AUTO, METHODS
from auditor.repair.task import Rates

MIN_PER_CLASS, MAX_PER_CLASS = 10, 2000
MIN_STEPS, MAX_STEPS = 2, 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """A mapping to repair: where a stored report found it, or the user named it.

    `entity_ids` are the finding's entities; with `pair` "ENTITY=LABEL" the bank is searched.
    """

    id: str
    entity_ids: tuple[str, ...] = ()
    target_label: str = ""
    pair: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RepairSettings:
    """What to repair and how. Field names are those of the command-line options.

    `scan` says how the model is scanned, before and after; its `clean_data` is what is tuned on.
    `found` are mappings that are known already; None scans first. `per_class` is the most clean
    images a class to tune on; `steps` the steps of a method, `longest` those it may go on for;
    `max_accuracy_loss` what a repair may cost and still be called one.
    """

    scan: ScanSettings
    out: Path
    method: str = AUTO
    found: tuple[Wanted, ...] | None = None
    pairs: tuple[str, ...] = ()
    per_class: int = 200
    steps: int = 200
    longest: int | None = None
    batch: int = 32
    rates: Rates = field(default_factory=Rates)
    max_accuracy_loss: float = 0.05
    control: bool = False
    barrier: bool = True

    def __post_init__(self) -> None:
        if self.scan.clean_data is None:
            raise UsageError(
                "remediate needs clean data to tune on",
                hint="Name labelled images of the task: --clean-data SRC.",
            )
        if self.method not in (AUTO, *METHODS):
            raise UsageError(
                f"--method {self.method} is no method", hint=f"Use {AUTO}, {', '.join(METHODS)}."
            )
        _within("--per-class", self.per_class, MIN_PER_CLASS, MAX_PER_CLASS)
        _within("--steps", self.steps, MIN_STEPS, MAX_STEPS)
        _within("--max-steps", self.budget, self.steps, MAX_STEPS)
        _within("--batch", self.batch, 2, 4096)
        _within("--max-accuracy-loss", self.max_accuracy_loss, 0, 1)
        _within("--up", self.rates.up, 1, MAX_STEPS)
        _within("--down", self.rates.down, 1, MAX_STEPS)
        _within("--phase1", self.rates.phase1, 0, 1)
        for name in ("base", "max1", "max2"):
            rate = getattr(self.rates, name)
            if rate is not None and not 0 < rate < float("inf"):
                raise UsageError(
                    f"--lr-{name} {rate:g} is no learning rate", hint="Use a number above 0."
                )

    @property
    def budget(self) -> int:
        """The most steps of one method: twice the steps where nobody said."""
        return 2 * self.steps if self.longest is None else self.longest


def _within(option: str, value: float, low: float, high: float) -> None:
    if not low <= value <= high:
        raise UsageError(
            f"{option} {value:g} is out of range", hint=f"Use a number from {low:g} to {high:g}."
        )
