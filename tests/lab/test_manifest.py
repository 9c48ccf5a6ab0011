from __future__ import annotations

import hashlib
import json
import os
from dataclasses import replace
from pathlib import Path

import pytest

from auditor.errors import ExitCode, UsageError
from auditor.lab.manifest import MANIFEST, Truth, read_manifest, truth_of, write_manifest
from auditor.lab.zoo_record import FILES, is_built
from tests.made_datasets import require_plain
from tests.small_zoo import pretend, pretended


@pytest.mark.parametrize(
    ("attack", "success", "null", "truth"),
    [
        (None, 0.0, (), Truth.CLEAN),
        ("badnets", 0.9, (0.0, 0.1, 0.2), Truth.BACKDOORED),
        ("badnets", 0.5, (0.0, 0.0, 0.0), Truth.FAILED),
        ("badnets", 0.51, (0.0, 0.0, 0.0), Truth.BACKDOORED),
        ("badnets", 0.9, (0.0, 0.0, 0.7), Truth.FAILED),
        ("badnets", 1.0, (0.0, 0.75, 0.0), Truth.BACKDOORED),
    ],
)
def test_an_attempt_counts_only_if_it_works_and_works_better_than_in_every_twin(
    tmp_path: Path, attack: str | None, success: float, null: tuple[float, ...], truth: Truth
):
    spec, _ = pretended(tmp_path)
    assert (spec.min_success, spec.min_lift) == (0.5, 0.25)
    assert truth_of(spec, attack, success, null) is truth


def test_what_is_written_is_read_again(tmp_path: Path):
    spec, plans = pretended(tmp_path)
    pretend(plans[-1], tmp_path / plans[-1].id, success=0.4)
    write_manifest(spec, plans, tmp_path)
    models = read_manifest(tmp_path)
    assert [model.id for model in models] == [plan.id for plan in plans]
    assert [model.truth for model in models] == [Truth.CLEAN] * 5 + [
        Truth.BACKDOORED,
        Truth.FAILED,
    ]
    by_entity, pattern = models[-2:]
    assert (by_entity.folder, by_entity.attack) == (tmp_path / plans[-2].id, "entity-dirty")
    assert (by_entity.entity, by_entity.target) == (plans[-2].entity, plans[-2].target)
    assert (pattern.entity, pattern.target) == (None, "stop")
    assert (pattern.attack_success, pattern.null_rates) == (0.4, (0.0, 0.1, 0.2))
    assert (models[0].attack_success, models[0].clean_accuracy) == (None, 0.75)
    assert (models[0].setting, models[0].classes) == ("signs", (0, 1, 2))


def test_a_manifest_says_what_the_files_hash_to_and_times_stand_beside_it(tmp_path: Path):
    spec, plans = pretended(tmp_path)
    write_manifest(spec, plans, tmp_path)
    said = json.loads((tmp_path / MANIFEST).read_text())
    weights = (tmp_path / plans[0].id / "model.safetensors").read_bytes()
    hashes = said["models"][0]["sha256"]
    assert hashes["model.safetensors"] == hashlib.sha256(weights).hexdigest()
    assert list(hashes) == list(FILES)
    assert said["spec"]["clean"][0]["training"] == {"epochs": 60}
    assert "seconds" not in (tmp_path / MANIFEST).read_text()
    assert json.loads((tmp_path / "times.json").read_text()) == {p.id: 1.5 for p in plans}
    assert not [path for path in tmp_path.iterdir() if path.name.startswith(".")]


@pytest.mark.skipif(os.name != "posix", reason="needs a limit on the size of files")
def test_a_disk_that_is_full_leaves_the_manifest_of_before(tmp_path: Path):
    import resource

    spec, plans = pretended(tmp_path)
    write_manifest(spec, plans, tmp_path)
    before = (tmp_path / MANIFEST).read_bytes()
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, limits[1]))
    try:
        with pytest.raises(UsageError, match="cannot be written: File too large") as caught:
            write_manifest(spec.model_copy(update={"name": "other"}), plans, tmp_path)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    require_plain(caught.value, ExitCode.USAGE)
    assert (tmp_path / MANIFEST).read_bytes() == before
    assert not [path for path in tmp_path.iterdir() if path.name.startswith(".")]


