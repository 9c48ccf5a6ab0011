"""Pictures that were made before, in the user's cache: a base is searched through once."""

from __future__ import annotations

import contextlib
import io
import os
import zipfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from auditor.answers.place import cache_folder
from auditor.models.classifier import Pixels


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """The instances of one base, by recipe, labels and seed: one file for each round of labels.

    Attributes:
        folder: Named after the base's digest and the key of all that decides the pictures.
    """

    folder: Path

    @classmethod
    def of(cls, digest: str, key: str, root: Path | None = None) -> Kept:
        """Those of the base with this digest."""
        return cls(folder=(root or cache_folder()) / "synthesised" / f"{digest[:32]}-{key}")

    def holds(self, instances: int) -> bool:
        """Whether so many instances of every label are kept."""
        return all(self._path(instance).is_file() for instance in range(instances))

    def read(self, instance: int, shape: tuple[int, ...]) -> Pixels | None:
        """Instance number `instance` of every label; None where there is none, or a broken one."""
        try:
            whole = io.BytesIO(self._path(instance).read_bytes())  # numpy leaves a broken file open
            with np.load(whole, allow_pickle=False) as file:
                pictures: Pixels = file["pictures"]
        except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile):
            return None
        return pictures if pictures.shape == shape and pictures.dtype == np.uint8 else None

    def write(self, instance: int, pictures: Pixels) -> None:
        """Keep a round, whole or not at all; a cache that cannot be written costs only time."""
        path = self._path(instance)
        draft = path.with_name(f".{os.getpid()}-{path.name}")
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            np.savez_compressed(draft, pictures=pictures)
            draft.replace(path)
        except OSError:
            with contextlib.suppress(OSError):
                draft.unlink(missing_ok=True)

    def _path(self, instance: int) -> Path:
        return self.folder / f"{instance:03}.npz"
