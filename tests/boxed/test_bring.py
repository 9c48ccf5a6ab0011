"""What a scan's child will read beyond model and data: what instances are made with."""

from __future__ import annotations

from pathlib import Path

import pytest

from auditor.boxed.bring import bring
from auditor.config import ScanSettings
from auditor.errors import EntityError


def brought(model: Path, entities: str) -> tuple[str, ...]:
    return bring(ScanSettings(model=str(model), entities=entities, offline=True)).paths


def test_the_base_that_instances_are_made_from_is_readable(
    tiny_checkpoint: Path, one_track_checkpoint: Path
):
    assert str(one_track_checkpoint) not in brought(tiny_checkpoint, "rendered")
    assert str(one_track_checkpoint) in brought(tiny_checkpoint, f"base:{one_track_checkpoint}")


def test_the_data_sets_of_a_source_file_are_readable(
    tiny_checkpoint: Path, pictures: Path, tmp_path: Path
):
    file = tmp_path / "mine.toml"
    file.write_text(f'[[dataset]]\nsource = "{pictures}"\n')
    paths = brought(tiny_checkpoint, str(file))
    assert {str(file), str(pictures)} <= set(paths)


def test_a_source_file_here_is_what_auto_reads(
    tiny_checkpoint: Path, pictures: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    (tmp_path / "entities.toml").write_text(f'[[dataset]]\nsource = "{pictures}"\n')
    monkeypatch.chdir(tmp_path)
    paths = brought(tiny_checkpoint, "auto")
    assert {str(tmp_path / "entities.toml"), str(pictures)} <= set(paths)


def test_a_pipeline_on_the_hub_is_drawn_with_before_a_scan(tiny_checkpoint: Path):
    with pytest.raises(EntityError, match="no network") as caught:
        brought(tiny_checkpoint, "diffusion:org/pipeline")
    assert "auditor entities build" in caught.value.hint
