"""The data sets that settings name."""

from __future__ import annotations

from auditor.config import ScanSettings
from auditor.datasets.open import DatasetSpec
from auditor.datasets.parquet import Columns


def entity_source(settings: ScanSettings) -> DatasetSpec:
    """The data set of entities as the settings name it."""
    return DatasetSpec(
        source=settings.entities,
        split=settings.split,
        columns=Columns(image=settings.image_column, label=settings.label_column),
        offline=settings.offline,
    )
