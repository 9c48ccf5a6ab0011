"""What a child wrote gets the asked-for name only if it is the original with other numbers."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from auditor.boxed.wrote import require_repaired
from auditor.checkpoints.listing import digest_of
from auditor.errors import NotAudited
from auditor.output.report_v1 import FileV1

FILES = {
    "config.json": b"{}",
    "preprocessor_config.json": b"{ }",
    "README.md": b"a card",
    "model.safetensors": b"weights",
}


@pytest.fixture
def original(tmp_path: Path) -> Path:
    return made(tmp_path / "original", FILES)


@pytest.fixture
def repaired(tmp_path: Path) -> Path:
    changed = {"README.md": b"a card, and more", "model.safetensors": b"others"}
    return made(tmp_path / "repaired", {**FILES, **changed})


def made(folder: Path, files: dict[str, bytes]) -> Path:
    folder.mkdir()
    for name, content in files.items():
        (folder / name).write_bytes(content)
    return folder


def told(folder: Path) -> list[FileV1]:
    names = [path.name for path in folder.iterdir() if path.is_file()]
    found = [digest_of(folder, name) for name in names]
    return [FileV1(path=f.path, size=f.size_bytes, sha256=f.sha256, kind=f.kind) for f in found]


def test_other_weights_and_a_longer_card_are_a_repair(original: Path, repaired: Path):
    require_repaired(repaired, original, told(repaired))
    (original / "README.md").unlink()  # one that had no card gets one
    require_repaired(repaired, original, told(repaired))


def another_config(folder: Path) -> None:
    (folder / "config.json").write_text('{"auto_map": "evil"}')


def code(folder: Path) -> None:
    (folder / "evil.py").write_text("import os")


def another_card(folder: Path) -> None:
    (folder / "README.md").write_text("another card")


def more_weights(folder: Path) -> None:
    (folder / "more.safetensors").write_text("numbers")


def link(folder: Path) -> None:
    (folder / "model.safetensors").unlink()
    (folder / "model.safetensors").symlink_to("/etc/passwd")


def second_name(folder: Path) -> None:
    os.link(folder / "model.safetensors", folder.parent / "elsewhere")


def pipe(folder: Path) -> None:
    os.mkfifo(folder / "pipe")


@pytest.mark.skipif(os.name != "posix", reason="links and pipes of POSIX")
@pytest.mark.parametrize(
    "change", [another_config, code, another_card, more_weights, link, second_name, pipe]
)
def test_whatever_else_is_changed_is_thrown_away(
    original: Path, repaired: Path, change: Callable[[Path], None]
):
    change(repaired)
    with pytest.raises(NotAudited, match="is thrown away"):
        require_repaired(repaired, original, told(repaired) if change is not link else [])


def test_a_report_of_other_weights_is_not_published_with_these(original: Path, repaired: Path):
    files = told(repaired)
    (repaired / "model.safetensors").write_bytes(b"no others")
    with pytest.raises(NotAudited, match="not what the report says"):
        require_repaired(repaired, original, files)
