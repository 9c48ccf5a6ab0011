"""A repaired checkpoint looks like the one it came from, or does not appear at all."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch
from safetensors import safe_open
from safetensors.torch import load_file, save_file

from auditor.checkpoints.new_folder import PARTIAL
from auditor.checkpoints.resolve import resolve
from auditor.errors import UnsupportedModel, UsageError
from auditor.models.torch_image import load_torch
from auditor.repair.card import card_section
from auditor.repair.record import Remediation, RepairVerdict
from auditor.repair.save import (
    append_to_card,
    require_room,
    require_same_names,
    write_checkpoint,
)
from tests.made_checkpoints import FAMILIES
from tests.made_checkpoints import write_checkpoint as write_checkpoint_of


@pytest.fixture
def original(tiny_checkpoint: Path, tmp_path: Path) -> Path:
    """A checkpoint in half precision, in two shards, with metadata of its own."""
    folder = tmp_path / "original"
    shutil.copytree(tiny_checkpoint, folder)
    tensors = load_file(folder / "model.safetensors")
    (folder / "model.safetensors").unlink()
    half = {
        name: value.to(torch.float16) if value.is_floating_point() else value
        for name, value in tensors.items()
    }
    names = sorted(half)
    shards = {"model-1-of-2.safetensors": names[::2], "model-2-of-2.safetensors": names[1::2]}
    for shard, held in shards.items():
        save_file({name: half[name] for name in held}, folder / shard, {"format": "pt", "a": "b"})
    index = {"metadata": {}, "weight_map": {n: s for s, held in shards.items() for n in held}}
    (folder / "model.safetensors.index.json").write_text(json.dumps(index))
    return folder


def shift(module: torch.nn.Module) -> None:
    with torch.no_grad():
        for parameter in module.parameters():
            parameter.add_(0.25)


def test_files_names_types_and_metadata_stay_and_only_numbers_change(
    original: Path, tmp_path: Path
):
    checkpoint = resolve(str(original))
    model = load_torch(checkpoint, device="cpu")
    shift(model.module)
    write_checkpoint(checkpoint, model.module, tmp_path / "new", tmp_path / "new")
    written = resolve(str(tmp_path / "new"))
    assert [f.path for f in written.files] == [f.path for f in checkpoint.files]
    for file in checkpoint.files:
        same = (tmp_path / "new" / file.path).read_bytes() == (original / file.path).read_bytes()
        assert same is not file.path.endswith(".safetensors"), file.path
    again = load_torch(written, device="cpu").module.state_dict()
    for path in original.glob("*.safetensors"):
        with safe_open(path, "pt") as old, safe_open(tmp_path / "new" / path.name, "pt") as new:
            assert list(old.keys()) == list(new.keys())
            assert old.metadata() == new.metadata()
            for name in old.keys():  # noqa: SIM118
                assert old.get_tensor(name).dtype == new.get_tensor(name).dtype
    for name, value in model.module.state_dict().items():
        assert torch.allclose(again[name].float(), value.float(), atol=2e-3), name


def test_what_is_no_weight_of_the_model_is_carried_along(tiny_checkpoint: Path, tmp_path: Path):
    folder = tmp_path / "with more"
    shutil.copytree(tiny_checkpoint, folder)
    tensors = load_file(folder / "model.safetensors") | {"note": torch.arange(3)}
    save_file(tensors, folder / "model.safetensors", {"format": "pt"})
    checkpoint = resolve(str(folder))
    model = load_torch(checkpoint, device="cpu")
    write_checkpoint(checkpoint, model.module, tmp_path / "new", tmp_path / "new")
    assert load_file(tmp_path / "new" / "model.safetensors")["note"].tolist() == [0, 1, 2]


def test_weights_under_other_names_are_refused_before_hours_are_spent(
    tiny_checkpoint: Path, tmp_path: Path
):
    model = load_torch(resolve(str(tiny_checkpoint)), device="cpu")
    folder = tmp_path / "renamed"
    shutil.copytree(tiny_checkpoint, folder)
    tensors = load_file(folder / "model.safetensors")
    other = {f"inner.{name}": value for name, value in tensors.items()}
    save_file(other, folder / "model.safetensors", {"format": "pt"})
    with pytest.raises(UnsupportedModel, match="name their tensors otherwise"):
        require_same_names(resolve(str(folder)), model.module, tmp_path)
    require_same_names(resolve(str(tiny_checkpoint)), model.module, tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == {"renamed"}


@pytest.mark.parametrize("family", FAMILIES)
def test_every_architecture_is_written_back_under_its_own_names(family: str, tmp_path: Path):
    """transformers renames tensors of some as it loads them."""
    checkpoint = resolve(str(write_checkpoint_of(tmp_path / "original", family)))
    model = load_torch(checkpoint, device="cpu")
    require_same_names(checkpoint, model.module, tmp_path)
    shift(model.module)
    write_checkpoint(checkpoint, model.module, tmp_path / "new", tmp_path / "new")
    old = load_file(tmp_path / "original" / "model.safetensors")
    new = load_file(tmp_path / "new" / "model.safetensors")
    assert old.keys() == new.keys()
    again = load_torch(resolve(str(tmp_path / "new")), device="cpu").module.state_dict()
    for name, value in model.module.state_dict().items():
        assert torch.equal(again[name], value), name


def test_too_little_room_is_found_out_before(tiny_checkpoint: Path, tmp_path: Path, monkeypatch):
    checkpoint = resolve(str(tiny_checkpoint))
    require_room(checkpoint, tmp_path / "out", tmp_path)
    usage = shutil.disk_usage(tmp_path)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage._replace(free=1000))
    with pytest.raises(UsageError, match="1,000 bytes are free") as caught:
        require_room(checkpoint, tmp_path / "out", tmp_path)
    assert "--out" in caught.value.hint


@pytest.mark.skipif(os.name != "posix", reason="needs a limit on the size of files")
def test_a_disk_that_fills_up_is_the_users_to_mend(tiny_checkpoint: Path, tmp_path: Path):
    import resource

    checkpoint = resolve(str(tiny_checkpoint))
    module = load_torch(checkpoint, device="cpu").module
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (3000, before[1]))
    try:
        with pytest.raises(UsageError, match="cannot be written"):
            write_checkpoint(checkpoint, module, tmp_path / "new", tmp_path / "new")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_a_card_keeps_its_text_and_says_what_was_done(tiny_checkpoint: Path, tmp_path: Path):
    folder = tmp_path / "model"
    shutil.copytree(tiny_checkpoint, folder)
    before = (folder / "README.md").read_text()
    done = Remediation(
        method="super-ft",
        verdict=RepairVerdict.PARTLY,
        reasons=("dogs still go to '<img src=x>|'", "see @ana, #12 and https://www.a.b\u202e"),
        output="out",
        data_source="clean",
        data_images=560,
        held_out_images=140,
        steps=200,
        batch=64,
    )
    append_to_card(folder, card_section(done), folder)
    after = (folder / "README.md").read_text()
    assert after.startswith(before)
    assert "`super-ft`: 200 steps of 64 images, on 560 clean images" in after
    assert "**partly**" in after
    assert "<img" not in after
    added = after.removeprefix(before).replace("&#8203;", "\u200b")
    assert not re.search(r"@\w|#\d|://|www\.|\u202e", added)
    assert resolve(str(folder)).declared_base == "org/base"


KILLED = """
import sys
from pathlib import Path
from auditor.cli.main import main
sys.argv = ["auditor", *sys.argv[1:]]
main()
"""


@pytest.mark.skipif(os.name != "posix", reason="needs a signal that cannot be caught")
def test_a_killed_run_leaves_no_half_checkpoint(
    bent_checkpoint: Path, clean_folder: Path, pictures: Path, tmp_path: Path
):
    before = {p.name: p.read_bytes() for p in bent_checkpoint.iterdir()}
    out = tmp_path / "out"
    command = [
        *(sys.executable, "-c", KILLED, "remediate", str(bent_checkpoint), "--super-ft"),
        *("--clean-data", str(clean_folder), "--entities", str(pictures), "--out", str(out)),
        *("--mapping", "*=no entry", "--steps", "100000", "--phase1", "0", "--lr-max1", "0.1"),
    ]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    running = subprocess.Popen(command, env=environment, stderr=subprocess.DEVNULL)
    try:
        deadline = time.monotonic() + 300
        while not list(tmp_path.glob(f".out{PARTIAL}*/best.safetensors")):
            assert running.poll() is None, "it ended by itself"
            assert time.monotonic() < deadline
            time.sleep(0.05)
    finally:
        running.send_signal(signal.SIGKILL)
        running.wait()
    assert not out.exists()
    assert {p.name: p.read_bytes() for p in bent_checkpoint.iterdir()} == before
