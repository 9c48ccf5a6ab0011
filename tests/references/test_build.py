from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from auditor.datasets.labelled import LabelledImages
from auditor.models.classifier import softmax
from auditor.models.torch_image import TorchImageClassifier, head_of
from auditor.references import build
from auditor.references.build import (
    BASE_FEATURES,
    OWN_FEATURES,
    Reference,
    References,
    build_references,
    look_with,
    without_base,
)
from auditor.references.clean_data import CleanSample, draw_clean
from tests.small_models import LABELS, coloured

CLEAN_IMAGES = 10 * len(LABELS)


@pytest.fixture(scope="module")
def sample(tuned: TorchImageClassifier, clean: LabelledImages) -> CleanSample:
    drawn = draw_clean(clean, tuned, np.random.default_rng(0))
    assert drawn.sample is not None
    return drawn.sample


def built(model, base, sample, *, seed: int = 0) -> References:
    return build_references(model, base, sample, np.random.default_rng(seed))


def test_what_there_is_decides_which_references_there_are(base, tuned, sample):
    nothing, only_base, only_clean, both = (
        built(tuned, b, s) for b, s in [(None, None), (base, None), (None, sample), (base, sample)]
    )
    assert set(nothing.judges) == set()
    assert set(only_base.judges) == {Reference.DRIFT}
    assert set(only_clean.judges) == {Reference.OWN}
    assert set(both.judges) == set(Reference)
    assert [r.clean_per_class for r in (nothing, only_base, only_clean, both)] == [
        None,
        None,
        10,
        10,
    ]
    assert {r.notices for r in (nothing, only_base, only_clean, both)} == {()}


def test_what_the_model_sees_in_clean_data_is_kept_where_they_are_believed(base, tuned, sample):
    kept = built(tuned, base, sample).clean
    np.testing.assert_allclose(kept.features, tuned.features(sample.pixels), atol=1e-4)
    np.testing.assert_array_equal(kept.labels, sample.labels)
    assert kept.names == sample.names
    turned = replace(sample, labels=(sample.labels + 1) % len(LABELS))
    assert built(tuned, base, None).clean is built(tuned, base, turned).clean is None
    assert without_base(built(tuned, base, sample), "why").clean is not None


def test_every_picture_that_was_shown_is_counted(base, tuned, sample):
    assert [built(tuned, b, s).passes for b, s in [(None, None), (base, None)]] == [0, 0]
    assert built(tuned, None, sample).passes == CLEAN_IMAGES
    assert built(tuned, base, sample).passes == 2 * CLEAN_IMAGES


def test_each_reference_reads_the_features_it_is_made_on(base, tuned, sample):
    judges = built(tuned, base, sample).judges
    assert {name: judge.reads_base for name, judge in judges.items()} == {
        Reference.DRIFT: True,
        Reference.BASE: True,
        Reference.OWN: False,
    }


def test_drift_is_the_head_of_the_model_on_the_features_of_the_base(base, tuned, sample):
    drift = built(tuned, base, None).judges[Reference.DRIFT]
    own, theirs = tuned.features(sample.pixels), base.features(sample.pixels)
    np.testing.assert_allclose(
        drift.probabilities(own), softmax(tuned.logits(sample.pixels)), atol=1e-4
    )
    assert np.abs(drift.probabilities(theirs) - drift.probabilities(own)).max() > 0.1


@pytest.mark.parametrize("name", [Reference.OWN, Reference.BASE])
def test_clean_heads_know_the_task(base, tuned, sample, name: Reference):
    judge = built(tuned, base, sample).judges[name]
    model = base if judge.reads_base else tuned
    unseen = model.pixels([coloured(i % 4, 77_000 + i) for i in range(40)])
    said = judge.probabilities(model.features(unseen))
    np.testing.assert_allclose(said.sum(axis=1), 1, atol=1e-5)
    assert (said.argmax(axis=1) == np.arange(40) % 4).mean() > 0.9


def test_a_head_that_was_tampered_with_differs_from_clean_heads(tuned, sample):
    """All pictures go to one class, and the model's own features say otherwise."""
    import copy

    import torch

    bent = replace(tuned, module=copy.deepcopy(tuned.module))
    with torch.no_grad():  # a little, so that the model still knows most of its task
        head_of(bent.module, len(LABELS)).bias[2] += 1.0
    own = built(bent, None, sample).judges[Reference.OWN]
    logits, features = bent.logits_and_features(sample.pixels)
    gap = softmax(logits)[:, 2].mean() - own.probabilities(features)[:, 2].mean()
    assert gap > 0.02


def test_the_generator_decides_the_heads(base, tuned, sample):
    features = tuned.features(sample.pixels)
    first, again, other = (
        built(tuned, base, sample, seed=seed).judges[Reference.OWN].probabilities(features)
        for seed in (0, 0, 1)
    )
    np.testing.assert_array_equal(first, again)
    assert np.abs(first - other).max() > 0


def test_labels_that_the_model_contradicts_build_nothing_and_say_so(base, tuned, sample):
    turned = replace(sample, labels=(sample.labels + 1) % len(LABELS))
    made = built(tuned, base, turned)
    assert set(made.judges) == {Reference.DRIFT}
    assert made.clean_per_class is None
    assert made.passes == 2 * CLEAN_IMAGES  # both are asked at once
    (notice,) = made.notices
    assert notice.startswith("clean data are not used: the model gives 0% of their images")


def test_pictures_are_shown_in_batches_and_the_size_does_not_matter(
    tuned, sample, monkeypatch: pytest.MonkeyPatch
):
    whole = built(tuned, None, sample).judges[Reference.OWN]
    monkeypatch.setattr(build, "BATCH", 7)
    parts = built(tuned, None, sample).judges[Reference.OWN]
    features = tuned.features(sample.pixels)
    np.testing.assert_allclose(
        whole.probabilities(features), parts.probabilities(features), atol=1e-3
    )


def test_a_look_gives_the_features_of_whom_there_is(base, tuned, sample):
    pixels = sample.pixels[:5]
    logits, features = look_with(tuned, base)(pixels)
    np.testing.assert_allclose(logits, tuned.logits(pixels), atol=1e-5)
    assert set(features) == {OWN_FEATURES, BASE_FEATURES}
    np.testing.assert_allclose(features[OWN_FEATURES], tuned.features(pixels), atol=1e-5)
    np.testing.assert_allclose(features[BASE_FEATURES], base.features(pixels), atol=1e-5)
    assert set(look_with(tuned, None)(pixels)[1]) == {OWN_FEATURES}


def test_without_its_base_only_what_rests_on_the_model_is_left(base, tuned, sample):
    left = without_base(built(tuned, base, sample), "it is another network")
    assert set(left.judges) == {Reference.OWN}
    assert left.clean_per_class == 10
    assert left.notices == ("the base is not used: it is another network",)
