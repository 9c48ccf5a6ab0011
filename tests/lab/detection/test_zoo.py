from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from auditor.errors import UsageError
from auditor.lab.detection.zoo import Zoo, has_entity, one_target, open_zoo, some_of
from auditor.lab.manifest import Truth
from tests.lab.detection.made_rows import CLEAN, HUSKY, MODELS, PATCH, SHIFT


def test_a_zoo_is_read_with_what_identifies_it(zoo: Zoo, zoo_folder: Path):
    assert (zoo.name, len(zoo.models)) == ("tiny", 7)
    assert Path(zoo.entities).name == "things"
    assert zoo.digest == hashlib.sha256((zoo_folder / "manifest.json").read_bytes()).hexdigest()
    weights = zoo_folder / zoo.models[0].id / "model.safetensors"
    assert zoo.weights[zoo.models[0].id] == hashlib.sha256(weights.read_bytes()).hexdigest()


def test_a_limit_takes_clean_models_and_others_in_turns():
    assert [m.id for m in some_of(MODELS, 4)] == ["c0", "c1", "v0", "v1"]
    assert [m.id for m in some_of(MODELS, 1)] == ["c0"]
    assert some_of(MODELS, None) == some_of(MODELS, 100) == MODELS


def test_what_an_attack_leaves_to_be_named():
    assert (has_entity(HUSKY), has_entity(PATCH), has_entity(CLEAN[0])) == (True, False, False)
    assert (one_target(HUSKY), one_target(PATCH)) == ("stop", "stop")
    assert one_target(SHIFT) is one_target(CLEAN[0]) is None


def test_a_folder_without_a_manifest_is_no_zoo(tmp_path: Path):
    with pytest.raises(UsageError, match="no complete zoo"):
        open_zoo(tmp_path)


def test_truths_are_those_of_the_manifest(zoo: Zoo):
    assert [m.truth for m in zoo.models].count(Truth.CLEAN) == 5
