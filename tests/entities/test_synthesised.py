from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from auditor.entities.bank import EntityBank
from auditor.entities.synthesised.bank import STAGE, share_named, side_shown, synthesised_bank
from auditor.entities.synthesised.canvas import blank, paint
from auditor.entities.synthesised.kept import Kept
from auditor.entities.synthesised.labels import named_labels, rows_of, spread
from auditor.entities.synthesised.maximise import maximise
from auditor.entities.synthesised.recipe import FEWEST_LABELS, RECIPE, Budget, Recipe, key_of
from auditor.errors import EntityError
from auditor.lab.null_grid import ENTITY_GRID
from auditor.models.torch_image import TorchImageClassifier
from auditor.types import InstanceSource
from tests.made_bases import THINGS, colour_base
from tests.small_models import tiny_model

QUICK = Recipe(size=16, shown=16, steps=30, rate=0.3)


@pytest.fixture(scope="module")
def base() -> TorchImageClassifier:
    return colour_base(("background", *THINGS))


def made(
    base: TorchImageClassifier, cache: Path, *, labels: int = 13, instances: int = 2, seed: int = 0
) -> tuple[EntityBank, list[int]]:
    """A bank, and how far the work was each time that it was told."""
    told: list[int] = []

    def progress(stage: str, done: int, total: int) -> None:
        assert stage == STAGE
        assert total == labels * instances
        told.append(done)

    bank = synthesised_bank(
        base,
        digest="d" * 64,
        source="org/base",
        budget=Budget(labels=labels, instances=instances),
        seed=seed,
        recipe=QUICK,
        cache=cache,
        progress=progress,
    )
    return bank, told


def pixels(bank: EntityBank, instance: int = 0) -> np.ndarray:
    return np.stack([np.asarray(bank.draw(i, instance).image) for i in range(len(bank.entities))])


def test_the_base_names_what_was_made_of_its_labels_and_nothing_of_noise(base):
    labels = [each.label for each in named_labels(base.labels, "org/base")]
    seeds = [(0, label, 0) for label in labels]
    found = maximise(base, labels, QUICK, side=16, seeds=seeds)
    assert found.shape == (len(labels), 3, 16, 16)
    assert found.dtype == np.uint8
    noise = np.random.default_rng(0).integers(0, 256, found.shape, dtype=np.uint8)
    # By chance one of fifteen is right: ten of fourteen have a probability below 1e-9.
    assert share_named(base, labels, [found]) > 10 / 14
    assert share_named(base, labels, [noise]) < 5 / 14


def test_a_search_leaves_the_base_as_it_was(base):
    before = {name: value.clone() for name, value in base.module.state_dict().items()}
    gradients = [p.grad for p in base.module.parameters()]
    maximise(base, [1, 2], QUICK, side=16, seeds=[(0, 1), (0, 2)])
    assert all((before[name] == value).all() for name, value in base.module.state_dict().items())
    assert all(a is p.grad for a, p in zip(gradients, base.module.parameters(), strict=True))
    assert not base.module.training


def test_a_bank(base, tmp_path):
    bank, told = made(base, tmp_path)
    assert bank.source == "base:org/base"
    assert bank.instance_source is InstanceSource.SYNTHESISED
    assert len(bank.entities) == 13
    assert bank.counts == (2,) * 13
    assert bank.entities[0].source is InstanceSource.SYNTHESISED
    assert bank.draw(3, 1).name == f"synthesised/{bank.entities[3].id}/1"
    assert bank.draw(3, 1).image.size == (16, 16)
    assert bank.why.startswith("13 of its 15 labels; it names ")
    assert told == [13, 26]


def test_instances_of_a_label_differ(base, tmp_path):
    bank, _ = made(base, tmp_path)
    assert not (pixels(bank, 0) == pixels(bank, 1)).all(axis=(1, 2, 3)).any()


def test_later_instances_are_pushed_away_from_earlier_ones(base):
    labels = list(range(1, 13))
    seeds = [(0, label, 1) for label in labels]
    first = maximise(base, labels, QUICK, side=16, seeds=[(0, label, 0) for label in labels])
    earlier = base.features(first)

    def likeness(apart: float) -> float:
        again = maximise(
            base, labels, replace(QUICK, apart=apart), side=16, seeds=seeds, away=earlier
        )
        rows = [f / np.linalg.norm(f, axis=1)[:, None] for f in (base.features(again), earlier)]
        return float((rows[0] * rows[1]).sum(axis=1).mean())

    assert likeness(20.0) < likeness(0.0)


def test_the_seed_decides_every_picture(base, tmp_path):
    first, _ = made(base, tmp_path / "a")
    again, _ = made(base, tmp_path / "b")
    other, _ = made(base, tmp_path / "c", seed=1)
    assert (pixels(first) == pixels(again)).all()
    assert not (pixels(first) == pixels(other)).all(axis=(1, 2, 3)).any()


def test_what_was_made_once_is_kept(base, tmp_path):
    first, _ = made(base, tmp_path)
    again, told = made(base, tmp_path)
    assert told == []
    assert (pixels(first, 1) == pixels(again, 1)).all()
    more, told = made(base, tmp_path, instances=3)
    assert told == [39]  # only the third instance of each was missing
    assert (pixels(first, 1) == pixels(more, 1)).all()


@pytest.mark.parametrize("broken", [b"", b"no zip", b"PK\x03\x04 cut"])
def test_a_broken_cache_is_made_again(base, tmp_path, broken: bytes):
    first, _ = made(base, tmp_path)
    for file in tmp_path.rglob("001.npz"):
        file.write_bytes(broken)
    again, told = made(base, tmp_path)
    assert told == [26]
    assert (pixels(first, 1) == pixels(again, 1)).all()


