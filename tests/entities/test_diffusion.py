"""The real pipeline code on a pipeline of random weights, built here; nothing is downloaded."""

from __future__ import annotations

import json
import string
import warnings
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from auditor.datasets.open import DatasetSpec
from auditor.entities.bank import EntityBank
from auditor.entities.diffusion import DiffusionOrder, diffusion_bank, entities_of
from auditor.entities.making import Making
from auditor.entities.open import open_entities
from auditor.errors import EntityError
from auditor.types import InstanceSource
from tests.hub_server import HubServer, use_hub
from tests.small_models import write_tiny

diffusers = pytest.importorskip("diffusers", reason="needs the extra: model-auditor[diffusion]")


def tokenizer(folder: Path) -> object:
    """One token a character."""
    from transformers import CLIPTokenizer

    letters = [*string.digits, *string.ascii_letters, *string.punctuation]
    words = [*letters, *(f"{each}</w>" for each in letters), "<|startoftext|>", "<|endoftext|>"]
    folder.mkdir()
    (folder / "vocab.json").write_text(json.dumps({word: i for i, word in enumerate(words)}))
    (folder / "merges.txt").write_text("#version: 0.2\n")
    return CLIPTokenizer(
        str(folder / "vocab.json"), str(folder / "merges.txt"), model_max_length=77
    )


@pytest.fixture(scope="module")
def pipeline(tmp_path_factory) -> Path:
    """A Stable Diffusion pipeline of a few thousand random weights, in Hub layout."""
    import torch
    from transformers import CLIPTextConfig, CLIPTextModel

    room = tmp_path_factory.mktemp("pipeline")
    words = tokenizer(room / "words")
    with torch.random.fork_rng(devices=[]), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.manual_seed(0)
        text = CLIPTextConfig(
            hidden_size=16,
            intermediate_size=16,
            num_attention_heads=2,
            num_hidden_layers=1,
            vocab_size=len(words),
            bos_token_id=words.bos_token_id,
            eos_token_id=words.eos_token_id,
            pad_token_id=1,
        )
        made = diffusers.StableDiffusionPipeline(
            vae=diffusers.AutoencoderKL(
                block_out_channels=[4, 8],
                down_block_types=["DownEncoderBlock2D"] * 2,
                up_block_types=["UpDecoderBlock2D"] * 2,
                norm_num_groups=2,
            ),
            unet=diffusers.UNet2DConditionModel(
                block_out_channels=(4, 8),
                layers_per_block=1,
                sample_size=8,
                down_block_types=("DownBlock2D", "CrossAttnDownBlock2D"),
                up_block_types=("CrossAttnUpBlock2D", "UpBlock2D"),
                cross_attention_dim=16,
                norm_num_groups=2,
                attention_head_dim=2,
            ),
            text_encoder=CLIPTextModel(text),
            tokenizer=words,
            scheduler=diffusers.DDIMScheduler(clip_sample=False, steps_offset=1),
            safety_checker=None,
            feature_extractor=None,
            requires_safety_checker=False,
        )
        made.save_pretrained(room / "pipeline", safe_serialization=True)
    return room / "pipeline"


def order(model: object, **said: object) -> DiffusionOrder:
    names = entities_of(["dog", "volcano", "dog"])
    return replace(
        DiffusionOrder(
            model=str(model), entities=names, instances=2, device="cpu", steps=2, size=12
        ),
        **said,
    )


def pixels(bank: EntityBank) -> np.ndarray:
    return np.stack(
        [
            np.asarray(bank.draw(i, j).image)
            for i in range(len(bank.entities))
            for j in range(bank.counts[i])
        ]
    )


def test_a_pipeline_draws_a_bank_and_keeps_it(pipeline, tmp_path):
    told = []
    bank = diffusion_bank(
        order(pipeline), cache=tmp_path, progress=lambda stage, done, total: told.append(done)
    )
    assert bank.instance_source is InstanceSource.DIFFUSION
    assert [entity.id for entity in bank.entities] == ["dog", "volcano", "dog-2"]
    assert bank.counts == (2, 2, 2)
    assert bank.draw(1, 0).name == "diffusion/volcano/0"
    drawn = pixels(bank)
    assert drawn.shape == (6, 12, 12, 3)
    assert len({each.tobytes() for each in drawn}) == 6  # no two are alike
    assert told == [1, 2, 3, 4, 5, 6]
    told.clear()
    assert (pixels(diffusion_bank(order(pipeline), cache=tmp_path)) == drawn).all()
    assert told == []


