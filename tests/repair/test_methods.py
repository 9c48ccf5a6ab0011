"""Every method on one bent model: it is mended, and the rules of the house are kept."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from auditor.errors import NotAudited, UsageError
from auditor.models.torch_image import head_of
from auditor.repair.answers import accuracy_of, classes_of
from auditor.repair.loop import batches_of
from auditor.repair.methods import METHODS
from auditor.repair.methods.fst import fst
from auditor.repair.methods.ft_sam import RHO, sharpness_aware
from auditor.repair.methods.super_ft import super_ft
from auditor.repair.task import Rates, RepairTask
from tests.repair.conftest import TARGET, task_pictures
from tests.small_models import noise, tiny_model

GENTLE = Rates(max1=0.3)


def quick(task: RepairTask) -> RepairTask:
    return replace(task, rates=GENTLE)


def test_the_model_is_bent_before(task: RepairTask):
    assert (classes_of(task.model, task.watched[0].pixels) == TARGET).mean() > 0.9
    assert task.accuracy < 0.95


# Plain fine-tuning at its low rate is the method that need not succeed, and FT-SAM its relative.
@pytest.mark.parametrize("name", ["head-refit", "fst", "super-ft", "outlier-exposure"])
def test_a_method_mends_it(task: RepairTask, name: str):
    METHODS[name].run(quick(task))
    unseen = task.model.pixels([noise(1000 + i) for i in range(40)])
    assert (classes_of(task.model, unseen) == TARGET).mean() <= 0.5
    assert accuracy_of(task.model, task_pictures(task.model, 10, 900)) >= 0.9


@pytest.mark.parametrize("name", METHODS)
def test_history_and_settings_are_told_and_the_best_moment_is_kept(task: RepairTask, name: str):
    done = METHODS[name].run(quick(task))
    assert done.history
    steps = [moment.step for moment in done.history]
    assert steps == sorted(set(steps))
    assert done.chosen_step in steps
    kept = next(m for m in done.history if m.step == done.chosen_step)
    assert accuracy_of(task.model, task.choice) == pytest.approx(kept.accuracy)
    assert done.steps <= task.longest
    assert not task.model.module.training


@pytest.mark.parametrize("name", METHODS)
def test_a_seed_decides_everything(task: RepairTask, name: str):
    start = {k: v.clone() for k, v in task.model.module.state_dict().items()}
    ends = []
    for noise_from_others in (1, 2):
        torch.manual_seed(noise_from_others)
        task.model.module.load_state_dict(start)
        METHODS[name].run(quick(task))
        ends.append({k: v.clone() for k, v in task.model.module.state_dict().items()})
    assert all(torch.equal(ends[0][k], ends[1][k]) for k in start)


def test_super_ft_uses_plain_sgd_and_the_numbers_it_was_given(task: RepairTask):
    rates = Rates(base=0.01, max1=0.2, max2=0.05, up=5, down=5, phase1=0.5)
    done = super_ft(replace(task, rates=rates))
    assert done.range_test is None
    assert done.schedule == {
        "lr_base": 0.01,
        "lr_max1": 0.2,
        "lr_max2": 0.05,
        "up": 5.0,
        "down": 5.0,
        "phase1_steps": 20.0,
    }
    # A look stands at the end of a triangle, one step above its foot.
    assert [m.rate for m in done.history[:3]] == pytest.approx([0.048, 0.048, 0.018])


def test_super_ft_finds_its_peak_when_none_is_given(task: RepairTask):
    done = super_ft(replace(task, rates=Rates()))
    assert done.range_test is not None
    assert done.schedule["lr_max1"] == done.range_test.chosen


def test_phase_2_goes_on_until_accuracy_is_back_or_the_budget_ends(task: RepairTask):
    far = replace(quick(task), accuracy=2.0)  # which no model reaches
    assert super_ft(far).steps == task.longest
    near = replace(quick(task), accuracy=0.0)
    assert super_ft(near).steps == task.steps


def test_a_method_that_diverges_says_so_and_hands_back_no_ruin(task: RepairTask):
    with pytest.raises(NotAudited, match="diverged") as caught:
        super_ft(replace(task, rates=Rates(base=1e30, max1=1e30, max2=1e30)))
    assert "--lr-max1" in caught.value.hint


def test_fst_keeps_the_length_of_the_head_and_leaves_its_direction(task: RepairTask):
    old = head_of(task.model.module, 4).weight.detach().clone()
    fst(task)
    new = head_of(task.model.module, 4).weight.detach()
    assert float(new.norm()) == pytest.approx(float(old.norm()), rel=1e-4)
    assert float((new * old).sum() / (new.norm() * old.norm())) < 0.9


def test_sam_leaves_weights_and_statistics_where_they_were(task: RepairTask):
    module = task.model.module.train()
    batch = next(batches_of(task))
    task.model.forward(batch[0])  # statistics move here, once
    before = {k: v.clone() for k, v in module.state_dict().items() if v.is_floating_point()}
    backward = sharpness_aware(task)
    backward(batch)
    after = module.state_dict()
    for name, _ in module.named_parameters():
        assert torch.allclose(after[name], before[name], atol=1e-6), name
    # The first of the two passes is an ordinary one; the second must leave no trace.
    twice = {k: v.clone() for k, v in after.items() if "running" in k}
    module.load_state_dict(before, strict=False)
    task.model.forward(batch[0])
    assert all(torch.allclose(module.state_dict()[k], twice[k], atol=1e-5) for k in twice)
    assert RHO > 0


def test_outlier_exposure_without_pictures_says_what_is_missing(task: RepairTask):
    with pytest.raises(UsageError, match="pictures of the entities"):
        METHODS["outlier-exposure"].run(replace(task, exposure=task.exposure[:0]))


def test_two_classes_are_refitted_too(task: RepairTask):
    model = tiny_model(("stop", "yield"))
    keep = task.clean.labels < 2
    clean = type(task.clean)(task.clean.pixels[keep], task.clean.labels[keep])
    two = replace(task, model=model, clean=clean, choice=clean, watched=())
    METHODS["head-refit"].run(two)
    assert accuracy_of(model, clean) > 0.9


def test_batches_are_all_of_one_size_and_cover_everything(task: RepairTask):
    seen = []
    for batch, _ in zip(batches_of(replace(task, batch=30)), range(8), strict=False):
        assert len(batch[1]) == 30
        seen.append(batch[1].numpy())
    counts = np.bincount(np.concatenate(seen)[:240])
    assert counts.tolist() == [60] * 4  # three whole rounds of 80
