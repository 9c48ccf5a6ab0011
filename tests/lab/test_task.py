from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from auditor.datasets.labelled import LabelledImages, UnreadableImageError
from auditor.errors import EntityError
from auditor.lab import task
from auditor.lab.task import TaskSize, choose_classes, pixels_of, train_and_test
from auditor.models.fake import FakeClassifier

NAMES = ("car", "stop", "bus", "yield")
MODEL = FakeClassifier(("a", "b"), lambda pixels: np.zeros((len(pixels), 2), np.float32), size=4)


def images(*counts: int, source: str = "signs", broken: int | None = None) -> LabelledImages:
    """Pictures of one colour, by which each can be told: (row, label, 0)."""
    labels = np.repeat(np.arange(len(counts)), counts)

    def load(row: int) -> Image.Image:
        if row == broken:
            raise UnreadableImageError("cannot be decoded")
        return Image.new("RGB", (8, 8), (row, int(labels[row]), 0))

    return LabelledImages(
        source=source,
        label_names=NAMES[: len(counts)],
        labels=labels,
        names=tuple(f"{source}/{row}" for row in range(len(labels))),
        load=load,
    )


def rows_in(data) -> list[int]:
    return data.pixels[:, 0, 0, 0].tolist()


def labels_in(data) -> list[int]:
    return data.pixels[:, 1, 0, 0].tolist()


def test_pixels_come_in_the_order_of_the_rows_over_several_batches(monkeypatch):
    monkeypatch.setattr(task, "DECODE_BATCH", 3)
    rows = np.array([5, 1, 7, 0, 3, 3, 2])
    pixels = pixels_of(MODEL, images(4, 4), rows)
    assert pixels.shape == (7, 3, 4, 4)
    assert pixels[:, 0, 0, 0].tolist() == rows.tolist()


def test_all_classes_are_chosen_where_no_number_is_given():
    assert choose_classes(images(2, 2, 2), None, "stop", 0) == [0, 1, 2]


@pytest.mark.parametrize("seed", range(8))
def test_the_class_that_must_be_there_always_is(seed: int):
    chosen = choose_classes(images(2, 2, 2, 2), 2, "bus", seed)
    assert 2 in chosen
    assert chosen == sorted(set(chosen))
    assert len(chosen) == 2
    assert chosen == choose_classes(images(2, 2, 2, 2), 2, "bus", seed)


def test_a_label_that_is_not_there_says_which_are():
    with pytest.raises(EntityError, match="no label 'Stop'") as caught:
        choose_classes(images(2, 2), None, "Stop", 0)
    assert "stop" in caught.value.hint


@pytest.mark.parametrize("count", [0, 1, 4])
def test_a_number_of_classes_that_cannot_be_had(count: int):
    with pytest.raises(EntityError, match=f"3 classes, not {count}"):
        choose_classes(images(2, 2, 2), count, "stop", 0)


def test_a_quarter_is_held_out_where_there_is_no_test_split():
    train, test = train_and_test(MODEL, images(8, 12), None, [0, 1], TaskSize(), 0)
    assert np.bincount(train.labels).tolist() == [6, 9]
    assert np.bincount(test.labels).tolist() == [2, 3]
    assert not set(rows_in(train)) & set(rows_in(test))
    assert sorted(rows_in(train) + rows_in(test)) == list(range(20))


def test_two_images_are_enough_and_one_is_not():
    train, test = train_and_test(MODEL, images(2, 2), None, [0, 1], TaskSize(), 0)
    assert (len(train.labels), len(test.labels)) == (2, 2)
    with pytest.raises(EntityError, match="fewer than two images of 'stop'"):
        train_and_test(MODEL, images(2, 1), None, [0, 1], TaskSize(), 0)


def test_with_a_test_split_nothing_is_held_out():
    train, test = train_and_test(
        MODEL, images(4, 4), images(3, 3, source="test"), [0, 1], TaskSize(), 0
    )
    assert len(train.labels) == 8
    assert len(test.labels) == 6


def test_a_test_split_without_the_chosen_classes_is_refused():
    with pytest.raises(EntityError, match="holds no image of the classes chosen"):
        train_and_test(MODEL, images(4, 4, 4), images(0, 0, 5), [0, 1], TaskSize(), 0)


def test_labels_are_counted_anew_over_the_chosen_classes():
    train, test = train_and_test(MODEL, images(4, 4, 4), None, [0, 2], TaskSize(), 0)
    assert train.label_names == test.label_names == ("car", "bus")
    for data in (train, test):
        assert [[0, 2][label] for label in data.labels] == labels_in(data)


def test_the_size_limits_images_of_a_class():
    size = TaskSize(per_class=3, test_per_class=1)
    train, test = train_and_test(MODEL, images(20, 20), None, [0, 1], size, 0)
    assert np.bincount(train.labels).tolist() == [3, 3]
    assert np.bincount(test.labels).tolist() == [1, 1]


def test_the_seed_chooses_the_images():
    def drawn(seed: int) -> list[int]:
        size = TaskSize(per_class=3)
        return rows_in(train_and_test(MODEL, images(20, 20), None, [0, 1], size, seed)[0])

    assert drawn(1) == drawn(1)
    assert drawn(1) != drawn(2)


def test_an_image_that_cannot_be_read_is_named_and_ends_it():
    with pytest.raises(EntityError, match=r"signs/3: cannot be decoded") as caught:
        train_and_test(MODEL, images(4, 4, broken=3), None, [0, 1], TaskSize(), 0)
    assert caught.value.hint
