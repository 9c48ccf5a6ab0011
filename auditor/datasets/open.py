"""SRC -> labelled images: the one place that knows every form a data set can be named in."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path

from auditor.datasets.folder import read_folder
from auditor.datasets.hub import download_dataset
from auditor.datasets.labelled import LabelledImages
from auditor.datasets.parquet import Columns, read_parquet
from auditor.errors import EntityError

HUB_PREFIX = "hf://datasets/"
SHARD = re.compile(r"^(?P<split>[\w.]+?)(-\d{5}-of-\d{5})?\.parquet$")


@dataclass(frozen=True, slots=True, kw_only=True)
class DatasetSpec:
    """A data set as the user names it: SRC, and what the defaults do not fit.

    `split` None means the only split there is, else `train`.
    """

    source: str
    split: str | None = None
    columns: Columns = field(default_factory=Columns)
    offline: bool = False


def open_dataset(spec: DatasetSpec) -> LabelledImages:
    """Open a folder of class folders, a parquet file or folder, or a Hub data set.

    Raises:
        EntityError: It does not exist, cannot be reached, or holds no labelled image.
        UsageError: A column or split named by the user does not exist.
    """
    if spec.source.startswith(HUB_PREFIX):
        root = download_dataset(spec.source.removeprefix(HUB_PREFIX), offline=spec.offline)
    else:
        root = Path(spec.source).expanduser()
    if root.is_file() and root.suffix == ".parquet":
        return read_parquet([root], spec.columns, source=spec.source)
    if not root.is_dir():
        raise EntityError(
            f"{spec.source}: no such folder, parquet file or data set",
            hint="Name a folder of class folders, a parquet file, or hf://datasets/org/name.",
        )
    shards = parquet_splits(root)
    if not shards:
        return read_folder(root)
    return read_parquet(_pick(shards, spec), spec.columns, source=spec.source)


def parquet_splits(root: Path) -> dict[str, list[Path]]:
    """Parquet files of a data-set folder by split, shards in order: `data/<split>-*.parquet`."""
    splits: dict[str, list[Path]] = {}
    for path in sorted([*root.glob("*.parquet"), *root.glob("data/*.parquet")]):
        match = SHARD.match(path.name)
        if match:
            splits.setdefault(match["split"], []).append(path)
    return splits


def _pick(shards: dict[str, list[Path]], spec: DatasetSpec) -> list[Path]:
    wanted = spec.split or ("train" if "train" in shards else next(iter(shards)))
    if wanted not in shards:
        raise EntityError(
            f"{spec.source} has no split {wanted!r}",
            hint=f"It has: {', '.join(shards)}. Use --split.",
        )
    return shards[wanted]
