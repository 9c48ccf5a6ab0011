from __future__ import annotations

import warnings

import numpy as np
import pytest

from auditor.references.heads import STRENGTHS, fit_heads

FEATURES, EACH = 6, 30


def task(classes: int, seed: int = 0):
    """Features `(N, D)` in one cloud a class, and labels in shuffled order."""
    rng = np.random.default_rng(seed)
    middle = 3 * np.eye(classes, FEATURES)
    labels = rng.permutation(np.repeat(np.arange(classes), EACH))
    features = middle[labels] + rng.normal(0, 0.5, (len(labels), FEATURES))
    return features.astype(np.float32), labels


def fitted(features, labels, classes: int, seed: int = 0):
    return fit_heads(features, labels, classes, np.random.default_rng(seed))


@pytest.mark.parametrize("classes", [2, 3, 5])
def test_a_task_that_can_be_told_apart_is_learnt(classes: int):
    heads = fitted(*task(classes), classes)
    unseen, labels = task(classes, seed=1)
    said = heads.probabilities(unseen)
    assert said.shape == (len(labels), classes)
    np.testing.assert_allclose(said.sum(axis=1), 1, atol=1e-5)
    assert (said.argmax(axis=1) == labels).mean() > 0.97


def test_there_is_one_head_for_each_strength_and_they_differ():
    heads = fitted(*task(3), 3)
    assert heads.weight.shape == (len(STRENGTHS), 3, FEATURES)
    assert heads.bias.shape == (len(STRENGTHS), 3)
    lengths = np.linalg.norm(heads.weight, axis=(1, 2))
    assert (np.diff(lengths) > 0).all()  # weaker regularisation, longer weights


def test_two_classes_get_the_probabilities_of_a_logistic_regression():
    """scikit-learn keeps one row for two classes; as two rows it must say the same."""
    from sklearn.linear_model import LogisticRegression

    features, labels = task(2)
    heads = fitted(features, labels, 2)
    rng = np.random.default_rng(0)
    rows = [np.flatnonzero(labels == c) for c in (0, 1)]
    drawn = np.concatenate([rng.choice(members, len(members)) for members in rows])
    x = (features - features.mean(axis=0)) / features.std(axis=0)
    theirs = LogisticRegression(C=STRENGTHS[0]).fit(x[drawn], labels[drawn])
    z = x @ heads.weight[0].T + heads.bias[0]
    ours = 1 / (1 + np.exp(z[:, 0] - z[:, 1]))
    np.testing.assert_allclose(ours, theirs.predict_proba(x)[:, 1], atol=1e-3)


def test_the_generator_decides_the_bootstrap_samples():
    features, labels = task(3)
    first, again, other = (fitted(features, labels, 3, seed) for seed in (0, 0, 1))
    np.testing.assert_array_equal(first.weight, again.weight)
    assert np.abs(first.weight - other.weight).max() > 0


def test_features_that_never_move_have_no_say():
    features, labels = task(3)
    features[:, 5] = 7.0
    heads = fitted(features, labels, 3)
    assert np.isfinite(heads.weight).all()
    np.testing.assert_allclose(heads.weight[..., 5], 0, atol=1e-6)
    foreign = features.copy()
    foreign[:, 5] = 8.0
    np.testing.assert_allclose(
        heads.probabilities(foreign), heads.probabilities(features), atol=1e-4
    )


def test_features_of_which_none_moves_say_nothing():
    _, labels = task(3)
    said = fitted(np.zeros((len(labels), FEATURES), np.float32), labels, 3).probabilities(
        np.ones((4, FEATURES), np.float32)
    )
    np.testing.assert_allclose(said, 1 / 3, atol=0.05)


def test_the_unit_of_a_feature_does_not_matter():
    features, labels = task(3)
    plain, scaled = (fitted(features * unit, labels, 3) for unit in (1, 1000))
    np.testing.assert_allclose(
        plain.probabilities(features), scaled.probabilities(features * 1000), atol=1e-3
    )


@pytest.mark.parametrize("missing", [0, 2])
def test_a_class_without_an_image_is_refused(missing: int):
    features, labels = task(3)
    kept = labels != missing
    with pytest.raises(ValueError, match="every class needs an image"):
        fitted(features[kept], labels[kept], 3)


def test_a_head_that_does_not_settle_prints_no_warning(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("auditor.references.heads.MAX_ITERATIONS", 1)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        fitted(*task(3), 3)
