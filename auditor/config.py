"""Settings of a scan: one frozen record, everything needed to run it again."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from auditor.errors import UsageError
from auditor.models.load import Engine
from auditor.probes.plan import Depth

MAX_FALSE_POSITIVE_RATE = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class ScanSettings:
    """What to scan and how. Field names are those of the command-line options.

    `fpr` is the false-positive rate at which a finding is called; `batch_size` None lets
    auditor choose; `rules` are extra rule files or folders.
    """

    model: str
    base: str | None = None
    entities: str = "auto"
    split: str | None = None
    image_column: str | None = None
    label_column: str | None = None
    depth: Depth = Depth.STANDARD
    fpr: float = 0.01
    engine: Engine = Engine.AUTO
    device: str = "auto"
    batch_size: int | None = None
    seed: int = 0
    rules: tuple[Path, ...] = field(default=())
    offline: bool = False

    def __post_init__(self) -> None:
        if not 0 < self.fpr <= MAX_FALSE_POSITIVE_RATE:
            raise UsageError(
                f"--fpr {self.fpr} is no false-positive rate",
                hint=f"Use a number above 0 and at most {MAX_FALSE_POSITIVE_RATE}.",
            )
        if self.batch_size is not None and self.batch_size < 1:
            raise UsageError(
                f"--batch-size {self.batch_size} is too small", hint="Use auto or a number >= 1."
            )
        if self.seed < 0:
            raise UsageError(f"--seed {self.seed} is negative", hint="Use 0 or more.")

    def as_json(self) -> dict[str, Any]:
        """Plain values for the report."""
        said = asdict(self)
        said["rules"] = [str(path) for path in self.rules]
        said["depth"], said["engine"] = self.depth.value, self.engine.value
        return said
