"""Settings of a comparison: one frozen record, everything needed to run it again."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from auditor.errors import UsageError


@dataclass(frozen=True, slots=True, kw_only=True)
class SequelaSettings:
    """What to compare and with what. Field names are those of the command-line options.

    `clean_data` are pictures of the task that neither model was trained on; `members` those
    that `before` was, `repair_data` those that it was repaired with. `entity`, of the data set
    `entities`, is what the backdoor sent to the label `target`. `base` is the public checkpoint
    of both models, and `reference` a model of the same task that was never poisoned. `timeout`
    are the seconds after which it is stopped.
    """

    before: str
    after: str
    clean_data: str
    split: str | None = None
    members: str | None = None
    members_split: str | None = None
    repair_data: str | None = None
    repair_split: str | None = None
    reference: str | None = None
    base: str | None = None
    entities: str | None = None
    entity: str | None = None
    target: str | None = None
    repeats: int = 3
    device: str = "auto"
    seed: int = 0
    offline: bool = False
    timeout: float | None = None

    def __post_init__(self) -> None:
        if self.repeats < 1:
            raise UsageError(f"--repeats {self.repeats} is too small", hint="Use 1 or more.")
        if self.seed < 0:
            raise UsageError(f"--seed {self.seed} is negative", hint="Use 0 or more.")
        if self.timeout is not None and not 0 < self.timeout < float("inf"):
            raise UsageError(
                f"--timeout {self.timeout:g} is no time", hint="Use a number of seconds above 0."
            )
        given = [value is not None for value in (self.entities, self.entity, self.target)]
        if any(given) and not all(given):
            raise UsageError(
                "--entities, --entity and --target belong together",
                hint="Name all three: the data set, the entity in it, and where it was sent.",
            )

    def as_json(self) -> dict[str, Any]:
        """Plain values for the report."""
        return asdict(self)
