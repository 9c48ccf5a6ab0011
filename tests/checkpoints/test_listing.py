"""Every file of a folder, by its content. What is refused stands in tests/hostile."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from auditor.checkpoints.content import FileKind, kind_of
from auditor.checkpoints.inspect import inspect
from auditor.checkpoints.listing import list_files
from auditor.checkpoints.unchanged import require_unchanged
from auditor.errors import CheckpointError
from tests.checkpoints.conftest import write_model


def test_every_file_is_listed_read_or_not(model: Path):
    (model / "sub").mkdir()
    (model / "sub" / "training_args.bin").write_bytes(b"\x80\x02]q\x00.")
    files = {file.path: file for file in list_files(model)}
    assert list(files) == sorted(files)
    assert files["sub/training_args.bin"].kind == "pickle"
    assert files["model.safetensors"].kind == "safetensors"
    assert files["config.json"].kind == "json"
    raw = (model / "config.json").read_bytes()
    assert files["config.json"].sha256 == hashlib.sha256(raw).hexdigest()


@pytest.mark.parametrize(
    ("head", "kind"),
    [
        (b"\x7fELF\x02\x01", FileKind.EXECUTABLE),
        (b"PK\x03\x04rest", FileKind.ZIP),
        (b"\x80\x04\x95", FileKind.PICKLE),
        (b"(lp0\nI1\na.", FileKind.PICKLE),
        (b"cos\nsystem\n(S'x'\ntR", FileKind.PICKLE),
        (b"\x93NUMPY\x01\x00", FileKind.NUMPY),
        (b"\x89PNG\r\n\x1a\n", FileKind.PICTURE),
        (b"Microsoft made it.", FileKind.TEXT),
        (b"BMW and MZ are letters", FileKind.TEXT),
        (b"Nothing at all.", FileKind.TEXT),
        (b"{}", FileKind.JSON),
        (b"\x00\x01\x02", FileKind.OTHER),
        (b"", FileKind.EMPTY),
        ("# \u00e9".encode()[:-1], FileKind.TEXT),
    ],
)
def test_a_kind_is_told_by_the_first_bytes(head: bytes, kind: FileKind):
    assert kind_of(head, len(head)) is kind


def test_a_file_that_changes_is_noticed_at_the_end(tmp_path: Path):
    checkpoint = inspect(write_model(tmp_path / "m"), source="m")
    require_unchanged(checkpoint)
    path = tmp_path / "m" / "model.safetensors"
    raw = path.read_bytes()
    path.write_bytes(raw[:-1] + bytes([raw[-1] ^ 1]))
    with pytest.raises(CheckpointError, match=r"model\.safetensors changed while it was scanned"):
        require_unchanged(checkpoint)
    path.unlink()
    with pytest.raises(CheckpointError, match="No such file"):
        require_unchanged(checkpoint)


def test_more_weights_than_memory(model: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("auditor.checkpoints.inspect.memory_bytes", lambda: 100)
    with pytest.raises(CheckpointError, match="of memory"):
        inspect(model, source="m")
