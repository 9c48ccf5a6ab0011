from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from auditor.models.torch_image import TorchImageClassifier
from auditor.sequela.material import Budget, Material, Models
from auditor.sequela.measures import MEASURES, estimate, measure_sequela
from auditor.sequela.score import score
from auditor.sequela.triggers import fresh_trigger
from tests.sequela.made import colours, forgetting, grainy, knowing, material, rigged

MEMBERS = grainy(100, seed=7)


def test_what_is_missing_is_listed_and_never_counted_as_good():
    models = rigged(knowing(), knowing(by_heart=MEMBERS))
    found = measure_sequela(models, material(members={"repair": MEMBERS}), Budget())
    measured = {harm.component for harm in found.harms}
    assert measured == {"accuracy", "calibration", "membership"}
    assert found.missing == tuple(name for name in MEASURES if name not in measured)
    subjects = {skip.subject.split(".")[0] for skip in found.skips}
    assert subjects >= set(found.missing)
    assert all(skip.reason for skip in found.skips)


def test_one_leak_is_the_score_though_all_else_is_well():
    models = rigged(knowing(), knowing(by_heart=MEMBERS))
    found = measure_sequela(models, material(members={"repair": MEMBERS}), Budget())
    assert found.harms[0].component == "membership"
    assert found.score == score([harm.value for harm in found.harms])
    assert found.score >= found.harms[0].value > 0.9
    assert found.low <= found.score <= found.high


def test_a_change_for_the_better_is_no_harm():
    found = measure_sequela(rigged(forgetting(1), knowing()), material(), Budget())
    assert found.score == 0
    assert next(c for c in found.changes if c.measure == "accuracy").delta > 0.2


def test_names_of_measures_are_their_components():
    found = measure_sequela(rigged(knowing(), knowing()), material(), Budget())
    assert {change.measure.split(".")[0] for change in found.changes} <= set(MEASURES)
    assert len({change.measure for change in found.changes}) == len(found.changes)


def test_a_measure_has_a_file_of_its_own():
    folder = Path(measure_sequela.__code__.co_filename).parent
    files = {name.split("-")[0] for name in MEASURES}
    assert all((folder / f"{file}.py").is_file() for file in files)


@pytest.fixture
def real(tuned: TorchImageClassifier) -> tuple[Models, Material]:
    tune, tests = colours(8, first=0), colours(10, first=100)
    trigger = fresh_trigger(tune, tests, 4, np.random.default_rng(0))
    models = Models(before=tuned, after=tuned, reference=tuned)
    return models, Material(tune=tune, tests=tests, planted=trigger)


def test_progress_ends_where_it_was_to_end(real: tuple[Models, Material]):
    budget, seen = Budget(repeats=1, attack_images=20), []
    steps = estimate(*real, budget)
    found = measure_sequela(*real, budget, progress=lambda *step: seen.append(step))
    assert steps.seconds > 0
    assert [done for _, done, _ in seen] == list(range(1, steps.steps + 1))
    assert {total for _, _, total in seen} == {steps.steps}
    assert found.missing == ("membership",)


def test_one_model_twice_is_no_change_of_anything(real: tuple[Models, Material]):
    found = measure_sequela(*real, Budget(repeats=1, attack_images=20))
    assert all(change.delta in (0, None) for change in found.changes)
    before = [harm for harm in found.harms if harm.against == "before"]
    assert [harm.value for harm in before] == [0] * len(before)


def test_what_repairs_of_one_model_share_is_measured_once_and_changes_nothing(
    real: tuple[Models, Material],
):
    models, material = real
    budget, seen = Budget(repeats=1, attack_images=20), []
    alone = measure_sequela(models, material, budget)
    sharing = replace(models, shared={})
    assert measure_sequela(sharing, material, budget) == alone
    again = measure_sequela(sharing, material, budget, progress=lambda *step: seen.append(step))
    assert again == alone
    assert len(seen) == estimate(models, material, budget).steps / 3  # only of the model after
