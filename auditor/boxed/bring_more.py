"""Bring what a repair or a comparison reads besides: models, data and reports of other names."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from auditor.boxed.bring import (
    Brought,
    Here,
    bring,
    checkpoint_here,
    data_set_here,
    entities_here,
    weight_bytes,
)
from auditor.config import ScanSettings
from auditor.datasets.open import DatasetSpec
from auditor.errors import about
from auditor.remedy.settings import Extent, RemedySettings
from auditor.repair.clean import TEST_SPLIT
from auditor.sequela.settings import SequelaSettings


def bring_remedy(settings: RemedySettings) -> Brought:
    """Fetch all that a repair reads, as far as it is on the Hub.

    Raises:
        NotAudited: Something that the user named does not exist or cannot be reached.
        UsageError: A setting is wrong.
    """
    scan = settings.repair.scan
    brought = bring(scan)
    assert scan.clean_data is not None
    clean = DatasetSpec(source=scan.clean_data, offline=scan.offline)
    paths = [*brought.paths, *data_set_here(clean, "--clean-data", TEST_SPLIT)]
    if settings.report is not None:
        paths.append(str(settings.report))
    if settings.sequela is Extent.NONE:
        return replace(brought, paths=tuple(paths))
    models = list(_models_beside(settings.comparison))
    return replace(
        brought,
        paths=(*paths, *_paths(models), *_members(settings.comparison)),
        weight_bytes=brought.weight_bytes + sum(weight_bytes(each.root) for each in models),
    )


def bring_comparison(settings: SequelaSettings) -> Brought:
    """Fetch all that a comparison reads, as far as it is on the Hub.

    Raises:
        NotAudited: Something that the user named does not exist or cannot be reached.
    """
    two = []
    for name, source in (("BEFORE", settings.before), ("AFTER", settings.after)):
        with about(name):
            two.append(checkpoint_here(source, settings.offline))
    models = [*two, *_models_beside(settings)]
    clean = DatasetSpec(source=settings.clean_data, split=settings.split, offline=settings.offline)
    return Brought(
        paths=(
            *_paths(models),
            *data_set_here(clean, "--clean-data"),
            *_members(settings),
            *_entities(settings),
        ),
        root=two[0].root,
        weight_bytes=sum(weight_bytes(each.root) for each in models),
    )


def _models_beside(settings: SequelaSettings) -> Iterator[Here]:
    for option, source in (("--reference", settings.reference), ("--base", settings.base)):
        if source is not None:
            with about(option):
                yield checkpoint_here(source, settings.offline)


def _members(settings: SequelaSettings) -> Iterator[str]:
    for option, source, split in (
        ("--members", settings.members, settings.members_split),
        ("--repair-data", settings.repair_data, settings.repair_split),
    ):
        if source is not None:
            spec = DatasetSpec(source=source, split=split, offline=settings.offline)
            yield from data_set_here(spec, option)


def _entities(settings: SequelaSettings) -> Iterator[str]:
    if settings.entities is not None:
        named = ScanSettings(
            model=settings.before, entities=settings.entities, offline=settings.offline
        )
        with about("--entities"):
            yield from entities_here(named)


def _paths(models: list[Here]) -> Iterator[str]:
    for each in models:
        yield from each.paths
