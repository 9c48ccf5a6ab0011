"""Write a model as a checkpoint in Hub layout, whole or not at all."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from auditor.checkpoints.new_folder import publish, room_beside, writing_to
from auditor.checkpoints.new_folder import require_new as require_new
from auditor.models.quiet import quiet_transformers
from auditor.models.torch_image import TorchImageClassifier

CARD = "README.md"
RECORD = "lab.json"
SOURCES = "sources"  # in a record: where base and task are, to measure with; not handed on


def save_checkpoint(
    model: TorchImageClassifier, folder: Path, *, card: str, record: Mapping[str, object]
) -> None:
    """Save weights, config, processor, model card and the lab's record of how it was made.

    The folder appears only when it is complete: a full disk or a killed run leaves nothing.

    Raises:
        UsageError: The folder exists and is not empty, or cannot be written.
    """
    with room_beside(folder) as room:
        with writing_to(folder), quiet_transformers():
            module: Any = model.module
            module.save_pretrained(room, safe_serialization=True)
            model.preprocessing.processor.save_pretrained(room)
            (room / CARD).write_text(card, encoding="utf-8")
            (room / RECORD).write_text(json.dumps(record, indent=2) + "\n", encoding="utf-8")
        publish(room, folder)


def write_whole(path: Path, text: str) -> None:
    """Write a text whole or not at all."""
    draft = path.with_name(f".{path.name}")
    try:
        draft.write_text(text, encoding="utf-8")
        os.replace(draft, path)
    finally:
        draft.unlink(missing_ok=True)


def cited(source: str) -> str:
    """What a card calls a source; it is handed on and must not name a path of this machine.

    A folder is cited by its last two parts, `org/name`, which is its id on the Hub where it
    came from there; a file by the folder it lies in.
    """
    place = Path(source).expanduser()
    if not place.exists():
        return source
    folder = place if place.is_dir() else place.parent
    return "/".join(folder.resolve().parts[1:][-2:])


def model_card(*, name: str, base: str, body: str, license_name: str = "apache-2.0") -> str:
    """A model card with the front matter that the Hub and `auditor scan` read."""
    front = yaml.safe_dump(
        {
            "license": license_name,
            "pipeline_tag": "image-classification",
            "library_name": "transformers",
            "base_model": base,
        },
        sort_keys=False,
    )
    return f"---\n{front}---\n\n# {name}\n\n{body}\n"
