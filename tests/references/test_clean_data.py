from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from auditor.datasets.labelled import LabelledImages, UnreadableImageError
from auditor.models.fake import FakeClassifier
from auditor.references import clean_data
from auditor.references.clean_data import CLEAN_GRID, CleanSample, distrusted, draw_clean, unsure

LABELS = ("stop", "no entry", "Road Work")
FEW, MANY = CLEAN_GRID


def images(
    counts: dict[str, int], *, unreadable: frozenset[int] = frozenset(), unlabelled: int = 0
) -> LabelledImages:
    """Pictures of one colour by which image and label can be told: (row, label, 0)."""
    labels = np.repeat(np.arange(len(counts)), list(counts.values()))
    labels = np.concatenate([labels, np.full(unlabelled, -1)])

    def load(row: int) -> Image.Image:
        if row in unreadable:
            raise UnreadableImageError("broken")
        return Image.new("RGB", (20, 20), (row % 256, int(labels[row]) % 256, row // 256))

    return LabelledImages(
        source="signs",
        label_names=tuple(counts),
        labels=labels,
        names=tuple(f"{row}.png" for row in range(len(labels))),
        load=load,
    )


def draw(of: LabelledImages, labels: tuple[str, ...] = LABELS, *, seed: int = 0, **more: int):
    model = FakeClassifier(labels, lambda pixels: np.zeros((len(pixels), 3), np.float32))
    return draw_clean(of, model, np.random.default_rng(seed), **more)


def rows(sample: CleanSample) -> list[int]:
    return (sample.pixels[:, 0, 0, 0] + 256 * sample.pixels[:, 2, 0, 0].astype(int)).tolist()


def refusal(drawn) -> str:
    assert drawn.sample is None
    why = drawn.notices[-1]
    assert why.startswith("clean data are not used: ")
    return why


def plenty(*names: str, each: int = 12) -> LabelledImages:
    return images(dict.fromkeys(names, each))


@pytest.mark.parametrize(
    "names",
    [
        ("stop", "no entry", "Road Work"),
        ("Road Work", "stop", "no entry"),
        ("road_work", "STOP", "no-entry"),
        ("ROAD  WORK", " stop ", "No_Entry"),
    ],
)
def test_labels_are_matched_by_name_whatever_their_order_and_spelling(names: tuple[str, ...]):
    drawn = draw(plenty(*names))
    assert drawn.notices == ()
    theirs = [" ".join(name.lower().replace("_", " ").replace("-", " ").split()) for name in names]
    shown = [theirs[i] for i in drawn.sample.pixels[:, 1, 0, 0]]
    assert shown == [LABELS[label].lower() for label in drawn.sample.labels]
    assert drawn.sample.labels.tolist() == [0] * FEW + [1] * FEW + [2] * FEW


@pytest.mark.parametrize(
    ("fewest", "most", "drawn"),
    [(10, MANY, FEW), (39, MANY, FEW), (40, MANY, MANY), (90, MANY, MANY), (90, FEW, FEW)],
)
def test_as_many_are_drawn_of_every_label_as_a_null_was_measured_with(
    fewest: int, most: int, drawn: int
):
    sample = draw(images({"stop": fewest, "no entry": 95, "road work": 100}), most=most).sample
    assert sample.per_class == drawn
    assert np.bincount(sample.labels).tolist() == [drawn] * 3
    assert len(set(rows(sample))) == 3 * drawn


def test_every_drawn_image_is_named_as_in_the_data():
    # 40 are read of each label, and then so many of one are broken that only 10 are kept of each
    of = images(dict.fromkeys(LABELS, 40), unreadable=frozenset(range(40, 60)))
    sample = draw(of).sample
    assert sample.per_class == FEW
    assert sample.names == tuple(f"{row}.png" for row in rows(sample))


def test_the_generator_decides_which():
    of = plenty(*LABELS, each=30)
    first, again, other = (rows(draw(of, seed=seed).sample) for seed in (0, 0, 1))
    assert first == again
    assert first != other


def test_labels_that_the_model_does_not_have_are_left_out_and_named():
    drawn = draw(plenty("cat", *LABELS, "dog"))
    assert set(drawn.sample.pixels[:, 1, 0, 0].tolist()) == {1, 2, 3}
    (notice,) = drawn.notices
    assert notice.endswith("labels that the model does not have, left out: 'cat', 'dog'")


def test_many_foreign_labels_are_named_in_part_and_cannot_break_the_line():
    drawn = draw(plenty(*LABELS, "a\n\x1b[31mb", *(f"c{i}" for i in range(6)), each=10))
    (notice,) = drawn.notices
    assert notice.isprintable()
    assert notice.endswith("and 2 more")


def test_a_label_that_the_data_lack_is_named_and_nothing_is_drawn():
    assert "they have no label 'Road Work'" in refusal(draw(plenty("stop", "no entry")))


def test_data_of_one_class_only():
    assert "'no entry', 'Road Work'" in refusal(draw(plenty("stop", each=100)))


def test_data_of_another_task_name_both_sides():
    drawn = draw(plenty("cat", "dog"))
    assert "'cat', 'dog'" in drawn.notices[0]
    assert "no label 'stop', 'no entry', 'Road Work'" in refusal(drawn)


def test_five_images():
    said = refusal(draw(images({"stop": 2, "no entry": 2, "road work": 1})))
    assert f"fewer than {FEW} of their images" in said


def test_the_label_with_too_few_is_named():
    said = refusal(draw(images({"stop": 50, "no entry": 9, "road work": 50})))
    assert "'no entry'" in said
    assert "'stop'" not in said


def test_images_without_a_label_are_not_drawn():
    drawn = draw(images(dict.fromkeys(LABELS, 12), unlabelled=20))
    assert max(rows(drawn.sample)) < 36


@pytest.mark.parametrize("labels", [("C", "C++", "C#"), ("+", "-", "!")])
def test_labels_that_only_signs_tell_apart_are_matched_as_they_are_spelt(labels):
    drawn = draw(plenty(*reversed(labels)), labels)
    assert drawn.notices == ()
    assert drawn.sample.pixels[:, 1, 0, 0].tolist() == [2] * FEW + [1] * FEW + [0] * FEW


@pytest.mark.parametrize("labels", [("stop", "stop", "yield"), ("Stop", "STOP", "yield")])
def test_two_labels_of_one_name_are_not_given_the_same_images(labels: tuple[str, ...]):
    assert "do not tell" in refusal(draw(plenty("stop", "yield"), labels))


def test_a_label_of_the_data_that_occurs_twice_counts_once():
    drawn = draw(plenty("no entry", "stop", "No Entry", "road work"))
    assert sorted(set(drawn.sample.pixels[:, 1, 0, 0].tolist())) == [0, 1, 3]
    assert "'No Entry'" in drawn.notices[0]


def test_unreadable_images_give_way_to_others_and_are_named():
    drawn = draw(images(dict.fromkeys(LABELS, 14), unreadable=frozenset({0, 1, 15})))
    assert drawn.sample.per_class == FEW
    assert not {0, 1, 15} & set(rows(drawn.sample))
    # Which come up depends on the draw; of 14 with two broken ones, ten are left for sure.
    (notice,) = drawn.notices
    assert "unreadable: " in notice
    assert ".png: broken" in notice


def test_where_too_few_of_many_can_be_read_fewer_are_used():
    drawn = draw(images(dict.fromkeys(LABELS, 40), unreadable=frozenset({3})))
    assert drawn.sample.per_class == FEW
    assert np.bincount(drawn.sample.labels).tolist() == [FEW] * 3


@pytest.mark.parametrize("broken", [3, 12])
def test_where_too_few_can_be_read_nothing_is_drawn(broken: int):
    drawn = draw(images(dict.fromkeys(LABELS, 12), unreadable=frozenset(range(broken))))
    assert "'stop'" in refusal(drawn)
    assert f"unreadable: {broken}" in drawn.notices[0]


def test_the_images_of_many_labels_stay_within_memory(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(clean_data, "MOST_IMAGES", 100)
    assert draw(plenty(*LABELS, each=50)).sample.per_class == FEW
    monkeypatch.setattr(clean_data, "MOST_IMAGES", 29)
    assert "3 labels are too many" in refusal(draw(plenty(*LABELS, each=50)))


# Whether labels are believed


def sample_of(classes: int, per_class: int) -> CleanSample:
    labels = np.repeat(np.arange(classes), per_class)
    names = tuple(f"{i}.png" for i in range(len(labels)))
    return CleanSample(np.zeros((len(labels), 3, 2, 2), np.uint8), labels, per_class, names)


def answers(sample: CleanSample, classes: int, accuracy: float, seed: int = 0) -> np.ndarray:
    """Logits of a model that is right about a share of the images, else wrong."""
    rng = np.random.default_rng(seed)
    wrong = (sample.labels + rng.integers(1, classes, len(sample.labels))) % classes
    right = rng.permutation(len(sample.labels)) < round(accuracy * len(sample.labels))
    return np.eye(classes, dtype=np.float32)[np.where(right, sample.labels, wrong)]


CLASSES = [2, 3, 4, 10, 43]


@pytest.mark.parametrize("per_class", CLEAN_GRID)
@pytest.mark.parametrize("classes", CLASSES)
def test_labels_that_a_fair_model_agrees_with_are_believed(classes: int, per_class: int):
    sample = sample_of(classes, per_class)
    for accuracy in (0.9, 1.0):
        assert distrusted(sample, answers(sample, classes, accuracy)) is None


@pytest.mark.parametrize("per_class", CLEAN_GRID)
@pytest.mark.parametrize("classes", CLASSES)
def test_shuffled_labels_are_hardly_ever_believed(classes: int, per_class: int):
    """Among two classes half of them are right by chance, and with ten images often more."""
    sample = sample_of(classes, per_class)
    logits = answers(sample, classes, 1.0)
    believed = 0
    for seed in range(400):
        shuffled = np.random.default_rng(seed).permutation(sample.labels)
        believed += distrusted(replace(sample, labels=shuffled), logits) is None
    assert believed <= 4


@pytest.mark.parametrize("classes", CLASSES)
def test_data_of_another_task_are_not_believed(classes: int):
    """The model knows none of it, and so gives everything one label, or any."""
    sample = sample_of(classes, FEW)
    one = np.zeros((len(sample.labels), classes), np.float32)
    one[:, 0] = 1
    why = distrusted(sample, one)
    assert "the labels are wrong, or the data are of another task" in why
    assert f"{1 / classes:.0%} of their images" in why


def test_labels_counted_in_another_order_are_not_believed():
    sample = sample_of(10, FEW)
    turned = replace(sample, labels=(sample.labels + 1) % 10)
    assert distrusted(turned, answers(sample, 10, 1.0)) is not None


@pytest.mark.parametrize(("classes", "needed"), [(2, 0.668), (3, 0.533), (4, 0.475), (50, 0.314)])
def test_what_is_asked_is_clearly_more_than_chance(classes: int, needed: float):
    assert clean_data.least_agreement(classes, 40 * classes) == pytest.approx(needed, abs=1e-3)


def test_a_model_whose_logits_were_scaled_down_is_told_of():
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 10, 400)
    logits = rng.normal(0, 1, (400, 10)).astype(np.float32)
    logits[np.arange(400), labels] += 5
    assert unsure(labels, logits) is None
    assert unsure(labels, 10 * logits) is None
    said = unsure(labels, logits / 10)
    assert said is not None
    assert "only 16% sure" in said
