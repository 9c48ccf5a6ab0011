"""One model under both plans, as the benchmark keeps it: a line of `plan.jsonl`."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """What a plan said of a model, and for how many probes."""

    verdict: str
    p_value: float | None
    probes: int
    decided_by: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """Both plans on the same answers.

    Attributes:
        model: Id of the model in its zoo.
        truth: What it is.
        given: What a scan was given: nothing, the base, or the base and clean data.
        entities: Number of entities in the bank.
        fpr: False-positive rate at which was called.
        exhaustive: What the exhaustive plan said.
        sequential: What the sequential one said.
    """

    model: str
    truth: str
    given: str
    entities: int
    fpr: float
    exhaustive: Said
    sequential: Said

    @property
    def key(self) -> tuple[str, str, int, float]:
        """What tells it from every other comparison."""
        return (self.model, self.given, self.entities, self.fpr)

    @property
    def agrees(self) -> bool:
        """Whether both plans have one verdict."""
        return self.exhaustive.verdict == self.sequential.verdict

    @property
    def share(self) -> float:
        """Probes of the sequential plan, as a share of the exhaustive one's."""
        return self.sequential.probes / self.exhaustive.probes


def read_rows(path: Path) -> dict[tuple[str, str, int, float], Compared]:
    """Rows of an earlier run; a last line that a killed run left half-written does not count."""
    if not path.is_file():
        return {}
    whole, _, _ = path.read_text(encoding="utf-8").rpartition("\n")
    rows = [row_of(json.loads(line)) for line in whole.splitlines()]
    return {row.key: row for row in rows}


def append_row(path: Path, row: Compared) -> None:
    """Add one row at the end."""
    with path.open("a", encoding="utf-8") as file:
        file.write(json.dumps(asdict(row)) + "\n")


def row_of(said: Mapping[str, Any]) -> Compared:
    """A row of plain values."""
    both = {name: Said(**said[name]) for name in ("exhaustive", "sequential")}
    return Compared(**{**said, **both})
