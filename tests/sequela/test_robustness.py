from __future__ import annotations

import numpy as np
import torch

from auditor.models.torch_image import TorchImageClassifier
from auditor.sequela.material import Budget, Material, Models, hits
from auditor.sequela.robustness import MEASURE, descend, run, survived
from auditor.sequela.tuning import Course, tuned
from tests.sequela.made import colours, knowing, material, rigged

PICTURES = colours(8, first=0)


def test_attacked_pictures_stay_in_the_box_and_in_range(tuned: TorchImageClassifier):
    moved = descend(tuned, PICTURES, 8, generator=torch.Generator().manual_seed(0)).numpy()
    assert abs(moved - PICTURES.pixels).max() <= 8 + 1e-4
    assert (moved.min(), moved.max()) >= (0, 0)
    assert moved.max() <= 255


def test_a_wider_box_fools_more(tuned: TorchImageClassifier):
    left = [survived(tuned, PICTURES, epsilon, seed=0).mean() for epsilon in (0, 40, 80, 160)]
    assert left[0] == hits(tuned, PICTURES).mean()
    assert left == sorted(left, reverse=True)
    assert left[-1] < 0.5 < left[0]


def test_a_model_that_forgot_its_task_is_less_robust(tuned: TorchImageClassifier):
    from auditor.sequela.material import Labelled

    shuffled = Labelled(PICTURES.pixels, (PICTURES.labels + 1) % 4)
    ruined = _tuned(tuned, shuffled)
    ticks = []
    models, made = Models(before=tuned, after=ruined), Material(tune=PICTURES, tests=PICTURES)
    found = run(models, made, Budget(attack_images=32), tick=lambda: ticks.append(1))
    assert [change.measure for change in found.changes] == ["robustness.eps-4", "robustness.eps-8"]
    assert found.changes[0].delta < -0.5
    assert found.harm.value == -min(change.delta for change in found.changes)
    assert len(ticks) == MEASURE.steps(models, made, Budget(attack_images=32))


def _tuned(model, data):
    return tuned(model, data, Course(epochs=30, learning_rate=0.05), seed=0)


def test_without_gradients_it_is_skipped():
    found = run(rigged(knowing(), knowing()), material(), Budget())
    assert found.harm is None
    assert "needs gradients" in found.skips[0].reason


def test_few_pictures_are_said(tuned: TorchImageClassifier):
    few = PICTURES.rows(np.arange(19))
    found = run(Models(before=tuned, after=tuned), Material(tune=few, tests=few), Budget())
    assert "19 clean pictures, and 20 are needed" in found.skips[0].reason
