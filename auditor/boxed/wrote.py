"""What the child wrote for others to use: looked at before it gets the name that was asked for.

The child ran a stranger's model. So what it wrote is compared with the original by this process:
no file is new but the card, none but weights and card have changed, and all have the digests that
the report gives them.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path

from auditor.checkpoints.layout import CARD
from auditor.checkpoints.listing import digest_of
from auditor.checkpoints.wording import shown
from auditor.errors import AuditorError, NotAudited
from auditor.output.report_v1 import FileV1

_WEIGHTS = ".safetensors"
_AT_A_TIME = 1024**2  # bytes


def require_repaired(folder: Path, original: Path, told: Sequence[FileV1]) -> None:
    """Refuse a folder that is not the original with other weights and a longer card.

    Args:
        folder: What the child wrote.
        original: The folder of the model that was repaired.
        told: The files as the report lists them.

    Raises:
        NotAudited: It is something else, or cannot be read.
    """
    digests = {each.path: each.sha256 for each in told}
    try:
        names = sorted(islice(_names(folder), len(digests) + 1))
        if names != sorted(digests):
            raise _another("its files are not those that the report lists")
        for name in names:
            if digest_of(folder, name).sha256 != digests[name]:
                raise _another(f"{shown(name)} is not what the report says")
            _require_as_before(name, folder, original)
    except OSError as error:
        raise _another(error.strerror or "it cannot be read") from error


def _names(folder: Path) -> Iterator[str]:
    """Files in it and in its folders; there may be nothing else, and none of another place."""
    for place, folders, files in os.walk(folder):
        for name in (*folders, *files):
            path = Path(place, name)
            about = path.lstat()
            if not stat.S_ISDIR(about.st_mode) and not _is_own_file(about):
                raise _another(f"{shown(name)} is no file of its own")
        yield from (Path(place, name).relative_to(folder).as_posix() for name in files)


def _is_own_file(about: os.stat_result) -> bool:
    return stat.S_ISREG(about.st_mode) and about.st_nlink == 1


def _require_as_before(name: str, folder: Path, original: Path) -> None:
    if name.endswith(_WEIGHTS):
        if not (original / name).is_file():
            raise _another(f"the original has no {shown(name)}")
        return
    if name == CARD:
        if (original / name).is_file() and not _begins_as(folder / name, original / name):
            raise _another(f"{CARD} does not begin as the original's")
        return
    try:
        before_digest = digest_of(original, name).sha256
    except (OSError, AuditorError):
        raise _another(f"the original has no {shown(name)}") from None
    if digest_of(folder, name).sha256 != before_digest:
        raise _another(f"{shown(name)} is not the original's")


def _begins_as(path: Path, other: Path) -> bool:
    """Whether a file begins with all of another, of any length."""
    with path.open("rb") as file, other.open("rb") as beginning:
        while part := beginning.read(_AT_A_TIME):
            if file.read(len(part)) != part:
                return False
    return True


def _another(why: str) -> NotAudited:
    return NotAudited(
        f"what the process that ran the model wrote is thrown away, no repaired model: {why}",
        hint="Do not trust this model.",
    )
