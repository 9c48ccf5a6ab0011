from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.special import log_softmax, softmax
from scipy.stats import norm
from sklearn.metrics import roc_auc_score

from auditor.sequela.signals import (
    loss_signal,
    modified_entropy_signal,
    offline_lira_signal,
    scaled_confidence,
)

RNG = np.random.default_rng(0)
LOGITS = RNG.normal(0, 3, (50, 6))
LABELS = RNG.integers(0, 6, 50)
SIGNALS = [loss_signal, modified_entropy_signal, scaled_confidence]


def test_the_loss_is_the_cross_entropy():
    expected = log_softmax(LOGITS, axis=1)[np.arange(50), LABELS]
    assert np.allclose(loss_signal(LOGITS, LABELS), expected)


def test_modified_entropy_is_the_papers_formula():
    shares = softmax(LOGITS, axis=1)
    for row, label, found in zip(
        shares, LABELS, modified_entropy_signal(LOGITS, LABELS), strict=True
    ):
        entropy = -(1 - row[label]) * math.log(row[label])
        for i, share in enumerate(row):
            if i != label:
                entropy -= share * math.log(1 - share)
        assert found == pytest.approx(-entropy)


def test_modified_entropy_does_not_praise_a_model_that_is_sure_of_the_wrong_label():
    right, wrong = np.array([[9.0, 0.0, 0.0]]), np.array([[0.0, 9.0, 0.0]])
    label = np.array([0])
    assert modified_entropy_signal(right, label) > modified_entropy_signal(wrong, label)


def test_scaled_confidence_is_the_log_odds_of_the_label():
    own = softmax(LOGITS, axis=1)[np.arange(50), LABELS]
    assert np.allclose(scaled_confidence(LOGITS, LABELS), np.log(own / (1 - own)))


@pytest.mark.parametrize("signal", SIGNALS)
def test_sure_models_give_numbers_and_keep_their_order(signal):
    logits = np.array([[800.0, 0.0], [40.0, 0.0], [1.0, 0.0], [0.0, 1.0], [0.0, 800.0]])
    found = signal(logits, np.zeros(5, np.int64))
    assert np.isfinite(found).all()
    assert (np.diff(found) <= 0).all()
    assert found[1] > found[2] > found[3] > found[4]


def test_offline_lira_orders_pictures_as_its_probability_does():
    shadows = RNG.normal(1.0, 2.0, (6, 50)) + LOGITS[:, 0]
    unseen = RNG.random((6, 50)) < 0.5
    unseen[0] |= ~unseen.any(axis=0)
    observed = RNG.normal(1.5, 2.0, 50) + LOGITS[:, 0]
    found = offline_lira_signal(observed, shadows, unseen)
    centres = np.array([shadows[unseen[:, i], i].mean() for i in range(50)])
    residuals = np.concatenate([shadows[unseen[:, i], i] - centres[i] for i in range(50)])
    probability = norm.cdf(observed, loc=centres, scale=residuals.std())
    assert (np.argsort(probability, kind="stable") == np.argsort(found, kind="stable")).all()
    assert np.allclose(norm.cdf(found), probability, atol=1e-9)


def test_lira_tells_members_that_are_hard_where_the_loss_cannot():
    hardness = RNG.normal(0, 5, 400)
    member = np.arange(400) < 200
    shadows = hardness + RNG.normal(0, 0.5, (8, 400))
    observed = hardness + 1.5 * member + RNG.normal(0, 0.5, 400)
    unseen = np.ones((8, 400), np.bool_)
    by_loss = roc_auc_score(member, observed)
    by_lira = roc_auc_score(member, offline_lira_signal(observed, shadows, unseen))
    assert by_lira > 0.95 > 0.7 > by_loss


def test_a_picture_that_every_shadow_saw_is_refused():
    with pytest.raises(ValueError, match="every shadow"):
        offline_lira_signal(np.zeros(2), np.zeros((2, 2)), np.array([[True, False]] * 2))
