"""`entities.json` of a data set: what it says of its labels."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from auditor.checkpoints.json_file import read_json_object
from auditor.datasets.layout import ABOUT, DATA_FOLDER
from auditor.errors import CheckpointError, EntityError

LIMIT_BYTES = 32_000_000
About = Mapping[str, Mapping[str, object]]


def read_about(root: Path) -> About:
    """Read what is said of each label: synonyms, a WordNet id. Nothing where there is no file.

    A broken file is refused: without its synonyms an entity that a class is named after would
    look like a trigger.

    Args:
        root: The data set's folder, or its `data` folder where the user named a file in it.

    Raises:
        EntityError: The file is no JSON object, or too large.
    """
    for folder in (root, root.parent) if root.name == DATA_FOLDER else (root,):
        if (folder / ABOUT).is_file():
            try:
                said = read_json_object(folder / ABOUT, limit_bytes=LIMIT_BYTES)
            except CheckpointError as error:
                raise EntityError(error.message, hint=f"Repair {ABOUT}, or remove it.") from error
            return {name: facts for name, facts in said.items() if isinstance(facts, dict)}
    return {}
