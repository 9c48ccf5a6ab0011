from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from auditor.checkpoints.resolve import resolve
from auditor.errors import CheckpointError, UsageError
from auditor.lab.benign import (
    MAX_TRAINING_IMAGES,
    BaseShare,
    Population,
    TaskShare,
    build_benign,
    draw_recipe,
    read_population,
)
from tests.lab.conftest import MODELS, Built

POPULATION = Population(
    bases=(
        BaseShare(checkpoint="org/often", image_size=96, share=3),
        BaseShare(checkpoint="org/seldom", image_size=128, share=1),
    ),
    tasks=(TaskShare(data="signs", share=1), TaskShare(data="flowers", share=1)),
)
CLASSES = {"signs": 43, "flowers": 200}
GOOD = """\
bases:
  - {checkpoint: org/base, image_size: 96, share: 1}
tasks:
  - {data: signs, share: 0.5}
"""


def recipes(count: int = 400):
    return [draw_recipe(POPULATION, number, CLASSES) for number in range(count)]


def test_the_same_number_is_the_same_recipe_and_another_number_another():
    assert recipes(20) == recipes(20)
    assert len({(r.base, r.classes, r.training) for r in recipes(20)}) == 20


def test_a_recipe_does_not_depend_on_how_many_are_drawn():
    assert draw_recipe(POPULATION, 7, CLASSES) == recipes(8)[7]
    assert recipes(8)[7].number == 7


def test_a_recipe_can_be_followed():
    for recipe in recipes():
        assert 4 <= len(recipe.classes) <= 50
        assert len(set(recipe.classes)) == len(recipe.classes)
        assert max(recipe.classes) < CLASSES[recipe.task]
        assert 20 <= recipe.per_class <= 150
        assert len(recipe.classes) * recipe.per_class <= MAX_TRAINING_IMAGES
        assert recipe.training.epochs >= 1
        assert recipe.training.learning_rate > 0


def test_all_kinds_are_drawn_in_their_shares():
    drawn = recipes()

    def share(of) -> float:
        return float(np.mean([bool(of(recipe)) for recipe in drawn]))

    assert share(lambda r: r.base == "org/often") == pytest.approx(0.75, abs=0.08)
    assert {r.input_size for r in drawn if r.base == "org/seldom"} == {128}
    assert share(lambda r: r.task == "signs") == pytest.approx(0.5, abs=0.1)
    assert share(lambda r: r.training.mode == "head") == pytest.approx(1 / 3, abs=0.1)
    assert {r.training.optimiser for r in drawn} == {"sgd", "adamw"}
    assert {r.training.augment_shift for r in drawn} == {0.0, 0.06, 0.15}


@pytest.mark.parametrize("available", [2, 3, 5, 6])
def test_a_task_of_few_classes_is_taken_whole_or_nearly(available: int):
    for number in range(20):
        recipe = draw_recipe(POPULATION, number, dict.fromkeys(CLASSES, available))
        assert min(4, available) <= len(recipe.classes) <= available


def test_a_population_is_read(tmp_path: Path):
    (tmp_path / "p.yaml").write_text(GOOD)
    population = read_population(tmp_path / "p.yaml")
    assert population.bases[0].checkpoint == "org/base"
    assert population.tasks[0].share == 0.5


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (GOOD + "extra: 1\n", "extra"),
        (GOOD.replace("share: 1", "share: 0"), "bases.0.share"),
        (GOOD.replace("image_size: 96", "image_size: 8"), "bases.0.image_size"),
        ("bases: []\ntasks: []\n", "bases"),
        ("bases: [", "cannot be read"),
        ("2020-99-99", "cannot be read"),
        ("", "dictionary"),
    ],
)
def test_a_broken_population_names_what_is_wrong(tmp_path: Path, text: str, said: str):
    path = tmp_path / "p.yaml"
    path.write_text(text)
    with pytest.raises(UsageError, match=said) as caught:
        read_population(path)
    assert str(path) in caught.value.message
    assert caught.value.hint


def test_a_population_that_is_not_there(tmp_path: Path):
    with pytest.raises(UsageError, match="cannot be read"):
        read_population(tmp_path / "none.yaml")


def test_the_shipped_populations_can_be_read():
    folder = Path(__file__).parent.parent.parent / "reports" / "nulls"
    found = sorted(folder.glob("*.population.yaml"))
    assert found
    for path in found:
        read_population(path)


def test_every_number_becomes_a_checkpoint_with_its_recipe(built: Built):
    folders = sorted(built.folder.iterdir())
    assert [folder.name for folder in folders] == [f"benign-{n:04d}" for n in range(MODELS)]
    for number, folder in enumerate(folders):
        record = json.loads((folder / "lab.json").read_text())
        assert record["recipe"]["number"] == number
        assert 0 <= record["clean_accuracy"] <= 1
        assert record["sources"] == {
            "base": built.population.bases[0].checkpoint,
            "task": built.population.tasks[0].data,
        }
        checkpoint = resolve(str(folder))
        labels = [f"sign {i}" for i in record["recipe"]["classes"]]
        assert list(checkpoint.config["id2label"].values()) == labels
        assert checkpoint.declared_base == "/".join(
            Path(built.population.bases[0].checkpoint).parts[-2:]
        )


def test_models_differ(built: Built):
    digests = {resolve(str(folder)).digest for folder in built.folder.iterdir()}
    assert len(digests) == MODELS


def test_no_card_names_a_path_of_this_machine(built: Built):
    for card in built.folder.glob("*/README.md"):
        assert str(built.folder.parent) not in card.read_text()


def test_building_again_keeps_what_stands_and_makes_what_is_missing(built: Built, tmp_path: Path):
    models = shutil.copytree(built.folder, tmp_path / "models")
    (models / "benign-0000" / "mark.txt").write_text("untouched")
    shutil.rmtree(models / "benign-0001")
    seen: list[tuple[int, int]] = []
    build_benign(
        built.population,
        range(MODELS),
        models,
        progress=lambda _, done, total: seen.append((done, total)),
    )
    assert (models / "benign-0000" / "mark.txt").is_file()
    assert seen == [(n + 1, MODELS) for n in range(MODELS)]
    again, before = (resolve(str(folder / "benign-0001")) for folder in (models, built.folder))
    assert again.digest == before.digest  # the number decides the weights


def test_a_base_that_is_not_there_is_said(built: Built, tmp_path: Path):
    nowhere = BaseShare(checkpoint=str(tmp_path / "none"), image_size=16, share=1)
    population = built.population.model_copy(update={"bases": (nowhere,)})
    with pytest.raises(CheckpointError):
        build_benign(population, range(1), tmp_path / "models")
