"""The real pipeline code on a pipeline of random weights, built here; nothing is downloaded."""

from __future__ import annotations

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
from tests.made_pipelines import write_pipeline
from tests.small_models import write_tiny

pytest.importorskip("diffusers", reason="needs the extra: model-auditor[diffusion]")


@pytest.fixture(scope="module")
def pipeline(tmp_path_factory) -> Path:
    return write_pipeline(tmp_path_factory.mktemp("pipeline"))


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
