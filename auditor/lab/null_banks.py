"""What benign models are probed with: one bank for all, or one of each model's own base."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

from auditor.datasets.open import DatasetSpec
from auditor.entities.bank import EntityBank
from auditor.entities.making import Making
from auditor.entities.open import BASE_PREFIX, open_entities
from auditor.entities.sources import BASE
from auditor.errors import UsageError
from auditor.lab.null import BankOf
from auditor.lab.null_grid import INSTANCE_GRID
from auditor.lab.training import Progress, silent


def bank_for_null(source: str, *, progress: Progress = silent) -> EntityBank | BankOf:
    """The bank that `source` names; for `base` what makes one of a model's own base.

    Raises:
        NotAudited: The source cannot be opened.
    """
    if source != BASE:
        return open_entities(DatasetSpec(source=source), seed=0)
    making = Making(device="auto", instances=INSTANCE_GRID[-1], progress=progress)

    @cache
    def of(base: str) -> EntityBank:
        return open_entities(DatasetSpec(source=f"{BASE_PREFIX}{base}"), seed=0, making=making)

    def bank_of(sources: Mapping[str, str] | None) -> EntityBank:
        if sources is None:
            raise UsageError("a model without a base has no instances of its base", hint="")
        return of(sources["base"])

    return bank_of
