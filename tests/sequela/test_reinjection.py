from __future__ import annotations

import numpy as np
import pytest

from auditor.models.torch_image import TorchImageClassifier
from auditor.sequela import query, reactivation
from auditor.sequela.material import Budget, Material, Models, hits
from auditor.sequela.reinjection import (
    DOSES,
    FRESH,
    FRESH_MEASURE,
    SAME,
    SAME_MEASURE,
    run_fresh,
    run_same,
)
from auditor.sequela.triggers import pattern_trigger
from auditor.sequela.tuning import Course, poisoned, tuned
from tests.sequela.made import colours, knowing, material, rigged

TUNE, TESTS = colours(8, first=0), colours(10, first=300)


def _striped(pixels: np.ndarray) -> np.ndarray:
    made = pixels.copy()
    made[..., ::4] = 255
    made[..., 2::4] = 0
    return made


STRIPES = pattern_trigger(TUNE, TESTS, _striped, lambda labels: np.zeros_like(labels))
BUDGET = Budget(repeats=2)
MATERIAL = Material(tune=TUNE, tests=TESTS, planted=STRIPES)


@pytest.fixture(scope="module")
def backdoored(request: pytest.FixtureRequest) -> TorchImageClassifier:
    honest = request.getfixturevalue("tuned")
    data = poisoned(TUNE, STRIPES.poisons, 24, seed=0)
    return tuned(honest, data, Course(epochs=25, learning_rate=0.05), seed=0)


def test_the_backdoor_works(backdoored: TorchImageClassifier, request: pytest.FixtureRequest):
    assert hits(backdoored, STRIPES.tests).mean() > 0.8
    assert hits(backdoored, TESTS).mean() > 0.8
    assert hits(request.getfixturevalue("tuned"), STRIPES.tests).mean() < 0.6


def test_what_remains_of_a_backdoor_is_harm_though_before_had_more(
    backdoored: TorchImageClassifier, request: pytest.FixtureRequest
):
    honest = request.getfixturevalue("tuned")
    unrepaired = Models(before=backdoored, after=backdoored, reference=honest)
    ticks = []
    found = run_same(unrepaired, MATERIAL, BUDGET, tick=lambda: ticks.append(1))
    changes = {change.measure: change for change in found.changes}
    assert len(ticks) == SAME_MEASURE.steps(unrepaired, MATERIAL, BUDGET)
    assert [f"{SAME}.after-{dose}" in changes for dose in (0, *DOSES)] == [True] * 6
    assert changes[f"{SAME}.mean"].delta == 0
    assert changes[f"{SAME}.mean"].after > changes[f"{SAME}.mean"].reference + 0.2
    assert changes[f"{SAME}.smallest"].after == 1
    assert found.harm.against == "reference"
    assert found.harm.value > 0.2
    assert found.harm.low < found.harm.value < found.harm.high


@pytest.mark.parametrize("run", [run_same, reactivation.run, query.run])
def test_without_a_reference_the_old_trigger_is_measured_and_not_scored(
    run, backdoored: TorchImageClassifier, request: pytest.FixtureRequest
):
    repaired = Models(before=backdoored, after=request.getfixturevalue("tuned"))
    found = run(repaired, MATERIAL, Budget(repeats=1))
    assert found.harm is None
    assert all(change.reference is None for change in found.changes)
    assert found.changes[0].before > found.changes[0].after
    assert "never poisoned" in found.skips[0].reason
    assert found.skips[0].remedy == "Give --reference."


def test_a_fresh_trigger_is_another_in_each_repeat_and_the_same_for_all_models(
    backdoored: TorchImageClassifier, request: pytest.FixtureRequest
):
    models = Models(before=backdoored, after=backdoored)
    found = run_fresh(models, MATERIAL, BUDGET)
    assert all(c.delta in (0, None) for c in found.changes)
    assert found.harm.value == 0
    assert found.harm.measure == f"{FRESH}.mean"
    assert found == run_fresh(models, MATERIAL, BUDGET)
    weights = backdoored.module.state_dict()
    assert found.changes[0].observations == 2 * 3 * 10  # pictures that have the target are out
    assert all(tensor.isfinite().all() for tensor in weights.values())


def test_tuning_leaves_the_model_as_it_was(request: pytest.FixtureRequest):
    honest = request.getfixturevalue("tuned")
    before = {name: tensor.clone() for name, tensor in honest.module.state_dict().items()}
    made = tuned(honest, TUNE, Course(epochs=1), seed=0)
    assert all(before[name].equal(t) for name, t in honest.module.state_dict().items())
    assert any(not before[name].equal(t) for name, t in made.module.state_dict().items())
    assert not made.module.training


def test_poisons_are_used_once_before_one_is_used_twice():
    count = len(STRIPES.poisons)
    assert count == 24
    data = poisoned(TUNE, STRIPES.poisons, count, seed=0)
    assert len({each.tobytes() for each in data.pixels[len(TUNE) :]}) == count
    assert len(poisoned(TUNE, STRIPES.poisons, 50, seed=0)) == len(TUNE) + 50


def test_reactivation_finds_a_backdoor_that_was_not_removed(
    backdoored: TorchImageClassifier, request: pytest.FixtureRequest
):
    honest = request.getfixturevalue("tuned")
    models = Models(before=backdoored, after=backdoored, reference=honest)
    ticks = []
    found = reactivation.run(models, MATERIAL, BUDGET, tick=lambda: ticks.append(1))
    (change,) = found.changes
    assert len(ticks) == reactivation.MEASURE.steps(models, MATERIAL, BUDGET)
    assert change.after > change.reference
    assert found.harm.value == pytest.approx(change.after - change.reference)


def test_one_perturbation_stays_in_its_box_and_is_the_same_for_all_pictures(
    backdoored: TorchImageClassifier,
):
    shift = query.universal(backdoored, STRIPES.poisons, TUNE, seed=0)
    assert shift.shape == TESTS.pixels.shape[1:]
    assert 0 < abs(shift).max() <= query.EPSILON
    moved = query.shifted(TESTS, shift)
    assert abs(moved.pixels.astype(int) - TESTS.pixels).max() <= query.EPSILON


@pytest.mark.parametrize("run", [run_same, reactivation.run, query.run])
def test_an_unknown_trigger_is_said(run, request: pytest.FixtureRequest):
    honest = request.getfixturevalue("tuned")
    found = run(Models(before=honest, after=honest), Material(tune=TUNE, tests=TESTS), BUDGET)
    assert (found.changes, found.harm) == ((), None)
    assert "no trigger is known" in found.skips[0].reason
    assert "--entity" in found.skips[0].remedy


@pytest.mark.parametrize("measure", [FRESH_MEASURE, SAME_MEASURE, reactivation.MEASURE])
def test_models_without_gradients_are_said_and_cost_nothing(measure):
    models, made = rigged(knowing(), knowing()), material(planted=STRIPES)
    found = measure.run(models, made, BUDGET)
    assert "BEFORE runs on fake" in found.skips[0].reason
    assert measure.steps(models, made, BUDGET) == 0


def test_few_pictures_with_the_trigger_are_said(request: pytest.FixtureRequest):
    honest = request.getfixturevalue("tuned")
    few = pattern_trigger(TUNE, TESTS.rows(np.arange(19)), _striped, lambda y: y * 0 + 3)
    made = Material(tune=TUNE, tests=TESTS, planted=few)
    found = run_same(Models(before=honest, after=honest), made, BUDGET)
    assert "19 pictures with the trigger" in found.skips[0].reason
