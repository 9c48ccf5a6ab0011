"""Who is asked: all that decides an answer besides the pixels."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from importlib import metadata

FORMAT = 1  # of the files
_ENGINES = ("model-auditor", "torch", "transformers", "onnxruntime", "onnxruntime-gpu")


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """What answers look like: the number of classes, and the width of each kind of features."""

    classes: int
    widths: Mapping[str, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A model, with or without its base, as it is run here; the digests name exact weights."""

    model_digest: str
    base_digest: str | None
    engine: str
    device: str
    precision: str
    shape: Shape

    @property
    def name(self) -> str:
        """A name that nothing else has, not even the same weights run by another version."""
        said = [FORMAT, _versions(), asdict(self)]
        return hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()[:32]


def _versions() -> list[str]:
    found = []
    for name in _ENGINES:
        try:
            found.append(f"{name} {metadata.version(name)}")
        except metadata.PackageNotFoundError:
            continue
    return found
