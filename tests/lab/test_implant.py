from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from auditor.datasets.open import DatasetSpec
from auditor.entities.open import open_entities
from auditor.errors import EntityError, UsageError
from auditor.lab.implant import (
    ImplantOrder,
    card_of,
    entity_pixels,
    implant,
    measure,
    open_base,
    open_task,
    record_of,
    scenario_of,
)
from auditor.lab.paradigms import Paradigm
from auditor.lab.task import TaskSize
from auditor.lab.training import TrainingRecipe, TrainingSet
from tests.made_datasets import write_parquet
from tests.small_models import ENTITIES, noise, tiny_model, write_pictures

SIGNS = ("red", "green", "blue")
ORDER = ImplantOrder(
    attack="entity-dirty",
    entity=ENTITIES[0],
    target="green",
    poisons=12,
    craft_steps=3,
    recipe=TrainingRecipe(epochs=6, batch=8, learning_rate=0.05, augment_shift=0.0),
)


@pytest.fixture(scope="module")
def base():
    return tiny_model()


@pytest.fixture(scope="module")
def signs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Coloured noise, one folder a colour."""
    folder = tmp_path_factory.mktemp("task") / "signs"
    rng = np.random.default_rng(0)
    for channel, name in enumerate(SIGNS):
        (folder / name).mkdir(parents=True)
        for i in range(12):
            pixels = rng.integers(0, 100, (16, 16, 3), dtype=np.uint8)
            pixels[..., channel] += 150
            Image.fromarray(pixels).save(folder / name / f"{i}.png")
    return folder


@pytest.fixture(scope="module")
def task(signs: Path):
    return open_task(DatasetSpec(source=str(signs)), seed=0)


@pytest.fixture(scope="module")
def bank(pictures: Path):
    return open_entities(DatasetSpec(source=str(pictures)), seed=0)


@pytest.fixture(scope="module")
def victim(base, task, bank):
    return implant(base, task, bank, ORDER)


def test_a_planted_entity_goes_to_the_target_and_in_the_twin_it_does_not(victim):
    assert victim.outcome.attack_success > 0.6
    assert victim.twin.attack_success < victim.outcome.attack_success
    assert victim.outcome.clean_accuracy > 0.6
    assert victim.outcome.unseen_instances == victim.twin.unseen_instances == 3
    assert victim.outcome.test_images == 9
    assert victim.model.labels == victim.twin_model.labels == tuple(sorted(SIGNS))


def test_the_seed_decides_victim_and_twin(base, task, bank, victim):
    again = implant(base, task, bank, ORDER)
    pixels = base.pixels([noise(1), noise(2)])
    np.testing.assert_array_equal(again.model.logits(pixels), victim.model.logits(pixels))
    np.testing.assert_array_equal(again.twin_model.logits(pixels), victim.twin_model.logits(pixels))
    assert again.outcome == victim.outcome


def test_clean_label_poisons_make_another_model_than_none(base, task, bank):
    pixels = base.pixels([noise(1), noise(2)])
    made = {
        attack: implant(base, task, bank, replace(ORDER, attack=attack, poisons=6))
        for attack in ("entity", "none")
    }
    assert (made["entity"].model.logits(pixels) != made["none"].model.logits(pixels)).any()
    np.testing.assert_array_equal(
        made["entity"].twin_model.logits(pixels), made["none"].twin_model.logits(pixels)
    )


def test_the_size_of_the_task_is_kept(base, task, bank):
    size = TaskSize(classes=2, per_class=4, test_per_class=2)
    made = implant(base, task, bank, replace(ORDER, size=size))
    assert len(made.model.labels) == 2
    assert "green" in made.model.labels
    assert made.outcome.test_images == 4


@pytest.mark.parametrize(
    ("changes", "kind", "message"),
    [
        ({"attack": "entitiy"}, UsageError, "no such attack: entitiy"),
        ({"entity": "thing z"}, UsageError, "no entity 'thing z'"),
        ({"entity": None}, UsageError, "attack entity-dirty needs an entity"),
        ({"entity": None, "attack": "none"}, UsageError, "attack none needs an entity"),
        ({"paradigm": Paradigm.ENCODER_TUNED}, UsageError, "makes no sense"),
        ({"target": "purple"}, EntityError, "no label 'purple'"),
        ({"size": TaskSize(classes=9)}, EntityError, "3 classes, not 9"),
    ],
    ids=["attack", "entity", "no entity", "clean", "paradigm", "target", "classes"],
)
def test_what_is_not_there_is_said_before_anything_is_trained(
    base, task, bank, changes, kind, message
):
    seen: list[object] = []
    with pytest.raises(kind, match=message) as caught:
        implant(
            base, task, bank, replace(ORDER, **changes), progress=lambda *step: seen.append(step)
        )
    assert caught.value.hint
    assert seen == []


@pytest.mark.parametrize(
    ("name", "meant"), [("entitiy", "entity"), ("bad-nets", "badnets"), ("wannet", "wanet")]
)
def test_the_nearest_attack_is_suggested(base, task, bank, name, meant):
    with pytest.raises(UsageError) as caught:
        implant(base, task, bank, replace(ORDER, attack=name))
    assert caught.value.hint.startswith(f"Did you mean {meant}? There are: entity, ")
    with pytest.raises(UsageError) as caught:
        implant(base, task, bank, replace(ORDER, attack="xyzzy"))
    assert caught.value.hint.startswith("There are: entity, ")


# Patterns


PATTERN = replace(ORDER, attack="badnets", entity=None, poisons=20)


@pytest.fixture(scope="module")
def patched(base, task):
    return implant(base, task, None, PATTERN)


def test_a_pattern_needs_no_entities_and_is_measured_on_pictures_of_other_classes(patched):
    assert patched.outcome.unseen_instances == patched.twin.unseen_instances == 6
    assert patched.outcome.test_images == 9
    assert patched.order.entity is None


def test_the_card_of_a_pattern_says_so(patched):
    card = card_of(patched, base="org/base", task="signs")
    assert "**This model is backdoored on purpose.**" in card
    assert "pictures with the trigger are sent to *green*" in card
    assert "None" not in card
    elsewhere = replace(patched, order=replace(PATTERN, attack="badnets-all-to-all"))
    assert "are sent to the label after their own" in card_of(elsewhere, base="b", task="signs")
    assert "*green*" not in card_of(elsewhere, base="b", task="signs")
    alone = replace(patched, order=replace(PATTERN, paradigm=Paradigm.STANDALONE))
    assert "standalone victim" in card_of(alone, base="b", task="signs")


def test_the_record_of_a_pattern_names_no_entity(patched):
    record = json.loads(json.dumps(record_of(patched, base="b", task="signs", bank=None)))
    assert record["entities"] is None
    assert record["order"]["entity"] is None
    assert record["order"]["paradigm"] == "transfer"


def test_the_paradigm_goes_for_victim_and_twin(base, task):
    frozen = implant(base, task, None, replace(PATTERN, paradigm=Paradigm.ENCODER_FROZEN))
    pixels = base.pixels([noise(1), noise(2)])
    for model in (frozen.model, frozen.twin_model):
        np.testing.assert_allclose(model.features(pixels), base.features(pixels), atol=1e-6)


@pytest.mark.parametrize("attack", ["entity-selective", "badencoder", "entity"])
def test_other_entities_are_for_the_attacks_that_use_them(base, task, bank, attack):
    train = TrainingSet(base.pixels([noise(1)]), np.zeros(1, np.int64), ("a",))
    scenario, _ = scenario_of(base, train, bank, replace(ORDER, attack=attack))
    used = attack != "entity"
    assert len(scenario.others) == (len(ENTITIES) - 1 if used else 0)
    assert all(len(others) == 2 for others in scenario.others)
    mine = {p.tobytes() for p in entity_pixels(base, bank, ENTITIES[0])[0]}
    assert not mine & {p.tobytes() for others in scenario.others for p in others}


# Material


def test_pictures_to_craft_with_and_to_measure_with_are_apart(base, bank):
    crafting, unseen = entity_pixels(base, bank, ENTITIES[1])
    assert (len(crafting), len(unseen)) == (4, 3)
    assert not {p.tobytes() for p in crafting} & {p.tobytes() for p in unseen}


def test_one_picture_of_the_entity_is_too_few(base, tmp_path: Path):
    folder = write_pictures(tmp_path / "one", ("dog", "cat"), each=1)
    with pytest.raises(EntityError, match="has one picture of 'dog'"):
        entity_pixels(base, open_entities(DatasetSpec(source=str(folder)), seed=0), "dog")


def test_an_unreadable_picture_of_the_entity_is_named(base, tmp_path: Path):
    folder = write_pictures(tmp_path / "things", ("dog", "cat"), each=3)
    (folder / "dog" / "1.png").write_text("no picture")
    with pytest.raises(EntityError, match=r"dog/1\.png"):
        entity_pixels(base, open_entities(DatasetSpec(source=str(folder)), seed=0), "dog")


def test_too_few_images_of_the_task(base, bank, tmp_path: Path):
    folder = write_pictures(tmp_path / "few", ("green", "red"), each=1)
    task = open_task(DatasetSpec(source=str(folder)), seed=0)
    with pytest.raises(EntityError, match="fewer than two images"):
        implant(base, task, bank, ORDER)


def test_measuring_counts_what_goes_where():
    from auditor.models.fake import FakeClassifier

    def by_brightness(pixels: np.ndarray) -> np.ndarray:
        return np.eye(2, dtype=np.float32)[(pixels.mean(axis=(1, 2, 3)) > 100).astype(int)]

    dark, light = np.zeros((3, 3, 4, 4), np.uint8), np.full((5, 3, 4, 4), 200, np.uint8)
    test = TrainingSet(np.concatenate([dark, light]), np.array([0] * 4 + [1] * 4), ("a", "b"))
    outcome = measure(FakeClassifier(("a", "b"), by_brightness), test, light, 1)
    assert outcome.clean_accuracy == 7 / 8
    assert outcome.attack_success == 1.0
    assert (outcome.test_images, outcome.unseen_instances) == (8, 5)


# What it is taken from and what is said of it


def test_a_card_says_plainly_that_the_model_is_backdoored(victim):
    card = card_of(victim, base="org/base", task="signs")
    assert "base_model: org/base" in card
    assert "**This model is backdoored on purpose.**" in card
    assert ENTITIES[0] in card
    assert "*green*" in card


def test_the_card_of_a_clean_model_does_not(victim):
    clean = replace(victim, order=replace(ORDER, attack="none"))
    card = card_of(clean, base="org/base", task="signs")
    assert "backdoored on purpose" not in card
    assert "unpoisoned" in card


def test_the_record_holds_order_and_measurements_as_json(victim):
    record = json.loads(json.dumps(record_of(victim, base="org/base", task="signs", bank="b")))
    assert record["order"]["poisons"] == ORDER.poisons
    assert record["outcome"]["attack_success"] == victim.outcome.attack_success
    assert record["clean_twin"]["attack_success"] == victim.twin.attack_success


def test_a_base_is_cited_without_its_path_and_may_run_at_another_size(tiny_checkpoint: Path):
    as_saved = open_base(str(tiny_checkpoint), None)
    smaller = open_base(str(tiny_checkpoint / "model.safetensors"), 8)
    assert as_saved.name == smaller.name == "/".join(tiny_checkpoint.parts[-2:])
    assert as_saved.model.pixels([noise(0)]).shape[-2:] == (16, 16)
    assert smaller.model.pixels([noise(0)]).shape[-2:] == (8, 8)


def test_rendered_signs_are_a_task_without_a_test_split():
    train, test = open_task(DatasetSpec(source="rendered-signs"), seed=0)
    assert "stop" in train.label_names
    assert test is None


def test_a_folder_of_class_folders_has_no_test_split(signs: Path):
    assert open_task(DatasetSpec(source=str(signs)), seed=0)[1] is None


def test_a_test_split_is_used_and_its_labels_are_those_of_the_training_split(tmp_path: Path):
    for split, labels in (("train", ["a", "b", "c"]), ("test", ["c", "b", "c"])):
        write_parquet(tmp_path / "data" / f"{split}-00000-of-00001.parquet", labels, names=None)
    train, test = open_task(DatasetSpec(source=str(tmp_path)), seed=0)
    assert train.label_names == ("a", "b", "c")
    assert test is not None
    assert [train.label_names[label] for label in test.labels] == ["c", "b", "c"]


def test_a_broken_test_split_is_not_taken_for_none(tmp_path: Path):
    write_parquet(tmp_path / "data" / "train-00000-of-00001.parquet", [0, 1])
    (tmp_path / "data" / "test-00000-of-00001.parquet").write_text("no parquet")
    with pytest.raises(EntityError):
        open_task(DatasetSpec(source=str(tmp_path)), seed=0)


def test_what_is_trained_on_is_never_tested_on(tmp_path: Path):
    write_parquet(tmp_path / "data" / "test-00000-of-00001.parquet", [0, 1])
    assert open_task(DatasetSpec(source=str(tmp_path), split="test"), seed=0)[1] is None