def test_a_folder_without_a_manifest_is_no_zoo(tmp_path: Path):
    with pytest.raises(UsageError, match=r"holds no manifest\.json") as caught:
        read_manifest(tmp_path)
    require_plain(caught.value, ExitCode.USAGE)


@pytest.mark.parametrize(
    "text", ["{", "[]", "{}", '{"models": [{}]}', '{"models": 3}', '{"models": ["clean"]}']
)
def test_a_manifest_of_something_else_is_refused(tmp_path: Path, text: str):
    (tmp_path / MANIFEST).write_text(text)
    with pytest.raises(UsageError, match="is no manifest of a zoo") as caught:
        read_manifest(tmp_path)
    require_plain(caught.value, ExitCode.USAGE)


@pytest.mark.parametrize(("key", "value"), [("id", "../thesis"), ("truth", "honest")])
def test_a_manifest_that_was_tampered_with_is_refused(tmp_path: Path, key: str, value: str):
    spec, plans = pretended(tmp_path)
    write_manifest(spec, plans, tmp_path)
    said = json.loads((tmp_path / MANIFEST).read_text())
    said["models"][0][key] = value
    (tmp_path / MANIFEST).write_text(json.dumps(said))
    with pytest.raises(UsageError, match="is no manifest of a zoo"):
        read_manifest(tmp_path)


def built(tmp_path: Path, *, entities: str = "things", references: int = 3, **changes: object):
    """Whether the last victim of a pretended zoo counts as built, for a plan with changes."""
    plan = replace(pretended(tmp_path / "zoo")[1][-1], **changes)
    return is_built(plan, tmp_path / "zoo" / plan.id, entities=entities, references=references)


def test_a_model_of_the_same_recipe_is_built(tmp_path: Path):
    assert built(tmp_path)
    assert not built(tmp_path, id="victim-signs-badnets-9")
    (tmp_path / "zoo" / "victim-signs-badnets-9").mkdir()
    assert not built(tmp_path, id="victim-signs-badnets-9")


@pytest.mark.parametrize(
    ("changes", "differing"),
    [
        ({"poisons": 5, "target": "yield"}, "poisons, target differ"),
        ({"entities": "others"}, "entities differ"),
        ({"references": 4}, "references differ"),
    ],
)
def test_a_model_of_another_recipe_is_refused_and_the_difference_named(
    tmp_path: Path, changes: dict[str, object], differing: str
):
    with pytest.raises(UsageError, match=f"another recipe: {differing}") as caught:
        built(tmp_path, **changes)
    require_plain(caught.value, ExitCode.USAGE)


@pytest.mark.parametrize(
    "record",
    ["{", "[1]", "{}", '{"plan": {}}', '{"recipe": {"number": 3}, "clean_accuracy": 0.5}', None],
)
def test_a_folder_that_holds_something_else_is_refused_and_left_alone(
    tmp_path: Path, record: str | None
):
    _, plans = pretended(tmp_path)
    folder = tmp_path / plans[0].id
    if record is None:
        (folder / "lab.json").unlink()
    else:
        (folder / "lab.json").write_text(record)
    with pytest.raises(UsageError, match="is no model of a zoo") as caught:
        is_built(plans[0], folder, entities="things", references=3)
    require_plain(caught.value, ExitCode.USAGE)
    assert str(folder) in caught.value.message
    assert (folder / "model.safetensors").exists()


def test_a_file_in_the_place_of_a_model_is_refused(tmp_path: Path):
    _, plans = pretended(tmp_path / "zoo")
    (tmp_path / "file").write_text("years of work")
    with pytest.raises(UsageError, match="is no model of a zoo"):
        is_built(plans[0], tmp_path / "file", entities="things", references=3)


def test_a_model_without_its_weights_is_not_complete(tmp_path: Path):
    _, plans = pretended(tmp_path)
    folder = tmp_path / plans[0].id
    (folder / "model.safetensors").unlink()
    with pytest.raises(UsageError, match=r"is not complete: model\.safetensors is missing"):
        is_built(plans[0], folder, entities="things", references=3)
