"""Clean data that an attacker has poisoned: seen from the base, which nobody poisoned."""

from __future__ import annotations

import pytest

from auditor.lab.attacks.entity import poison
from auditor.repair.clean import CleanData
from auditor.repair.suspicion import suspects
from auditor.repair.task import Pictures
from tests.lab.small_victims import TARGET, Small, soft_signs

POISONS = 10


@pytest.fixture(scope="module")
def small() -> Small:
    return soft_signs()


def clean_data(pictures: Pictures) -> CleanData:
    names = tuple(f"image {i}" for i in range(len(pictures.labels)))
    return CleanData(
        source="signs",
        tune=pictures,
        tune_names=names,
        choice=pictures,
        judge=pictures,
        notices=(),
    )


def counted(small: Small, pictures: Pictures) -> int:
    """How many images of the target class are suspected."""
    _, unseen = small.scenario("entity")
    notices = suspects(small.base, clean_data(pictures), [(unseen, TARGET)])
    assert all("may be poisoned" in notice for notice in notices)
    return sum(int(notice.split()[2]) for notice in notices)


def test_poisons_among_clean_images_are_suspected_and_others_hardly_ever(small: Small):
    scenario, _ = small.scenario("entity")
    poisoned = poison(small.base, small.train, scenario.entity, small.order(poisons=POISONS))
    untouched = counted(small, Pictures(small.train.pixels, small.train.labels))
    assert untouched <= 0.05 * int((small.train.labels == TARGET).sum())
    assert counted(small, Pictures(poisoned.pixels, poisoned.labels)) - untouched >= POISONS / 2
