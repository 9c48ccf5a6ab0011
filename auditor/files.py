"""What is known of a file before anything opens it, and what a rule may say of one."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class FileDigest:
    """One file of a checkpoint. `path` is relative to its root, POSIX style.

    `kind` is what its content is, whatever its name says; empty where nobody looked.
    """

    path: str
    size_bytes: int
    sha256: str
    kind: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class FileFact:
    """Something about one file that a rule may speak of, found without running the model.

    `kind` is the kind of evidence; `count` how many of what `says` describes there are, and
    `named` the first of them.
    """

    kind: str
    file: FileDigest
    says: str
    count: int
    named: tuple[str, ...] = ()
