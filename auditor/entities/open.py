"""`--entities SRC` -> entity bank: the one place that knows every kind of source.

`auto` takes the best that is reachable, in this order: photographs that an `entities.toml` in the
current folder names; instances synthesised from the base, where one is known and benign models
were measured with such instances; rendered drawings.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np

from auditor.checkpoints.progress import Progress
from auditor.datasets.open import DatasetSpec, open_dataset
from auditor.entities.bank import EntityBank, Instance
from auditor.entities.kept import kind_of_kept
from auditor.entities.making import Making
from auditor.entities.naming import slug
from auditor.entities.photographs import bank_of_images
from auditor.entities.power import has_benign_models, measured_power
from auditor.entities.rendered import RENDERED_ENTITIES, render
from auditor.entities.source_file import OWN_NAME, SUFFIX, read_source_file
from auditor.entities.sources import BASE, base_bank, diffusion_source, file_bank
from auditor.entities.synthesised.recipe import UNASKED_OPERATIONS
from auditor.errors import NotAudited
from auditor.types import Entity, InstanceSource

AUTO = "auto"
RENDERED = "rendered"
BASE_PREFIX = f"{BASE}:"
DIFFUSION_PREFIX = "diffusion:"
RENDERED_INSTANCES = 256  # as many as anyone asks for; each is drawn when it is needed
RENDERED_SIZE = 64  # pixels; the size of the photographs that nulls are made with
NO_MAKING = Making()


def open_entities(
    spec: DatasetSpec,
    *,
    seed: int,
    making: Making = NO_MAKING,
    progress: Progress | None = None,
    folder: Path | None = None,
) -> EntityBank:
    """Open the bank that `spec.source` names.

    Args:
        spec: The source: `auto`, `base`, `base:MODEL`, `rendered`, `diffusion:MODEL`, an
            entity-source file (`.toml`), or any data-set SRC. Columns and split are for a data
            set only.
        seed: Chooses which instances are drawn, and in what order; decides those that are made.
        making: What instances may be made with.
        progress: Told about each file of a Hub data set while it is downloaded.
        folder: Where `auto` looks for an entity-source file; by default the current folder.

    Raises:
        EntityError: The source cannot be found, reached or read, or holds too few entities.
        NotAudited: A base or diffusion model cannot be used.
        UsageError: A column named by the user does not exist, or a source file is wrong.
    """
    bank = (
        _auto(spec, seed, making, folder or Path())
        if spec.source == AUTO
        else _named(spec, seed, making, progress)
    )
    if bank.instance_source is InstanceSource.PHOTOGRAPH and spec.source != AUTO:
        return bank  # the user's own photographs: nobody measured what these can do
    return replace(bank, notices=(*bank.notices, measured_power(bank.instance_source)))


def _named(
    spec: DatasetSpec, seed: int, making: Making, progress: Progress | None = None
) -> EntityBank:
    source = spec.source
    if source == RENDERED:
        return _rendered(seed)
    if source == BASE:
        return base_bank(making.base, making, seed, offline=spec.offline)
    if source.startswith(BASE_PREFIX):
        model = source.removeprefix(BASE_PREFIX)
        return base_bank(model, making, seed, offline=spec.offline)
    if source.startswith(DIFFUSION_PREFIX):
        model = source.removeprefix(DIFFUSION_PREFIX)
        return diffusion_source(model, making, seed, offline=spec.offline)
    if source.endswith(SUFFIX):
        file = read_source_file(Path(source).expanduser())
        return file_bank(file, source, making, seed, offline=spec.offline)
    images = open_dataset(spec, progress=progress)
    return bank_of_images(images, seed, kind_of_kept(source))


def _auto(spec: DatasetSpec, seed: int, making: Making, folder: Path) -> EntityBank:
    """The first source that is reachable, and why it was taken."""
    passed: list[str] = []
    file = folder / OWN_NAME
    if not file.is_file():
        passed.append(f"no photographs were named with --entities or in an {OWN_NAME} here")
    else:
        bank = _tried(lambda: _named(replace(spec, source=str(file)), seed, making), passed)
        if bank is not None:
            return _because(bank, f"auto: {OWN_NAME} names it")
    why_no_base = _objection_to_base(making)
    if why_no_base is not None:
        passed.append(why_no_base)
    else:
        bank = _tried(lambda: _unasked(spec, seed, making), passed)
        if bank is not None:
            return _because(bank, f"auto: {'; '.join(passed)}; the base is known")
    return _because(_rendered(seed), f"auto: {'; '.join(passed)}")


def _unasked(spec: DatasetSpec, seed: int, making: Making) -> EntityBank:
    """From the base, unless that takes hours: nobody asked for it by name."""
    offline = spec.offline
    return base_bank(making.base, making, seed, offline=offline, most=UNASKED_OPERATIONS)


def _objection_to_base(making: Making) -> str | None:
    if making.base is None:
        return "no base is known to synthesise instances from"
    if not has_benign_models(InstanceSource.SYNTHESISED):
        return "no benign models were measured with instances synthesised from a base"
    return None


def _tried(open_it: Callable[[], EntityBank], passed: list[str]) -> EntityBank | None:
    try:
        return open_it()
    except NotAudited as error:
        passed.append(error.message)
        return None


def _because(bank: EntityBank, why: str) -> EntityBank:
    return replace(bank, why=f"{why}; {bank.why}" if bank.why else why)


def _rendered(seed: int) -> EntityBank:
    def draw(entity: int, instance: int) -> Instance:
        name = RENDERED_ENTITIES[entity]
        rng = np.random.default_rng([seed, entity, instance])
        return Instance(f"rendered/{name}/{instance}", render(name, rng=rng, size=RENDERED_SIZE))

    return EntityBank(
        source=RENDERED,
        instance_source=InstanceSource.RENDERED,
        entities=tuple(
            Entity(id=slug(name), name=name, source=InstanceSource.RENDERED)
            for name in RENDERED_ENTITIES
        ),
        counts=(RENDERED_INSTANCES,) * len(RENDERED_ENTITIES),
        draw=draw,
    )
