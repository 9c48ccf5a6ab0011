"""Settings of a remedy: those of the repair, and what is measured afterwards."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from enum import StrEnum
from pathlib import Path
from typing import Any

from auditor.config import ScanSettings, record_from, require_known, settings_from
from auditor.errors import UsageError
from auditor.probes.plan import Plan
from auditor.repair.settings import RepairSettings
from auditor.repair.task import Rates
from auditor.sequela.settings import SequelaSettings

# Of the settings of a scan, what has no meaning here: the model is tuned, nothing is gated by an
# earlier report, and scans before and after ask the same, which is all.
_NOT_HERE = ("model", "engine", "baseline", "ignore", "config", "plan", "max_probes")
# Options that go by another name in the records below.
_RATES = {"lr_base": "base", "lr_max1": "max1", "lr_max2": "max2"}
_REPAIR = {"max_steps": "longest", "mapping": "pairs"}
_PLAIN = (
    *("method", "per_class", "steps", "longest", "batch", "max_accuracy_loss", "control"),
    "barrier",
)


class Extent(StrEnum):
    """How much is measured of what a repair left behind."""

    QUICK = "quick"
    FULL = "full"
    NONE = "none"


@dataclass(frozen=True, slots=True, kw_only=True)
class RemedySettings:
    """What to repair, how, and what to measure then. Field names are those of the options.

    `report` is a stored scan of the model, whose findings are repaired; `members` are images that
    the model was trained on, `reference` a model of the task that was never poisoned.
    """

    repair: RepairSettings
    report: Path | None = None
    sequela: Extent = Extent.QUICK
    members: str | None = None
    members_split: str | None = None
    reference: str | None = None

    def __post_init__(self) -> None:
        beside = {"--members": self.members, "--reference": self.reference}
        named = [option for option, value in beside.items() if value is not None]
        if named and self.sequela is Extent.NONE:
            raise UsageError(
                f"{named[0]} is of no use with --sequela none",
                hint="Leave one of the two out.",
            )
        if self.members_split is not None and self.members is None:
            raise UsageError("--members-split needs --members", hint="Name the data set too.")

    @property
    def comparison(self) -> SequelaSettings:
        """The model before and after, as `auditor sequela` would be told of them."""
        scan = self.repair.scan
        assert scan.clean_data is not None
        return SequelaSettings(
            before=scan.model,
            after=str(self.repair.out),
            clean_data=scan.clean_data,
            members=self.members,
            members_split=self.members_split,
            reference=self.reference,
            base=scan.base if self.sequela is Extent.FULL else None,
            device=scan.device,
            seed=scan.seed,
            offline=scan.offline,
        )

    def as_json(self) -> dict[str, Any]:
        """Plain values for the report, by the names of the options."""
        repair = self.repair
        scan = {name: value for name, value in repair.scan.as_json().items() if name in _SCAN}
        rates = {_option(_RATES, name): value for name, value in asdict(repair.rates).items()}
        kept = {_option(_REPAIR, name): getattr(repair, name) for name in _PLAIN}
        return {
            **{"model": repair.scan.model, **scan, **rates, **kept},
            "mapping": list(repair.pairs),
            "out": str(repair.out),
            "report": None if self.report is None else str(self.report),
            "sequela": self.sequela.value,
            "members": self.members,
            "members_split": self.members_split,
            "reference": self.reference,
        }


_SCAN = tuple(f.name for f in fields(ScanSettings) if f.name not in _NOT_HERE)
_RATE_NAMES = ("lr_base", "lr_max1", "lr_max2", "up", "down", "phase1")
_REPAIR_NAMES = (
    *("out", "method", "mapping", "per_class", "steps", "max_steps", "batch"),
    *("max_accuracy_loss", "control", "barrier"),
)
_OWN_NAMES = ("report", "sequela", "members", "members_split", "reference")


def remedy_settings(model: str, said: Mapping[str, Any]) -> RemedySettings:
    """Settings from keyword arguments, named as the options of `auditor remediate`.

    Raises:
        UsageError: An unknown name (the nearest known one is named) or a wrong value.
    """
    require_known(said, [*_REPAIR_NAMES, *_OWN_NAMES, *_SCAN, *_RATE_NAMES])
    asked = {name: said[name] for name in _SCAN if name in said}
    scan = settings_from(model, {**asked, "plan": Plan.EXHAUSTIVE})
    rates = {_RATES.get(name, name): said[name] for name in _RATE_NAMES if name in said}
    repair = {_REPAIR.get(name, name): said[name] for name in _REPAIR_NAMES if name in said}
    if isinstance(repair.get("pairs"), str):
        repair["pairs"] = (repair["pairs"],)
    return record_from(
        RemedySettings,
        {
            **{name: said[name] for name in _OWN_NAMES if name in said},
            "repair": record_from(
                RepairSettings, {**repair, "scan": scan, "rates": record_from(Rates, rates)}
            ),
        },
    )


def _option(names: Mapping[str, str], field: str) -> str:
    """The option of a field."""
    return next((option for option, name in names.items() if name == field), field)
