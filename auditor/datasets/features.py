"""Which columns hold the image and the label, and what the Hub's metadata says of them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from auditor.checkpoints.wording import shown
from auditor.errors import EntityError, UsageError

if TYPE_CHECKING:
    import pyarrow as pa

METADATA_BYTES_LIMIT = 32_000_000
LABEL_COLUMNS = ("label", "labels", "fine_label", "class")


@dataclass(frozen=True, slots=True, kw_only=True)
class Columns:
    """Which columns hold the image and the label; None means: find out."""

    image: str | None = None
    label: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ChosenColumns:
    """The columns to read, and the names that the labels are declared to have."""

    image: str
    label: str
    label_names: tuple[str, ...]


def choose_columns(schema: pa.Schema, wanted: Columns, where: str) -> ChosenColumns:
    """Choose the columns of a parquet file in the Hub's image data-set layout.

    Raises:
        UsageError: A column named by the user does not exist, or holds no images.
        EntityError: There is no column that can hold images or labels.
    """
    for name in (wanted.image, wanted.label):
        if name is not None and name not in schema.names:
            raise UsageError(
                f"{shown(where)} has no column {shown(name, 60)!r}", hint=_there_is(schema)
            )
    if wanted.image is not None and not _holds_images(schema, wanted.image):
        kind = shown(schema.field(wanted.image).type, 60)
        raise UsageError(
            f"column {shown(wanted.image, 60)!r} of {shown(where)} holds {kind}, not images",
            hint=_there_is(schema),
        )
    features = _declared_features(schema)
    image = wanted.image or _image_column(schema)
    label = wanted.label or _label_column(schema, features)
    if image is None or label is None:
        raise EntityError(
            f"{shown(where)} has no {'image' if image is None else 'label'} column",
            hint=f"{_there_is(schema)} Use --image-column and --label-column.",
        )
    return ChosenColumns(image=image, label=label, label_names=_names(features.get(label)))


def _there_is(schema: pa.Schema) -> str:
    return f"It has: {shown(', '.join(schema.names), 400)}."


def _image_column(schema: pa.Schema) -> str | None:
    return next((name for name in schema.names if _holds_images(schema, name)), None)


def _holds_images(schema: pa.Schema, name: str) -> bool:
    import pyarrow as pa

    kind = schema.field(name).type
    if pa.types.is_struct(kind):
        return any(kind.field(i).name == "bytes" for i in range(kind.num_fields))
    return bool(pa.types.is_binary(kind) or pa.types.is_large_binary(kind))


def _label_column(schema: pa.Schema, features: Mapping[str, Any]) -> str | None:
    usual = next((name for name in LABEL_COLUMNS if name in schema.names), None)
    if usual is not None:
        return usual
    named = [name for name in schema.names if _names(features.get(name))]
    return named[0] if len(named) == 1 else None


def _declared_features(schema: pa.Schema) -> Mapping[str, Any]:
    raw = (schema.metadata or {}).get(b"huggingface", b"")
    if not raw or len(raw) > METADATA_BYTES_LIMIT:
        return {}
    try:
        features = json.loads(raw)["info"]["features"]
    except (ValueError, KeyError, TypeError, RecursionError):
        return {}
    return features if isinstance(features, dict) else {}


def _names(feature: object) -> tuple[str, ...]:
    """Names of a ClassLabel feature, which are a list, or an object keyed by index."""
    names = feature.get("names") if isinstance(feature, dict) else None
    if isinstance(names, dict):
        ordered = [names.get(str(index)) for index in range(len(names))]
        names = None if None in ordered else ordered
    return tuple(str(name) for name in names) if isinstance(names, list) else ()
