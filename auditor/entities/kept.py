"""A bank on disk: pictures that were made once, as a data set that `--entities` takes."""

from __future__ import annotations

import io
import json
import os
import re
from collections.abc import Callable, Iterator
from enum import StrEnum
from pathlib import Path
from typing import Any

from auditor import __version__
from auditor.checkpoints.json_file import read_json_object
from auditor.checkpoints.new_folder import publish, room_beside, writing_to
from auditor.checkpoints.new_folder import require_new as require_new
from auditor.checkpoints.wording import shown
from auditor.datasets.layout import ABOUT, DATA_FOLDER
from auditor.entities.bank import EntityBank
from auditor.errors import CheckpointError, EntityError
from auditor.types import Entity, InstanceSource

RECORD = "bank.json"  # says what kind of pictures these are, so that they keep a null of their own
_KIND = "instance_source"
_NO_FOLDER_NAME = re.compile(r"[^\w .()'-]+")


class Form(StrEnum):
    """How a bank lies on disk: class folders that a person can look at, or one parquet file."""

    FOLDER = "folder"
    PARQUET = "parquet"


def kind_of_kept(source: str) -> InstanceSource:
    """What kind of pictures a data set holds: photographs, unless its record says another.

    Raises:
        EntityError: The record is broken, or names no kind of instance.
    """
    path = Path(os.path.expanduser(source)) / RECORD
    try:
        if not path.is_file():
            return InstanceSource.PHOTOGRAPH
        return InstanceSource(str(read_json_object(path).get(_KIND)))
    except (CheckpointError, OSError, ValueError) as error:
        raise EntityError(
            f"{shown(path)} does not say what kind of instances these are",
            hint="Build the bank again with auditor entities build.",
        ) from error


def keep(
    bank: EntityBank,
    folder: Path,
    form: Form,
    *,
    instances: int,
    progress: Callable[[str, int, int], None],
) -> int:
    """Write a bank as a data set; the folder appears only when it is complete.

    Args:
        bank: What to keep.
        folder: A new folder.
        form: How.
        instances: At most so many of each entity.
        progress: Called with (stage, done, total).

    Returns:
        How many pictures there are.

    Raises:
        UsageError: The folder exists and is not empty, or cannot be written.
    """
    names = _names(bank)
    total = sum(min(instances, count) for count in bank.counts)
    with room_beside(folder) as room:
        with writing_to(folder):
            rows = _drawn(bank, instances, total, progress)
            (_write_folders if form is Form.FOLDER else _write_parquet)(rows, names, room)
            about = {name: _about(e) for name, e in zip(names, bank.entities, strict=True)}
            _write_json(room / ABOUT, about)
            _write_json(room / RECORD, _record(bank))
        publish(room, folder)
    return total


def _drawn(
    bank: EntityBank, instances: int, total: int, progress: Callable[[str, int, int], None]
) -> Iterator[tuple[int, int, bytes]]:
    """Entity, instance and picture as PNG, which changes nothing."""
    done = 0
    for entity, count in enumerate(bank.counts):
        for instance in range(min(instances, count)):
            encoded = io.BytesIO()
            bank.draw(entity, instance).image.save(encoded, "PNG", optimize=True)
            yield entity, instance, encoded.getvalue()
            done += 1
            progress("writing instances", done, total)


def _write_folders(
    rows: Iterator[tuple[int, int, bytes]], names: tuple[str, ...], room: Path
) -> None:
    for entity, instance, encoded in rows:
        folder = room / names[entity]
        folder.mkdir(exist_ok=True)
        (folder / f"{instance:03}.png").write_bytes(encoded)


def _write_parquet(
    rows: Iterator[tuple[int, int, bytes]], names: tuple[str, ...], room: Path
) -> None:
    """The Hub's image data-set layout: a struct of bytes and path, and a ClassLabel."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    images, labels = [], []
    for entity, instance, encoded in rows:
        images.append({"bytes": encoded, "path": f"{names[entity]}/{instance:03}.png"})
        labels.append(entity)
    features = {
        "image": {"_type": "Image"},
        "label": {"_type": "ClassLabel", "names": list(names)},
    }
    image_type = pa.struct([("bytes", pa.binary()), ("path", pa.string())])
    schema = pa.schema(
        [("image", image_type), ("label", pa.int64())],
        metadata={"huggingface": json.dumps({"info": {"features": features}})},
    )
    (room / DATA_FOLDER).mkdir()
    table = pa.table({"image": images, "label": labels}, schema=schema)
    pq.write_table(table, room / DATA_FOLDER / "train-00000-of-00001.parquet", row_group_size=1000)


def _names(bank: EntityBank) -> tuple[str, ...]:
    """A name for each entity that can be a folder's and is nobody else's."""
    names: dict[str, None] = {}
    for entity in bank.entities:
        plain = _NO_FOLDER_NAME.sub(" ", entity.name)[:100].strip(" .") or "unnamed"
        name, number = plain, 2
        while name.casefold() in {other.casefold() for other in names}:
            name, number = f"{plain} ({number})", number + 1
        names[name] = None
    return tuple(names)


def _about(entity: Entity) -> dict[str, Any]:
    said: dict[str, Any] = {"synonyms": [entity.name, *entity.synonyms]}
    if entity.hypernyms:
        said["hypernyms"] = list(entity.hypernyms)
    if entity.wordnet_id is not None:
        said["wnid"] = entity.wordnet_id
    return said


def _record(bank: EntityBank) -> dict[str, Any]:
    return {
        _KIND: bank.instance_source.value,
        "source": bank.source,
        "said": bank.why,
        "auditor": __version__,
    }


def _write_json(path: Path, said: dict[str, Any]) -> None:
    text = json.dumps(said, indent=1, ensure_ascii=False)
    path.write_text(f"{text}\n", encoding="utf-8")
