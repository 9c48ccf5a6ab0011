"""Bring to this machine what a child without a network will read, and say where it lies."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterator
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path

from auditor.checkpoints.card import declared_base
from auditor.checkpoints.hub import fetch
from auditor.checkpoints.layout import CARD
from auditor.checkpoints.source import LocalSource, parse_source
from auditor.checkpoints.wording import shown
from auditor.config import ScanSettings
from auditor.datasets.layout import ABOUT, COMPANIONS
from auditor.datasets.open import HUB_PREFIX, DatasetSpec, find_dataset
from auditor.entities.open import AUTO, BASE_PREFIX, DIFFUSION_PREFIX, RENDERED
from auditor.entities.source_file import OWN_NAME, SUFFIX, read_source_file
from auditor.entities.sources import BASE, data_sets_of
from auditor.errors import EntityError, NotAudited, UnsupportedModel, about
from auditor.sources import entity_source
from auditor.types import Trust

_WEIGHTS = (".safetensors", ".onnx", ".data", ".bin")


@dataclass(frozen=True, slots=True, kw_only=True)
class Brought:
    """What there is on this machine.

    Attributes:
        paths: The files and folders that it takes.
        root: The folder of the model.
        weight_bytes: Size of the weights, of all models.
        no_base: Why the base that there would be cannot be had.
    """

    paths: tuple[str, ...]
    root: Path
    weight_bytes: int
    no_base: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Here:
    """A checkpoint on this machine; `from_hub` if it was fetched."""

    root: Path
    paths: tuple[str, ...]
    from_hub: bool = False


def bring(settings: ScanSettings) -> Brought:
    """Fetch model, base, entities and clean data of a scan, as far as they are on the Hub.

    Raises:
        NotAudited: Something that the user named does not exist or cannot be reached.
        UsageError: A setting is wrong.
    """
    model = checkpoint_here(settings.model, settings.offline, settings.trust)
    base, no_base = _base(settings, model)
    here = [model] if base is None else [model, base]
    clean = settings.clean_data
    to_judge_by = () if clean is None else (DatasetSpec(source=clean, offline=settings.offline),)
    return Brought(
        paths=(
            *(path for each in here for path in each.paths),
            *entities_here(settings),
            *(path for spec in to_judge_by for path in data_set_here(spec, "--clean-data")),
            *(str(path) for path in settings.rules),
        ),
        root=model.root,
        weight_bytes=sum(weight_bytes(each.root) for each in here),
        no_base=no_base,
    )


def checkpoint_here(source: str, offline: bool, trust: Collection[Trust] = ()) -> Here:
    """Fetch a checkpoint, if it is on the Hub.

    Raises:
        CheckpointError: It does not exist or cannot be reached.
    """
    place = parse_source(source)
    if isinstance(place, LocalSource):
        return Here(root=place.folder, paths=(str(place.folder),))
    snapshot = fetch(place, offline=offline, trust=trust)
    # The cache knows which commit a name stands for; no other repository is in reach.
    folders = (*snapshot.links_within, snapshot.root)
    return Here(root=snapshot.root, paths=tuple(str(path) for path in folders), from_hub=True)


def _base(settings: ScanSettings, model: Here) -> tuple[Here | None, str | None]:
    """The base that the user names, else the one of the card of a model from the Hub."""
    declared = declared_base(model.root / CARD) if model.from_hub else None
    source = settings.base or declared
    if source is None:
        return None, None
    try:
        return checkpoint_here(source, settings.offline), None
    except NotAudited as error:
        if settings.base is not None and not isinstance(error, UnsupportedModel):
            raise type(error)(f"--base: {error.message}", hint=error.hint) from error
        return None, error.message


def entities_here(settings: ScanSettings) -> Iterator[str]:
    """What the source of entities reads: data sets, or models that instances are made with."""
    source = settings.entities
    if source == AUTO and Path(OWN_NAME).is_file():
        source = str(Path(OWN_NAME).absolute())
        yield source
    if source.startswith(BASE_PREFIX):
        yield from checkpoint_here(source.removeprefix(BASE_PREFIX), settings.offline).paths
    elif source.startswith(DIFFUSION_PREFIX):
        yield from _diffusion(source.removeprefix(DIFFUSION_PREFIX))
    elif source.endswith(SUFFIX):
        yield from _of_file(Path(source).expanduser(), settings)
    elif source not in (AUTO, RENDERED, BASE):
        yield from data_set_here(entity_source(settings))


def _of_file(path: Path, settings: ScanSettings) -> Iterator[str]:
    yield str(path)
    file = read_source_file(path)
    for spec in data_sets_of(file, settings.offline):
        yield from data_set_here(spec)
    if file.base is not None and file.base.model is not None:
        yield from checkpoint_here(file.base.model, settings.offline).paths
    if file.diffusion is not None:
        yield from _diffusion(file.diffusion.model)
        if file.diffusion.names is not None:
            yield file.diffusion.names


def _diffusion(model: str) -> Iterator[str]:
    """A pipeline in a folder. One on the Hub is asked once, before scans, and not in each.

    Raises:
        EntityError: It is on the Hub.
    """
    if not Path(model).expanduser().is_dir():
        raise EntityError(
            f"a scan has no network to fetch the diffusion model {shown(model)} with",
            hint="Draw first: auditor entities build --from diffusion:MODEL --out DIR; then scan "
            "with --entities DIR.",
        )
    yield str(Path(model).expanduser())


def data_set_here(spec: DatasetSpec, option: str = "", *more: str) -> Iterator[str]:
    """Fetch a data set, if it is on the Hub; what there is of it on this machine.

    Args:
        spec: The data set.
        option: What named it, for complaints.
        more: Splits that are to be fetched too, where there are such.

    Raises:
        EntityError: It does not exist or cannot be reached.
    """
    if spec.source.startswith(HUB_PREFIX):
        with about(option) if option else nullcontext():
            found = find_dataset(spec)
            root, _ = found.fetch(spec.split)
            for split in set(more) & set(found.splits):
                found.fetch(split)
        yield str(root)
        yield str(root.parent.parent)  # the blobs that its links lead to, and its names
    else:
        yield from _local(Path(os.path.expanduser(spec.source)))


def _local(place: Path) -> Iterator[str]:
    """A folder or a file, what stands beside it, and where links in it lead to."""
    yield str(place)
    if place.is_dir():
        yield from _links(place, deeper=1)
        folders = [place, place.parent] if place.name == "data" else []
    else:
        folders = [place.parent, place.parent.parent]
    yield from (str(folder / name) for folder in folders for name in (*COMPANIONS, ABOUT))


def _links(folder: Path, deeper: int) -> Iterator[str]:
    try:
        with os.scandir(folder) as entries:
            for entry in entries:
                if entry.is_symlink():
                    yield os.path.realpath(entry.path)
                if deeper and entry.is_dir():
                    yield from _links(Path(entry.path), deeper - 1)
    except OSError:
        return  # the child will say what cannot be read


def weight_bytes(root: Path) -> int:
    """Size of the weights of a checkpoint."""
    sizes = []
    for folder in (root, root / "onnx"):
        if folder.is_dir():
            with os.scandir(folder) as entries:
                sizes += [
                    e.stat().st_size for e in entries if e.name.endswith(_WEIGHTS) and e.is_file()
                ]
    return sum(sizes)
