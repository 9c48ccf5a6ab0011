from __future__ import annotations

import json
import os
import stat
from pathlib import Path

import pytest
import yaml

from auditor.checkpoints.resolve import resolve
from auditor.errors import ExitCode, UsageError
from auditor.lab.save import cited, model_card, require_new, save_checkpoint
from auditor.models.load import Engine, load_classifier
from tests.small_models import CARD, LABELS, tiny_model, write_tiny


@pytest.fixture(scope="module")
def model():
    return tiny_model()


def save(model, folder: Path, card: str = CARD, record: object = None) -> None:
    save_checkpoint(model, folder, card=card, record={} if record is None else record)


def test_what_is_saved_is_loaded_again_as_the_same_model(model, tmp_path: Path, pictures: Path):
    save(model, tmp_path / "new" / "model", record={"seed": 3})
    checkpoint = resolve(str(tmp_path / "new" / "model"))
    assert checkpoint.declared_base == "org/base"
    again = load_classifier(checkpoint, engine=Engine.AUTO, device="cpu")
    assert again.labels == LABELS
    pixels = model.pixels([_picture(path) for path in sorted(pictures.rglob("*.png"))[:4]])
    assert (again.logits(pixels) == model.logits(pixels)).all()
    assert json.loads((checkpoint.root / "lab.json").read_text()) == {"seed": 3}


def test_others_may_read_what_is_saved(model, tmp_path: Path):
    save(model, tmp_path / "model")
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in tmp_path.rglob("*")}
    assert modes.pop("model") == 0o755
    assert set(modes.values()) == {0o644}


def test_saving_says_nothing(model, tmp_path: Path, capfd: pytest.CaptureFixture[str]):
    save(model, tmp_path / "model")
    assert capfd.readouterr() == ("", "")


def test_an_empty_folder_is_taken(model, tmp_path: Path):
    (tmp_path / "model").mkdir()
    save(model, tmp_path / "model")
    assert (tmp_path / "model" / "config.json").is_file()


def test_a_folder_that_holds_something_is_refused_and_left_alone(model, tmp_path: Path):
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "thesis.txt").write_text("years of work")
    with pytest.raises(UsageError, match="exists already") as caught:
        save(model, tmp_path / "model")
    assert caught.value.exit_code is ExitCode.USAGE
    assert [path.name for path in (tmp_path / "model").iterdir()] == ["thesis.txt"]


def test_a_file_in_its_place_is_refused(tmp_path: Path):
    (tmp_path / "model").write_text("a file")
    with pytest.raises(UsageError, match="exists already"):
        require_new(tmp_path / "model")
    require_new(tmp_path / "another")


@pytest.mark.parametrize(
    ("card", "record"),
    [("half a pair: \ud800", {}), (CARD, {"not json": object()})],
    ids=["card", "record"],
)
def test_a_failure_half_way_leaves_nothing(model, tmp_path: Path, card: str, record: object):
    with pytest.raises((UnicodeEncodeError, TypeError)):
        save(model, tmp_path / "model", card, record)
    assert list(tmp_path.iterdir()) == []


def test_a_parent_that_is_a_file_is_a_usage_error(model, tmp_path: Path):
    (tmp_path / "file").write_text("")
    with pytest.raises(UsageError, match="cannot be written"):
        save(model, tmp_path / "file" / "model")


@pytest.mark.skipif(os.name != "posix", reason="needs a limit on the size of files")
def test_a_disk_that_is_full_leaves_nothing_and_is_no_bug(model, tmp_path: Path):
    import resource

    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (5000, before[1]))
    try:
        with pytest.raises(UsageError, match="cannot be written"):
            save(model, tmp_path / "model")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert list(tmp_path.iterdir()) == []


def test_a_card_has_the_front_matter_that_the_hub_reads():
    card = model_card(name="a name", base="org/base: tricky", body="What it is.")
    _, front, body = card.split("---\n", 2)
    said = yaml.safe_load(front)
    assert said["base_model"] == "org/base: tricky"
    assert said["pipeline_tag"] == "image-classification"
    assert body.strip() == "# a name\n\nWhat it is."


@pytest.mark.parametrize("source", ["org/name", "hf://datasets/org/name@v1", "rendered-signs"])
def test_what_lies_on_the_hub_is_cited_as_it_was_named(source: str, tmp_path: Path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert cited(source) == source


def test_what_lies_here_is_cited_without_its_path(tmp_path: Path, monkeypatch):
    folder = tmp_path / "hub" / "org" / "name"
    write_tiny(folder)
    for source in (str(folder), f"{folder}/", str(folder / "model.safetensors")):
        assert cited(source) == "org/name"
    monkeypatch.chdir(folder)
    assert cited(".") == "org/name"
    assert not cited("/").startswith("/")


def _picture(path: Path):
    from PIL import Image

    return Image.open(path).convert("RGB")