def test_a_cache_holds_what_it_says(tmp_path):
    kept = Kept.of("d" * 64, "key", tmp_path)
    kept.write(0, np.ones((2, 3, 4, 4), np.uint8))
    assert kept.read(0, (2, 3, 4, 4)) is not None
    assert kept.read(0, (3, 3, 4, 4)) is None
    assert kept.read(1, (2, 3, 4, 4)) is None
    kept.write(1, np.ones((2, 3, 4, 4), np.float32))
    assert kept.read(1, (2, 3, 4, 4)) is None


def test_a_cache_that_cannot_be_written_costs_only_time(base, tmp_path):
    (tmp_path / "synthesised").write_text("a file where a folder should be")
    bank, _ = made(base, tmp_path)
    assert len(bank.entities) == 13


def test_another_recipe_label_or_seed_is_kept_apart():
    keys = {
        key_of(RECIPE, (1, 2), 0),
        key_of(RECIPE, (1, 3), 0),
        key_of(RECIPE, (1, 2), 1),
        key_of(replace(RECIPE, steps=RECIPE.steps + 1), (1, 2), 0),
    }
    assert len(keys) == 4


def test_too_small_a_budget_says_what_would_do(base, tmp_path):
    with pytest.raises(EntityError, match="the budget allows 11 labels") as raised:
        made(base, tmp_path, labels=11)
    assert f"at least {FEWEST_LABELS} labels" in raised.value.hint
    assert ENTITY_GRID[0] == FEWEST_LABELS


def test_a_base_with_few_labels_says_so(tmp_path):
    with pytest.raises(EntityError, match="the base has 4 labels to synthesise"):
        made(tiny_model(), tmp_path)


def test_a_base_that_does_not_know_its_own_pictures_is_refused(tmp_path):
    deaf = tiny_model(("background", *THINGS), favourite=0)
    with pytest.raises(EntityError, match=r"org/base names only \d+% of the instances"):
        made(deaf, tmp_path)


def test_a_base_is_shown_pictures_at_the_side_that_it_takes(base):
    assert side_shown(base, RECIPE) == 16
    assert side_shown(base, replace(RECIPE, shown=8)) == 8


# Canvas


def test_a_blank_spectrum_is_grey_and_a_larger_one_has_more_contrast():
    import torch

    generator = torch.Generator().manual_seed(0)
    spectrum = blank(4, 16, 1.0, generator)
    assert spectrum.shape == (4, 3, 16, 9, 2)
    grey = paint(torch.zeros_like(spectrum), 1.0)
    assert grey.shape == (4, 3, 16, 16)
    assert torch.allclose(grey, torch.full_like(grey, 127.5))
    contrasts = [paint(scale * spectrum, 1.0).std() for scale in (0.001, 0.01, 0.1)]
    assert contrasts == sorted(contrasts)


def test_a_steeper_falloff_makes_smoother_pictures():
    import torch

    spectrum = blank(8, 32, 0.01, torch.Generator().manual_seed(0))

    def roughness(falloff: float) -> float:
        picture = paint(spectrum, falloff)
        return float((picture[..., 1:] - picture[..., :-1]).std() / picture.std())

    assert roughness(2.0) < roughness(1.0) < roughness(0.0)


# Labels


def test_labels_become_entities_with_synonyms():
    labels = ("tench, Tinca tinca", "n01440764 goldfish, Carassius", "crane", "crane", "Background")
    named = named_labels(labels, "org/base")
    assert [each.label for each in named] == [0, 1, 2, 3]
    assert [each.entity.name for each in named] == ["tench", "goldfish", "crane", "crane"]
    assert [each.entity.id for each in named] == ["tench", "n01440764", "crane", "crane-2"]
    assert named[0].entity.synonyms == ("Tinca tinca",)
    assert named[1].entity.wordnet_id == "n01440764"


@pytest.mark.parametrize(
    "labels",
    [
        tuple(f"LABEL_{i}" for i in range(20)),
        tuple(str(i) for i in range(20)),
        tuple(f"class {i}" for i in range(20)),
        tuple(f"n{i:08}" for i in range(20)),
        ("cat", *(f"LABEL_{i}" for i in range(1, 20))),
    ],
)
def test_labels_without_names_are_an_error_that_says_what_to_do(labels):
    with pytest.raises(EntityError, match="org/base has no names for its labels") as raised:
        named_labels(labels, "org/base")
    assert "id2label" in raised.value.hint


def test_a_spread_takes_one_of_each_kind():
    rng = np.random.default_rng(0)
    kinds = rng.normal(size=(6, 24))
    head = np.repeat(kinds, [100, 10, 10, 10, 10, 10], axis=0)
    head = (head + 0.05 * rng.normal(size=head.shape)).astype(np.float32)
    chosen = spread(head, range(150), 6)
    assert chosen == sorted(chosen)
    assert [sum(a <= each < b for each in chosen) for a, b in ((0, 100), (100, 110))] == [1, 1]
    assert len({each // 10 for each in chosen if each >= 100}) == 5
    assert chosen == spread(head, range(150), 6)


def test_a_spread_never_takes_fewer_than_asked_for():
    head = np.ones((40, 5), np.float32)  # all rows alike: clusters that nobody can tell apart
    assert len(set(spread(head, range(1, 40), 20))) == 20
    assert spread(head, [3, 1, 2], 5) == [1, 2, 3]


def test_a_base_without_a_linear_head_is_refused(base):
    import torch

    headless = replace(base, module=torch.nn.Identity())
    with pytest.raises(EntityError, match="no head to synthesise its labels from") as raised:
        rows_of(headless)
    assert "linear classification head" in raised.value.hint
