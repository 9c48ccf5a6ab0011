"""Folders: links, pipes, sockets, names, depth, number, size."""

from __future__ import annotations

import os
import socket
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path

from tests.hostile.case import Case, Place, sparse, write_config, write_small


def link(name: str, target: str) -> Callable[[Place], object]:
    """Replace a file, or add one, by a link; `{root}` stands for the place of the case."""

    def make(place: Place) -> None:
        write_small(place)
        place.outside.mkdir()
        (place.outside / "secret").write_text("a secret")
        path = place.model / name
        path.unlink(missing_ok=True)
        path.symlink_to(target.format(root=place.root))

    return make


def moved_shard(place: Place) -> None:
    write_small(place)
    place.outside.mkdir()
    (place.model / "model.safetensors").rename(place.outside / "a.safetensors")
    (place.model / "a.safetensors").symlink_to("../outside/a.safetensors")
    index = '{"weight_map": {"w": "a.safetensors"}}'
    (place.model / "model.safetensors.index.json").write_text(index)


def pipe(name: str) -> Callable[[Place], object]:
    def make(place: Place) -> None:
        write_small(place)
        (place.model / name).unlink(missing_ok=True)
        os.mkfifo(place.model / name)

    return make


def bound_socket(place: Place) -> None:
    write_small(place)
    here = os.open(".", os.O_RDONLY)
    os.chdir(place.model)  # the whole path may be too long for the name of a socket
    try:
        with socket.socket(socket.AF_UNIX) as bound:
            bound.bind("s")
    finally:
        os.fchdir(here)
        os.close(here)


def deep(place: Place) -> None:
    write_small(place)
    (place.model / "/".join(["d"] * 40)).mkdir(parents=True)


def many(place: Place) -> None:
    write_small(place)
    for number in range(10_001):
        (place.model / f"{number}").touch()


def named(*names: str) -> Callable[[Place], object]:
    def make(place: Place) -> None:
        write_small(place)
        for name in names:
            (place.model / name).write_text("{}")

    return make


def heavy(place: Place) -> None:
    write_small(place)
    sparse(place.model / "notes.txt", 10**12)


def only_archive(place: Place) -> None:
    write_config(place)
    with zipfile.ZipFile(place.model / "model.zip", "w") as archive:
        archive.writestr("../../escaped.txt", "out")


def archive(place: Place) -> None:
    place.model.mkdir()
    (place.root / "escaped.txt").write_text("in")
    with tarfile.open(place.root / "model.tar.gz", "w:gz") as made:
        made.add(place.root / "escaped.txt", "../../escaped.txt")


def case_matters(folder: Path) -> bool:
    """Whether this file system tells names apart by case."""
    (folder / "case").touch()
    return not (folder / "CASE").exists()


LEAVES = "is a symbolic link that leaves"
CASES = (
    Case(
        name="link-config",
        about="config.json is a link to a file outside",
        make=link("config.json", "{root}/outside/secret"),
        says=LEAVES,
        names="config.json",
    ),
    Case(
        name="link-weights",
        about="weights are a link to a device",
        make=link("model.safetensors", "/dev/zero"),
        says=LEAVES,
        names="model.safetensors",
    ),
    Case(
        name="link-other",
        about="a file that nobody reads is a link outside",
        make=link("notes.txt", "../outside/secret"),
        says=LEAVES,
        names="notes.txt",
    ),
    Case(
        name="link-folder",
        about="a folder is a link outside",
        make=link("onnx", "../outside"),
        says=LEAVES,
        names="onnx",
    ),
    Case(
        name="link-root",
        about="a folder is a link to the root of the disk",
        make=link("all", "/"),
        says=LEAVES,
        names="all",
    ),
    Case(
        name="link-loop",
        about="a link to itself",
        make=link("config.json", "config.json"),
        says="is a symbolic link to nothing",
        names="config.json",
    ),
    Case(
        name="link-nowhere",
        about="a link to nothing, with an escape in its name",
        make=link("\x1b[31mred", "nowhere"),
        says="is a symbolic link to nothing",
        names="?[31mred",
    ),
    Case(
        name="link-shard",
        about="a shard is a link outside",
        make=moved_shard,
        says=LEAVES,
        names="a.safetensors",
    ),
    Case(
        name="pipe-weights",
        about="weights are a named pipe",
        make=pipe("model.safetensors"),
        says="is a named pipe, not a file",
        names="model.safetensors",
    ),
    Case(
        name="pipe-other",
        about="a named pipe that nobody reads",
        make=pipe("README.md"),
        says="is a named pipe, not a file",
        names="README.md",
    ),
    Case(
        name="socket",
        about="a socket in the folder",
        make=bound_socket,
        says="is a socket, not a file",
        names="s is",
    ),
    Case(
        name="folder-deep",
        about="40 folders deep",
        make=deep,
        says="more than 16 folders deep",
        names="d/d/d",
    ),
    Case(
        name="folder-many",
        about="10,001 files",
        make=many,
        says="holds more than 10,000 files",
        names="model",
    ),
    Case(
        name="folder-heavy",
        about="1 TB, sparse",
        make=heavy,
        says="at most 20 GB are looked at",
        names="notes.txt",
    ),
    Case(
        name="names-case",
        about="config.json and CONFIG.JSON",
        make=named("CONFIG.JSON"),
        says="are one file where case does not count",
        names="CONFIG.JSON",
    ),
    Case(
        name="names-unicode",
        about="two spellings of one accent",
        make=named("mod\u00e9l.json", "mode\u0301l.json"),
        says="are one file where case does not count",
        names="l.json",
    ),
    Case(
        name="names-backslash",
        about="a name that leads out on Windows",
        make=named("..\\..\\evil.json"),
        says="has a name that leads out of its folder",
        names="evil.json",
    ),
    Case(
        name="adapter",
        about="an adapter beside whole weights",
        make=named("adapter_config.json"),
        says="holds a PEFT adapter",
        names="model",
    ),
    Case(
        name="archive-inside",
        about="nothing but an archive, with a member that leads out",
        make=only_archive,
        says="has no weights",
        names="model",
    ),
    Case(
        name="archive-named",
        about="an archive as MODEL, with a member that leads out",
        make=archive,
        says="is neither a folder nor",
        names="model.tar.gz",
        scanned="{root}/model.tar.gz",
    ),
)
