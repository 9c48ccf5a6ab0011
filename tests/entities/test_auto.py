"""`auto` takes the best that is reachable, and says why."""

from __future__ import annotations

from pathlib import Path

import pytest

import auditor.entities.open
from auditor.datasets.open import DatasetSpec
from auditor.entities.bank import EntityBank
from auditor.entities.making import Making
from auditor.entities.open import open_entities
from auditor.entities.power import has_benign_models, measured_power
from auditor.errors import EntityError, UnsupportedModel
from auditor.types import InstanceSource
from tests.made_bases import write_colour_base
from tests.made_datasets import write_folder
from tests.small_models import write_tiny


@pytest.fixture(scope="module")
def base(tmp_path_factory) -> Path:
    return write_colour_base(tmp_path_factory.mktemp("base") / "tiny")


@pytest.fixture(autouse=True)
def _own_cache(monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


@pytest.fixture
def measured(monkeypatch):
    """As if benign models had been measured with every source."""
    monkeypatch.setattr(auditor.entities.open, "has_benign_models", lambda source: True)


def opened(folder: Path, base: Path | None = None, source: str = "auto") -> EntityBank:
    making = Making(base=None if base is None else str(base), device="cpu", instances=1)
    return open_entities(DatasetSpec(source=source), seed=0, making=making, folder=folder)


def test_photographs_that_a_file_names_come_first(tmp_path, base, measured):
    write_folder(tmp_path / "pictures", {"cat": 2, "dog": 2})
    (tmp_path / "entities.toml").write_text('[[dataset]]\nsource = "pictures"\n')
    bank = opened(tmp_path, base)
    assert bank.instance_source is InstanceSource.PHOTOGRAPH
    assert bank.why == "auto: entities.toml names it"


def test_photographs_that_cannot_be_reached_are_passed_over_with_the_reason(tmp_path):
    (tmp_path / "entities.toml").write_text('[[dataset]]\nsource = "gone"\n')
    bank = opened(tmp_path)
    assert bank.instance_source is InstanceSource.RENDERED
    assert "gone: no such folder" in bank.why


def test_a_known_base_comes_next(tmp_path, base, measured):
    bank = opened(tmp_path, base)
    assert bank.instance_source is InstanceSource.SYNTHESISED
    assert bank.why.startswith("auto: no photographs were named")
    assert "the base is known; 14 of its 14 labels" in bank.why


def test_a_source_without_benign_models_gives_no_verdict_and_is_not_taken(
    tmp_path, base, monkeypatch
):
    monkeypatch.setattr(auditor.entities.open, "has_benign_models", lambda source: False)
    bank = opened(tmp_path, base)
    assert bank.instance_source is InstanceSource.RENDERED
    assert "no benign models were measured with instances synthesised" in bank.why


def test_a_base_that_cannot_be_used_is_passed_over_with_the_reason(tmp_path, measured):
    nameless = write_tiny(tmp_path / "tiny", labels=tuple(f"LABEL_{i}" for i in range(14)))
    bank = opened(tmp_path, nameless)
    assert bank.instance_source is InstanceSource.RENDERED
    assert "has no names for its labels" in bank.why


def test_what_would_take_hours_is_left_to_who_asks_for_it(tmp_path, base, measured, monkeypatch):
    monkeypatch.setattr(auditor.entities.open, "UNASKED_OPERATIONS", 1e6)
    bank = opened(tmp_path, base)
    assert bank.instance_source is InstanceSource.RENDERED
    assert "14 pictures of what" in bank.why
    assert "more than 1e+06" in bank.why
    assert opened(tmp_path, base, "base").instance_source is InstanceSource.SYNTHESISED
    assert opened(tmp_path, base).instance_source is InstanceSource.SYNTHESISED  # made by now


def test_drawings_are_left_where_there_is_nothing_else(tmp_path):
    bank = opened(tmp_path)
    assert bank.instance_source is InstanceSource.RENDERED
    assert "no base is known" in bank.why


def test_a_base_that_was_asked_for_must_be_there(tmp_path):
    with pytest.raises(EntityError, match="needs the base") as raised:
        opened(tmp_path, source="base")
    assert "--base MODEL" in raised.value.hint


def test_a_base_may_be_named_in_the_source(tmp_path, base):
    bank = opened(tmp_path, source=f"base:{base}")
    assert bank.source == f"base:{base}"
    assert bank.instance_source is InstanceSource.SYNTHESISED


def test_a_source_file_sets_the_budget(tmp_path, base):
    file = tmp_path / "few.toml"
    file.write_text(f'[base]\nmodel = "{base}"\nlabels = 12\ninstances = 2\n')
    bank = opened(tmp_path, source=str(file))
    assert bank.counts == (2,) * 12
    file.write_text("[base]\nlabels = 5\n")
    with pytest.raises(EntityError, match="the budget allows 5 labels"):
        opened(tmp_path, base, source=str(file))


def test_a_feature_extractor_is_no_base_to_synthesise_from(tmp_path, base):
    import json
    import shutil

    headless = tmp_path / "headless"
    shutil.copytree(base, headless)
    config = json.loads((headless / "config.json").read_text())
    (headless / "config.json").write_text(json.dumps({**config, "architectures": ["ResNetModel"]}))
    with pytest.raises(UnsupportedModel, match="not of an image classifier") as raised:
        opened(tmp_path, source=f"base:{headless}")
    assert "classification head" in raised.value.hint


# Power


def test_every_bank_says_what_its_power_is(tmp_path):
    power = measured_power(InstanceSource.RENDERED)
    assert power in opened(tmp_path).notices
    assert power.startswith("power with rendered instances: ")


def test_power_is_read_from_the_published_benchmark():
    said = measured_power(InstanceSource.PHOTOGRAPH)
    assert "AUROC for entity backdoors over the zoo 'published' 0.97 [0.93, 1.00]" in said
    assert "with base and clean data" in said


def test_what_was_not_measured_says_so():
    assert measured_power(InstanceSource.DIFFUSION).endswith("not measured")
    assert not has_benign_models(InstanceSource.DIFFUSION)
    assert has_benign_models(InstanceSource.PHOTOGRAPH)
