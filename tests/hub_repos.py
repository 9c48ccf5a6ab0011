"""The repositories that `tests.hub_server` serves: folders with commits, as the Hub lists them."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

# Kept outside git on the Hub: their ETag is a SHA-256, other files have a git hash.
LFS_SUFFIXES = (".safetensors", ".onnx", ".parquet", ".bin", ".h5")


@dataclass(frozen=True, slots=True, kw_only=True)
class Cut:
    """Break the connection after so many bytes of the body.

    `times` is for how many requests of the file, None for all of them. `reset` breaks it
    with a TCP reset rather than an early end of the stream.
    """

    after_bytes: int
    times: int | None = 1
    reset: bool = False


@dataclass(frozen=True, slots=True)
class RepoFixture:
    """A repository: the folder whose files `main` holds, who may read it, what goes wrong.

    `branches` maps further branch or tag names to folders; `status`, where set, is answered
    to every request instead of the truth; `hiccups` are answered to the first requests, one each,
    with `retry_after` seconds to wait.
    """

    folder: Path
    private: bool = False
    gated: bool = False
    branches: Mapping[str, Path] = field(default_factory=dict)
    cuts: Mapping[str, Cut] = field(default_factory=dict)
    status: int | None = None
    hiccups: tuple[int, ...] = ()
    retry_after: str | None = None


@dataclass(slots=True)
class Repo:
    kind: str
    repo_id: str
    fixture: RepoFixture
    refs: dict[str, str] = field(default_factory=dict)
    commits: dict[str, Path] = field(default_factory=dict)
    cuts_left: dict[str, int | None] = field(default_factory=dict)
    hiccups_left: list[int] = field(default_factory=list)

    def push(self, folder: Path, branch: str) -> str:
        files = "".join(f"{name}\0{blob(path)[1]}\n" for name, path in files_in(folder).items())
        commit = hashlib.sha1(f"{self.kind} {self.repo_id}\n{files}".encode()).hexdigest()
        self.refs[branch] = commit
        self.commits[commit] = folder
        return commit

    def commit_of(self, revision: str) -> str | None:
        return self.refs.get(revision, revision if revision in self.commits else None)


def files_in(folder: Path) -> dict[str, Path]:
    return {
        path.relative_to(folder).as_posix(): path
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def blob(path: Path) -> tuple[bytes, str]:
    """The content of a file and its hash as the Hub gives it."""
    content = path.read_bytes()
    if path.name.endswith(LFS_SUFFIXES):
        return content, hashlib.sha256(content).hexdigest()
    return content, hashlib.sha1(b"blob %d\0" % len(content) + content).hexdigest()


def sibling(name: str, path: Path) -> dict[str, Any]:
    content, etag = blob(path)
    found: dict[str, Any] = {"rfilename": name, "size": len(content), "blobId": etag[:40]}
    if name.endswith(LFS_SUFFIXES):
        found["lfs"] = {"sha256": etag, "size": len(content), "pointerSize": 130}
    return found


def tree(files: Mapping[str, Path], under: str, recursive: bool) -> list[dict[str, Any]]:
    prefix = f"{under}/" if under else ""
    found: dict[str, dict[str, Any]] = {}
    for name, path in files.items():
        if not name.startswith(prefix):
            continue
        steps = name.removeprefix(prefix).split("/")
        for depth in range(1, len(steps)):
            folder = prefix + "/".join(steps[:depth])
            if recursive or depth == 1:
                oid = hashlib.sha1(folder.encode()).hexdigest()
                found[folder] = {"type": "directory", "oid": oid, "size": 0, "path": folder}
        if recursive or len(steps) == 1:
            content, etag = blob(path)
            found[name] = {"type": "file", "oid": etag[:40], "size": len(content), "path": name}
            if name.endswith(LFS_SUFFIXES):
                found[name]["lfs"] = {"oid": etag, "size": len(content), "pointerSize": 130}
    return list(found.values())
