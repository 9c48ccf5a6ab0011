"""Which files of a data set hold which split, decided by name alone.

The same choice is made of a folder's files and of a repository's listing, so the Hub is asked
only for the split that is wanted.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence

from auditor.checkpoints.wording import shown
from auditor.errors import EntityError

ABOUT = "entities.json"
CARD = "README.md"
COMPANIONS = (ABOUT, CARD)
DATA_FOLDER = "data"
_DEFAULT_FOLDERS = ("", DATA_FOLDER)
# train.parquet, train-00000-of-00002.parquet, train-00000-of-00002-0123abcd.parquet
_SHARD = re.compile(
    r"(?P<split>.+?)(-(?P<number>\d{5})-of-(?P<count>\d{5})(-[0-9a-f]+)?)?\.parquet", re.DOTALL
)


def parquet_splits(names: Collection[str], where: str) -> dict[str, tuple[str, ...]]:
    """Choose the parquet files of a data set and sort them into splits.

    Those at its root and in `data/` count; where there are none, those of the only other
    folder that has any (the Hub's layout for a data set with one named configuration).

    Args:
        names: The files there are, as POSIX paths relative to the root.
        where: What the user called the data set.

    Returns:
        Shards by split, in order; empty where there is no parquet file.

    Raises:
        EntityError: A shard is missing, or several folders hold parquet files.
    """
    splits: dict[str, list[str]] = {}
    for name in sorted(_chosen(names, where)):
        splits.setdefault(split_of(name), []).append(name)
    for split, shards in splits.items():
        _require_complete(split, shards, where)
    return {split: tuple(shards) for split, shards in splits.items()}


def split_of(name: str) -> str:
    """The split that a parquet file belongs to, by its name."""
    match = _SHARD.fullmatch(name.rpartition("/")[2])
    return match["split"] if match else name


def pick_split(splits: Collection[str], wanted: str | None, where: str) -> str:
    """Choose a split: the one asked for, else `train`, else the only one.

    Raises:
        EntityError: There is no such split, or none was named and the choice is not clear.
    """
    if wanted is not None and wanted not in splits:
        raise EntityError(
            f"{shown(where)} has no split {shown(wanted, 60)!r}",
            hint=f"It has: {_listed(splits)}. Use --split.",
        )
    if wanted is not None:
        return wanted
    if "train" in splits or len(splits) == 1:
        return "train" if "train" in splits else next(iter(splits))
    raise EntityError(
        f"{shown(where)} has several splits and none of them is named train",
        hint=f"Choose one with --split: {_listed(splits)}.",
    )


def _chosen(names: Collection[str], where: str) -> Sequence[str]:
    folders: dict[str, list[str]] = {}
    for name in names:
        folder, _, file = name.rpartition("/")
        if file.endswith(".parquet") and "/" not in folder and not file.startswith("."):
            folders.setdefault(folder, []).append(name)
    usual = [name for folder in _DEFAULT_FOLDERS for name in folders.get(folder, ())]
    if usual or not folders:
        return usual
    if len(folders) > 1:
        raise EntityError(
            f"{shown(where)} has parquet files in several folders: {_listed(folders)}",
            hint="Download the one you need and name that folder.",
        )
    return next(iter(folders.values()))


def _require_complete(split: str, shards: Sequence[str], where: str) -> None:
    parts = [_SHARD.fullmatch(name.rpartition("/")[2]) for name in shards]
    numbers: Mapping[str, set[int]] = {}
    numbers = {part["count"]: set() for part in parts if part is not None and part["count"]}
    for part in parts:
        if part is not None and part["count"]:
            numbers[part["count"]].add(int(part["number"]))
    if len(numbers) > 1 or (numbers and sum(map(len, numbers.values())) != len(shards)):
        raise EntityError(
            f"{shown(where)} holds files of several versions of split {shown(split, 60)}",
            hint="Keep the shards of one version: <split>-00000-of-N.parquet to the last.",
        )
    for count, found in numbers.items():
        if found != set(range(int(count))):
            raise EntityError(
                f"{shown(where)} has {len(found)} of the {int(count)} files "
                f"of split {shown(split, 60)}",
                hint="The data set is incomplete: download it again.",
            )


def _listed(names: Collection[str]) -> str:
    return shown(", ".join(sorted(names)), 400)
