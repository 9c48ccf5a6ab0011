"""What a scan's child will read beyond model and data: what instances are made with."""

from __future__ import annotations

from pathlib import Path

import pytest

from auditor.boxed.bring import bring
from auditor.boxed.bring_more import bring_comparison, bring_remedy
from auditor.config import ScanSettings
from auditor.errors import EntityError, NotAudited
from auditor.remedy.settings import remedy_settings
from auditor.sequela.settings import SequelaSettings
from tests.hub_server import HubServer, RepoFixture, use_hub
from tests.made_datasets import write_dataset


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


def test_what_a_repair_is_given_besides_is_readable(
    tiny_checkpoint: Path, one_track_checkpoint: Path, pictures: Path, tmp_path: Path
):
    said = {
        "clean_data": str(pictures),
        "out": str(tmp_path / "out"),
        "entities": "rendered",
        "report": str(tmp_path / "scan.json"),
        "members": str(pictures),
        "reference": str(one_track_checkpoint),
    }
    brought = bring_remedy(remedy_settings(str(tiny_checkpoint), said))
    assert {said["report"], str(pictures), str(one_track_checkpoint)} <= set(brought.paths)
    assert brought.root == tiny_checkpoint
    alone = bring(ScanSettings(model=str(tiny_checkpoint), entities="rendered"))
    assert brought.weight_bytes == 2 * alone.weight_bytes  # two models of one size
    assert str(tmp_path) not in brought.paths  # where --out will lie


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"before": "/nowhere"}, "BEFORE: "),
        ({"after": "/nowhere"}, "AFTER: "),
        ({"reference": "/nowhere"}, "--reference: "),
        ({"base": "/nowhere"}, "--base: "),
        ({"clean_data": "hf://datasets/org/nothing"}, "--clean-data: "),
        ({"members": "hf://datasets/org/nothing"}, "--members: "),
        ({"repair_data": "hf://datasets/org/nothing"}, "--repair-data: "),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else "",
)
def test_what_cannot_be_brought_is_named(
    tiny_checkpoint: Path, pictures: Path, wrong: dict[str, str], says: str
):
    model = str(tiny_checkpoint)
    right = {"before": model, "after": model, "clean_data": str(pictures), "offline": True}
    with pytest.raises(NotAudited, match=says):
        bring_comparison(SequelaSettings(**{**right, **wrong}))


def test_the_pictures_that_judge_a_repair_are_fetched_too(
    tiny_checkpoint: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    """A data set on the Hub with a test split: the child that reads it has no network."""
    import huggingface_hub
    from huggingface_hub import constants

    repo = write_dataset(tmp_path / "repo")
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "hub-cache"))
    name = "org/signs"
    with HubServer({}, datasets={name: RepoFixture(repo)}) as hub:
        use_hub(monkeypatch, hub)
        said = {
            "clean_data": f"hf://datasets/{name}",
            "out": str(tmp_path / "out"),
            "entities": "rendered",
        }
        brought = bring_remedy(remedy_settings(str(tiny_checkpoint), said))
        huggingface_hub.close_session()
    (root,) = {path for path in brought.paths if "snapshots" in path}
    fetched = {path.name.partition("-")[0] for path in Path(root).rglob("*.parquet")}
    assert fetched == {"train", "test"}
