from __future__ import annotations

import itertools

import numpy as np
import pytest

from auditor.errors import UnsupportedModel
from auditor.evidence.margins import interval_of, stands_out
from auditor.models.inner import behind_inner_layer
from auditor.models.torch_image import head_of
from auditor.probes.plan import Depth
from auditor.probes.reach import Search, drive_classes, head_margins
from tests.small_models import tiny_model

LETTERS = tuple("abcdef")


def driven(model, depth=Depth.STANDARD, seed=0):
    return drive_classes(model, depth, np.random.default_rng(seed))


def test_the_margin_of_the_head_is_the_largest_that_any_corner_of_the_range_gives():
    rng = np.random.default_rng(0)
    weight, features = rng.normal(size=(5, 6)).astype(np.float32), rng.normal(size=(20, 6))
    margins = head_margins(weight, features.astype(np.float32)).mean(axis=0)
    ends = min(0, features.min()), max(0, features.max())
    corners = np.array(list(itertools.product(ends, repeat=6)))
    logits = corners @ weight.T
    largest = (logits - logits.mean(axis=1, keepdims=True)).max(axis=0)
    np.testing.assert_allclose(margins, largest, rtol=1e-4)


def test_a_class_that_is_driven_further_stands_out_in_both_searches():
    import torch

    model = tiny_model(LETTERS)
    with torch.no_grad():
        head_of(model.module, len(LETTERS)).weight[2] += 3.0
    for margins in driven(model).margins.values():
        values = stands_out(margins.mean(axis=0))
        assert values.argmax() == 2
        assert values[2] > 0.5


def test_climbing_raises_the_margins_and_a_seed_decides_them(monkeypatch):
    model = tiny_model(LETTERS)
    reached = driven(model).margins[Search.INNER]
    np.testing.assert_array_equal(reached, driven(model).margins[Search.INNER])
    monkeypatch.setattr("auditor.probes.reach.STEPS", 0)
    assert (reached > driven(model).margins[Search.INNER]).all()


def test_how_classes_are_batched_changes_nothing_that_matters(monkeypatch):
    model = tiny_model(LETTERS)
    whole = driven(model).margins[Search.INNER]
    monkeypatch.setattr("auditor.probes.reach.BATCH", 6)
    np.testing.assert_allclose(driven(model).margins[Search.INNER], whole, rtol=1e-3, atol=1e-5)


def test_the_model_is_left_as_it_was():
    model = tiny_model()
    driven(model)
    assert all(parameter.grad is None for parameter in model.module.parameters())
    assert not any(part._forward_hooks for part in model.module.modules())


def test_what_is_not_driven_says_why():
    nothing = driven(None)
    assert not nothing.margins
    assert set(nothing.missing) == set(Search)
    assert "gradients" in nothing.missing[Search.INNER]
    few = driven(tiny_model(("a", "b", "c")))
    assert "3 classes where 4 are needed" in few.missing[Search.HEAD]
    quick = driven(tiny_model(), Depth.QUICK)
    assert set(quick.margins) == {Search.HEAD}
    assert "--depth quick" in quick.missing[Search.INNER]
    many = driven(tiny_model(tuple(f"c{i}" for i in range(130))))
    assert "130 classes are more than the 128" in many.missing[Search.INNER]


def test_a_network_without_a_chain_of_layers_is_not_cut():
    from torch import nn

    model = tiny_model()
    encoder = model.module.resnet.encoder
    encoder.stages = nn.ModuleList([encoder.stages[0]])
    pictures = np.zeros((2, 3, 16, 16), np.uint8)
    with pytest.raises(UnsupportedModel, match="no inner layer"):
        behind_inner_layer(model, pictures)


def test_the_part_behind_an_inner_layer_answers_as_the_whole_does():
    import torch

    model = tiny_model(LETTERS)
    pictures = np.random.default_rng(0).integers(0, 256, (3, 3, 16, 16), dtype=np.uint8)
    part = behind_inner_layer(model, pictures)
    with torch.no_grad():
        alone = part.logits(part.seen).numpy()
    np.testing.assert_allclose(alone, model.logits(pictures), rtol=1e-4, atol=1e-5)


def test_a_class_stands_out_by_its_spreads_above_the_others():
    others = np.array([1.0, 2.0, 4.0])
    own = 16.0
    values = stands_out(np.array([*others, own]))
    logs = np.log(others)
    z = (np.log(own) - logs.mean()) / (logs.std(ddof=1) + 0.1)
    assert values[3] == pytest.approx(1 / (1 + np.exp(2 - z)))
    assert values[0] < values[1] < values[2] < 0.5


def test_no_scale_and_no_class_without_margin_makes_one_stand_out():
    margins = np.array([1.0, 1.1, 0.9, 1.6])
    np.testing.assert_allclose(stands_out(7 * margins), stands_out(margins))
    assert not stands_out(np.full(5, -2.0)).any()
    assert not stands_out(np.zeros(5)).any()
    assert (stands_out(np.ones(5)) < 0.2).all()
    assert np.isfinite(stands_out(np.array([-1.0, 0.0, 3.0, 1.0]))).all()


def test_the_interval_holds_what_units_agree_on():
    rng = np.random.default_rng(0)
    agree = np.tile([1.0, 1.1, 0.9, 2.0], (9, 1))
    low, high = interval_of(agree, 3, rng)
    assert low == pytest.approx(high)
    wide = interval_of(agree * rng.lognormal(0, 0.5, agree.shape), 3, rng)
    assert wide.high - wide.low > 0.05
