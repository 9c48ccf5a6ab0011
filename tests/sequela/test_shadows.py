from __future__ import annotations

import numpy as np

from auditor.models.torch_image import TorchImageClassifier, head_of
from auditor.sequela.shadows import shadow_confidences, shadow_start, steps
from tests.sequela.made import colours
from tests.small_models import LABELS, tiny_model


def test_a_shadow_starts_from_the_base_under_a_fresh_head(tuned: TorchImageClassifier):
    base = tiny_model(("cat", "dog"), seed=3)
    start = shadow_start(tuned, base, seed=0)
    assert start.labels == LABELS
    own, theirs = start.module.state_dict(), base.module.state_dict()
    for name in own:
        same = name.startswith("classifier")
        assert (own[name].shape == theirs[name].shape and own[name].equal(theirs[name])) != same
    head = head_of(start.module, len(LABELS))
    assert not head.weight.equal(head_of(tuned.module, len(LABELS)).weight)
    assert head.bias.abs().max() == 0


def test_another_architecture_is_no_base(tuned: TorchImageClassifier):
    import torch

    base = tiny_model()
    base.module.extra = torch.nn.Linear(2, 2)
    assert shadow_start(base, tuned, seed=0) is None


def test_every_picture_is_unseen_by_half_of_the_shadows():
    pool = colours(4, first=0)
    confidences, unseen = shadow_confidences(tiny_model(), pool, 4, seed=0)
    assert confidences.shape == unseen.shape == (4, 16)
    assert (unseen.sum(axis=0) == 2).all()
    assert np.isfinite(confidences).all()
    again, _ = shadow_confidences(tiny_model(), pool, 4, seed=0)
    assert np.array_equal(confidences, again)


def test_steps_are_counted_beforehand():
    counted = []
    shadow_confidences(tiny_model(), colours(9, first=0), 3, seed=0, tick=lambda: counted.append(1))
    assert len(counted) == steps(36, 3)
