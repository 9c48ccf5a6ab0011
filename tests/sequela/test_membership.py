from __future__ import annotations

import numpy as np
import pytest

from auditor.models.torch_image import TorchImageClassifier
from auditor.sequela.material import Budget, Labelled, Material, Models
from auditor.sequela.membership import MEASURE, pooled, run
from tests.sequela.made import colours, grainy, knowing, material, rigged

MEMBERS = grainy(100, seed=7)


def test_pictures_learnt_by_heart_in_a_repair_are_told():
    models = rigged(knowing(), knowing(by_heart=MEMBERS), knowing())
    found = run(models, material(members={"repair": MEMBERS}), Budget())
    changes = {change.measure: change for change in found.changes}
    for attack in ("loss", "entropy"):
        area = changes[f"membership.repair.{attack}.auc"]
        assert 0.4 < area.before < 0.6
        assert area.after == 1
        assert area.reference == area.before
        assert 0.3 < area.low < area.delta < area.high < 0.65
        rate = changes[f"membership.repair.{attack}.tpr-at-1-fpr"]
        assert (rate.before < 0.1, rate.after) == (True, 1)
    assert found.harm.value > 0.9
    assert [skip.subject for skip in found.skips] == ["membership.repair.lira"]
    assert found.skips[0].remedy == "Give --base."


def test_a_repair_that_forgets_members_is_no_harm():
    models = rigged(knowing(by_heart=MEMBERS), knowing())
    found = run(models, material(members={"training": MEMBERS}), Budget())
    assert found.harm.value == 0
    assert all(change.delta < 0 for change in found.changes)


def test_training_and_repair_data_are_told_apart():
    models = rigged(knowing(), knowing(by_heart=MEMBERS))
    sets = {"training": grainy(100, seed=8), "repair": MEMBERS}
    found = run(models, material(members=sets), Budget())
    deltas = {change.measure: change.delta for change in found.changes}
    assert abs(deltas["membership.training.loss.auc"]) < 0.1
    assert deltas["membership.repair.loss.auc"] > 0.4


def test_members_among_the_clean_data_are_no_non_members():
    made = material()
    both = Labelled(
        np.concatenate([MEMBERS.pixels, made.tests.pixels]),
        np.concatenate([MEMBERS.labels, made.tests.labels]),
    )
    pool, notice = pooled(both, made.clean, "training")
    assert (pool.members, len(pool.pictures)) == (200, 300)
    assert notice.startswith("100 clean pictures are among the training data too")
    found = run(rigged(knowing(), knowing()), material(members={"training": both}), Budget())
    assert found.notices == (notice,)


def test_clean_data_that_are_all_members_tell_nothing():
    made = material()
    found = run(rigged(knowing(), knowing()), material(members={"training": made.clean}), Budget())
    assert (found.changes, found.harm) == ((), None)
    assert "200 members and 0 others" in found.skips[0].reason


def test_one_false_alarm_in_a_hundred_needs_a_hundred():
    models = rigged(knowing(), knowing())
    found = run(models, material(99, members={"training": MEMBERS}), Budget())
    assert [c.measure.split(".")[-1] for c in found.changes] == ["auc", "auc"]
    assert any("tpr-at-1-fpr" in skip.subject for skip in found.skips)
    enough = run(models, material(100, members={"training": MEMBERS}), Budget())
    assert len(enough.changes) == 4


def test_without_members_it_is_skipped():
    found = run(rigged(knowing(), knowing()), material(), Budget())
    assert found.harm is None
    assert "--members" in found.skips[0].remedy


@pytest.fixture(scope="module")
def tiny_models(tuned: TorchImageClassifier) -> Models:
    return Models(before=tuned, after=tuned)


def test_lira_trains_shadows_from_the_base(tuned: TorchImageClassifier, tiny_models: Models):
    from tests.small_models import tiny_model

    made = Material(
        tune=colours(8, first=0),
        tests=colours(8, first=100),
        members={"training": colours(8, first=200)},
        base=tiny_model(seed=3),
    )
    budget = Budget(shadows=2)
    ticks = []
    weights = tuned.module.state_dict()["classifier.1.weight"].clone()
    found = run(tiny_models, made, budget, tick=lambda: ticks.append(1))
    (area,) = [c for c in found.changes if c.measure == "membership.training.lira.auc"]
    assert area.delta == 0
    assert 0.3 < area.before < 0.7  # nothing was learnt by heart
    assert len(ticks) == MEASURE.steps(tiny_models, made, budget) > 0
    assert weights.equal(tuned.module.state_dict()["classifier.1.weight"])
