"""One file in a folder -> what the rules about files say of it."""

from __future__ import annotations

from pathlib import Path

from auditor.checkpoints.listing import list_named
from auditor.checkpoints.pickles import pickle_fact
from auditor.judge_files import judge_files
from auditor.rules import shipped_rules
from auditor.types import FileFinding


def found_in(folder: Path, name: str, content: bytes) -> tuple[FileFinding, ...]:
    """The findings in a file of this name and content."""
    (folder / name).write_bytes(content)
    (file,) = list_named(folder, [name])
    fact = pickle_fact(folder / name, file)
    return judge_files(shipped_rules(), [] if fact is None else [fact])