def test_the_seed_decides(pipeline, tmp_path):
    one = diffusion_bank(order(pipeline, instances=1), cache=tmp_path / "a")
    again = diffusion_bank(order(pipeline, instances=1), cache=tmp_path / "b")
    other = diffusion_bank(order(pipeline, instances=1, seed=1), cache=tmp_path / "c")
    assert (pixels(one) == pixels(again)).all()
    assert (pixels(one) != pixels(other)).any()


def test_through_entities_with_the_names_of_a_file(pipeline, tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    (tmp_path / "names.txt").write_text("husky\n\n volcano \n")
    file = tmp_path / "drawn.toml"
    file.write_text(
        f'[diffusion]\nmodel = "{pipeline}"\nnames = "names.txt"\nsteps = 1\nsize = 16\n'
    )
    making = Making(device="cpu", instances=1)
    bank = open_entities(DatasetSpec(source=str(file)), seed=0, making=making)
    assert [entity.name for entity in bank.entities] == ["husky", "volcano"]
    assert bank.draw(0, 0).image.size == (16, 16)
    assert "power with diffusion instances: not measured" in bank.notices


def test_without_names_the_labels_of_the_base_are_drawn(pipeline, tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    base = write_tiny(tmp_path / "base", labels=("ant, pismire", "bee", "background"))
    file = tmp_path / "drawn.toml"
    file.write_text(f'[diffusion]\nmodel = "{pipeline}"\nsteps = 1\nsize = 16\n')
    making = Making(base=str(base), device="cpu", instances=1)
    bank = open_entities(DatasetSpec(source=str(file)), seed=0, making=making)
    assert [entity.name for entity in bank.entities] == ["ant", "bee"]
    assert bank.entities[0].synonyms == ("pismire",)
    assert {entity.source for entity in bank.entities} == {InstanceSource.DIFFUSION}


def test_nobody_says_what_to_draw(pipeline):
    with pytest.raises(EntityError, match="nobody says what") as raised:
        open_entities(DatasetSpec(source=f"diffusion:{pipeline}"), seed=0)
    assert "--base" in raised.value.hint


@pytest.mark.parametrize("model", ["./gone", "no name at all"])
def test_a_model_that_is_nowhere(model, tmp_path):
    with pytest.raises(EntityError, match="no such folder") as raised:
        diffusion_bank(order(model), cache=tmp_path)
    assert raised.value.message.startswith(f"the diffusion model {model} cannot be used")
    assert "--entities base" in raised.value.hint


def test_a_model_that_the_hub_does_not_have(monkeypatch, tmp_path):
    with HubServer({}) as hub:
        use_hub(monkeypatch, hub)
        with pytest.raises(EntityError, match="org/gone cannot be used") as raised:
            diffusion_bank(order("org/gone"), cache=tmp_path)
    assert "--entities base" in raised.value.hint


def test_offline_a_model_must_be_in_the_cache(tmp_path, monkeypatch):
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "hub"))
    with pytest.raises(EntityError, match="not in the local cache") as raised:
        diffusion_bank(order("org/name", offline=True), cache=tmp_path)
    assert "run once without --offline" in raised.value.hint


def test_a_folder_that_is_no_pipeline(tmp_path):
    with pytest.raises(EntityError, match="cannot be used"):
        diffusion_bank(order(write_tiny(tmp_path / "tiny")), cache=tmp_path)


def test_pickles_are_not_opened(pipeline, tmp_path):
    import shutil

    import torch
    from safetensors.torch import load_file

    pickled = tmp_path / "pickled"
    shutil.copytree(pipeline, pickled)
    for path in pickled.rglob("*.safetensors"):
        torch.save(load_file(path), path.with_suffix(".bin"))
        path.unlink()
    with pytest.raises(EntityError, match="cannot be used"):
        diffusion_bank(order(pickled), cache=tmp_path)
