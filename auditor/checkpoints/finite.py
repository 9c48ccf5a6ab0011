"""Numbers in the weights that are none: NaN and infinity, looked for in the bytes of the files.

The tensors are read in place and in parts, never as a whole, and no tensor library takes part.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from auditor.checkpoints.safetensors_header import TensorEntry, read_header
from auditor.checkpoints.wording import shown
from auditor.types import FileDigest, FileFact

NON_FINITE = "non-finite"  # kind of evidence
MOST_NAMED = 20
PART_BYTES = 16_777_216
# The type that the bytes are read as; bfloat16 and the types of eight bits have their own tests.
_FLOATS = {"F16": "<f2", "F32": "<f4", "F64": "<f8", "C64": "<f4"}
_BF16_EXPONENT = np.uint16(0x7F80)
# Eight bits: which of the 256 patterns are no numbers.
_BYTES_THAT_ARE_NONE = {
    "F8_E4M3": (0x7F, 0xFF),
    "F8_E5M2": (*range(0x7C, 0x80), *range(0xFC, 0x100)),
    "F8_E4M3FNUZ": (0x80,),
    "F8_E5M2FNUZ": (0x80,),
    "F8_E8M0": (0xFF,),
}


def non_finite_fact(path: Path, file: FileDigest) -> FileFact | None:
    """What a rule may say of a safetensors file; None where all of its numbers are finite.

    Raises:
        CheckpointError: It is no safetensors file.
        OSError: It cannot be read.
    """
    return fact_of(file, list(_non_finite(path)))


def fact_of(file: FileDigest, names: list[str]) -> FileFact | None:
    """The fact about tensors of these names; None where there are none."""
    if not names:
        return None
    tensors = "1 tensor holds" if len(names) == 1 else f"{len(names):,} tensors hold"
    return FileFact(
        kind=NON_FINITE,
        file=file,
        says=f"{tensors} NaN or infinity",
        count=len(names),
        named=tuple(shown(name, 120) for name in names[:MOST_NAMED]),
    )


def _non_finite(path: Path) -> Iterator[str]:
    size = path.stat().st_size
    entries = read_header(path)
    begin = size - max((entry.end for entry in entries), default=0)
    with path.open("rb") as file:
        for entry in entries:
            file.seek(begin + entry.begin)
            left = entry.end - entry.begin
            while left > 0:
                part = file.read(min(left, PART_BYTES))
                if not part or _has_none(part, entry):
                    yield entry.name
                    break
                left -= len(part)


def _has_none(part: bytes, entry: TensorEntry) -> bool:
    """Whether a part of a tensor, cut between two numbers, holds what is no number."""
    if entry.dtype in _FLOATS:
        return not bool(np.isfinite(np.frombuffer(part, _FLOATS[entry.dtype])).all())
    if entry.dtype == "BF16":
        exponents = np.frombuffer(part, "<u2") & _BF16_EXPONENT
        return bool((exponents == _BF16_EXPONENT).any())
    none = _BYTES_THAT_ARE_NONE.get(entry.dtype)
    if none is None:
        return False
    return bool(np.isin(np.frombuffer(part, np.uint8), none).any())
